/** Times are kept for so many of the last bytes: more than anything that is still undecided. */
const keptBytes = 8192;

interface Arrival {
  from: number;
  at: number;
  gapMs: number;
}

/** Remembers when the bytes of a stream arrived. Places count bytes since the start; holds a bounded tail. */
export class ByteTimes {
  #arrivals: Arrival[] = [];
  #total = 0;

  /** Bytes noted so far. */
  get total(): number {
    return this.#total;
  }

  /** `count` bytes arrived together. */
  note(count: number, at: number): void {
    if (count === 0) return;
    const last = this.#arrivals.at(-1);
    this.#arrivals.push({ from: this.#total, at, gapMs: last ? Math.max(0, at - last.at) : 0 });
    this.#total += count;
    const oldest = this.#total - keptBytes;
    const second = this.#arrivals[1];
    if (second && second.from <= oldest) this.#arrivals = this.#arrivals.filter(({ from }) => from > oldest);
  }

  /** When the byte at `place` arrived; for one no longer remembered, the oldest time known. */
  at(place: number): number {
    return this.#arrival(place)?.at ?? 0;
  }

  /** How long the line had given nothing before the byte at `place`: 0 inside of what arrived together. */
  gapBefore(place: number): number {
    const arrival = this.#arrival(place);
    return arrival?.from === place ? arrival.gapMs : 0;
  }

  /** Cuts `from`..`to` where bytes arrived more than `apartMs` after those before them. */
  split(from: number, to: number, apartMs: number): { from: number; to: number }[] {
    const cuts = this.#arrivals.filter((one) => one.from > from && one.from < to && one.gapMs > apartMs);
    const starts = [from, ...cuts.map((one) => one.from)];
    return starts.map((start, i) => ({ from: start, to: starts[i + 1] ?? to }));
  }

  #arrival(place: number): Arrival | undefined {
    const index = this.#arrivals.findLastIndex(({ from }) => from <= place);
    return this.#arrivals[Math.max(0, index)];
  }
}

import type { Clock } from "./clock.ts";

/** How the virtual clock lets pending promises settle before it moves on; hosts and tests pass `setImmediate`-like yields. */
export type Settle = () => Promise<void>;

interface Timer {
  at: number;
  order: number;
  fn: () => void;
}

/** A clock that jumps from timer to timer: minutes of line in milliseconds. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers: Timer[] = [];
  readonly #wallStart: number;
  readonly #settle: Settle;

  constructor(settle: Settle, wallStart = Date.UTC(2026, 0, 1)) {
    this.#settle = settle;
    this.#wallStart = wallStart;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wallStart + Math.floor(this.#now);
  }

  after(ms: number, fn: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    let index = this.#timers.length;
    while (index > 0 && later(this.#timers[index - 1] as Timer, timer)) index -= 1;
    this.#timers.splice(index, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Lets `ms` pass; timers fire in order, promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#settle();
    for (let next = this.#timers[0]; next && next.at <= end; next = this.#timers[0]) await this.#fire(next);
    this.#now = end;
    await this.#settle();
  }

  /** Lets time pass until `work` has settled, then gives its result. Throws when nothing is left to happen or `limitMs` is over. */
  async run<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    work.then(mark, mark);
    const end = this.#now + limitMs;
    await this.#settle();
    while (!settled) {
      const next = this.#timers[0];
      if (!next) throw new Error("virtual clock: the work waits for something that never happens");
      if (next.at > end) throw new Error(`virtual clock: not finished after ${String(limitMs)} ms of virtual time`);
      await this.#fire(next);
    }
    return work;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.shift();
    this.#now = Math.max(this.#now, timer.at);
    timer.fn();
    await this.#settle();
  }
}

function later(a: Timer, b: Timer): boolean {
  return a.at > b.at || (a.at === b.at && a.order > b.order);
}

import type { Clock } from "../lib/clock.ts";
import { concatBytes } from "../lib/bytes.ts";
import { fail } from "../lib/errors.ts";
import type { MemoryPort } from "../lib/port.ts";
import { freshCounters, type LaneCounters, type Noise } from "./line-noise.ts";

/** Rounding of times in ms: sums of byte times differ in their last digits. */
const tinyMs = 1e-6;
/** A UART reads bytes right up to about this difference of the rates. */
const rateTolerance = 0.03;

interface Burst {
  bytes: Uint8Array;
  startMs: number;
  byteMs: number;
  baud: number;
  /** Bytes that have arrived at the far end, or were lost on the way. */
  passed: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** What a lane is given by its line. */
export interface LaneOptions {
  clock: Clock;
  from: MemoryPort;
  to: MemoryPort;
  noise: Noise;
  /** Times in which the other end sends; null on a full-duplex line. */
  others: (() => readonly Interval[]) | null;
  /** How long the receiving adapter keeps bytes back, ms. */
  latencyMs: number;
  sliceMs: number;
  /** `write` resolves at once, as with adapters and pseudo-terminals whose drain tells nothing. */
  earlyDrain: boolean;
  soon: ((fn: () => void) => void) | undefined;
  isCut: () => boolean;
  onCut: () => void;
  onPass: (received: Uint8Array) => void;
}

/** A stretch of time in ms. */
export interface Interval {
  from: number;
  to: number;
}

/** One way of a line: bytes leave one after the other at the sender's rate and arrive no sooner than their last bit is out. */
export class Lane {
  counters: LaneCounters = freshCounters();
  /** Bytes that may still pass before the cable is cut; set by the line. */
  passUntilCut = Infinity;
  readonly #options: LaneOptions;
  readonly #bursts: Burst[] = [];
  #busy: Interval[] = [];
  #freeAt = 0;
  #wake: () => void = () => undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    options.from.onSend = (bytes) => this.#send(bytes);
    options.from.onClose(() => {
      this.#drop();
    });
  }

  /** When this end sends or sent lately. */
  get sending(): readonly Interval[] {
    return this.#busy;
  }

  /** Delivers what is due by now; called before anything about the line changes. */
  settle(): void {
    const received: Uint8Array[] = [];
    const now = this.#options.clock.now();
    let head = this.#bursts[0];
    while (head) {
      const due = Math.floor((now - head.startMs + tinyMs) / head.byteMs);
      const to = Math.min(head.bytes.length, due);
      if (to > head.passed) received.push(this.#pass(head, to));
      if (head.passed < head.bytes.length) break;
      this.#bursts.shift();
      head.resolve();
      head = this.#bursts[0];
    }
    this.#sleep();
    const bytes = concatBytes(...received);
    if (bytes.length > 0) this.#deliver(bytes);
  }

  /** Forgets what is unsent. */
  #drop(): void {
    this.#wake();
    const error = fail("link-lost", `The port ${this.#options.from.path} is closed.`);
    for (const burst of this.#bursts.splice(0)) burst.reject(error);
  }

  #send(bytes: Uint8Array): Promise<void> {
    const { clock, from, earlyDrain } = this.#options;
    if (bytes.length === 0) return Promise.resolve();
    const byteMs = 10_000 / from.baud;
    const startMs = Math.max(clock.now(), this.#freeAt);
    const endMs = startMs + bytes.length * byteMs;
    this.#note(startMs, endMs);
    this.#freeAt = endMs;
    this.counters.sentBytes += bytes.length;
    const out = new Promise<void>((resolve, reject) => {
      this.#bursts.push({ bytes, startMs, byteMs, baud: from.baud, passed: 0, resolve, reject });
    });
    if (this.#bursts.length === 1) this.#sleep();
    if (!earlyDrain) return out;
    out.catch(() => undefined);
    return Promise.resolve();
  }

  #note(from: number, to: number): void {
    const last = this.#busy.at(-1);
    if (last && from - last.to < tinyMs) last.to = to;
    else this.#busy = [...this.#busy.slice(-15), { from, to }];
  }

  /** Waits for the next slice's end, never for less than one byte. */
  #sleep(): void {
    this.#wake();
    const head = this.#bursts[0];
    if (!head) return;
    const slice = Math.max(1, Math.floor(this.#options.sliceMs / head.byteMs));
    const due = head.startMs + Math.min(head.bytes.length, head.passed + slice) * head.byteMs;
    this.#wake = this.#at(due);
  }

  #at(dueMs: number): () => void {
    const { clock, soon } = this.#options;
    const wait = dueMs - clock.now();
    if (!soon) return this.#after(wait);
    if (wait > 2) return this.#after(wait - 1.5);
    let off = false;
    const look = (): void => {
      if (off) return;
      if (clock.now() + tinyMs >= dueMs) this.settle();
      else soon(look);
    };
    soon(look);
    return () => {
      off = true;
    };
  }

  #after(wait: number): () => void {
    return this.#options.clock.after(wait, () => {
      this.settle();
    });
  }

  /** Moves the burst on to byte `to` and gives what of it arrives. */
  #pass(burst: Burst, to: number): Uint8Array {
    const start = burst.passed;
    burst.passed = to;
    if (this.#options.isCut()) return this.#cut(to - start);
    const cutAt = Math.min(to, start + this.passUntilCut);
    const arrived = cutAt > start ? this.#arrive(burst, start, cutAt) : new Uint8Array(0);
    this.passUntilCut -= cutAt - start;
    if (this.passUntilCut > 0) return arrived;
    this.passUntilCut = Infinity;
    this.#options.onCut();
    this.#cut(to - cutAt);
    return arrived;
  }

  #cut(count: number): Uint8Array {
    this.counters.cutBytes += count;
    return new Uint8Array(0);
  }

  #arrive(burst: Burst, start: number, to: number): Uint8Array {
    const { from, to: receiver, noise } = this.#options;
    const bytes = this.#collide(burst, start, to);
    const ratio = receiver.baud / burst.baud;
    // A sender that changes its rate too early spoils what it has not sent yet.
    if (Math.abs(ratio - 1) <= rateTolerance && from.baud === burst.baud) return noise.apply(bytes, this.counters);
    this.counters.garbledBytes += bytes.length;
    return noise.garble(bytes.length, ratio);
  }

  /** On a half-duplex line bytes that overlap with the other end's are damaged. */
  #collide(burst: Burst, start: number, to: number): Uint8Array {
    const bytes = burst.bytes.slice(start, to);
    const others = this.#options.others?.() ?? [];
    const hit = (first: number, last: number): boolean =>
      others.some(({ from, to: end }) => from < last - tinyMs && end > first + tinyMs);
    const at = (index: number): number => burst.startMs + index * burst.byteMs;
    if (!hit(at(start), at(to))) return bytes;
    for (let i = 0; i < bytes.length; i++) {
      if (!hit(at(start + i), at(start + i + 1))) continue;
      bytes.set(this.#options.noise.garble(1, 1), i);
      this.counters.collidedBytes += 1;
    }
    return bytes;
  }

  #deliver(bytes: Uint8Array): void {
    const { clock, to, latencyMs, onPass } = this.#options;
    this.counters.deliveredBytes += bytes.length;
    onPass(bytes);
    if (latencyMs <= 0) to.deliver(bytes);
    else
      clock.after(latencyMs, () => {
        to.deliver(bytes);
      });
  }
}

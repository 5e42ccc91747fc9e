import type { Clock } from "../lib/clock.ts";
import { Listeners } from "../lib/listeners.ts";
import { MemoryPort } from "../lib/port.ts";
import { Lane, type Interval } from "./line-lane.ts";
import { Noise, type LaneCounters, type LineFaults } from "./line-noise.ts";
import { seededRandom } from "./prng.ts";

export type { LaneCounters, LineFaults } from "./line-noise.ts";

/** One end of a line. */
export type LineEnd = "a" | "b";

/** Bytes that passed one end of the cable, as they arrive at the other: after noise, before its adapter's latency. */
export interface LinePass {
  from: LineEnd;
  atMs: number;
  bytes: Uint8Array;
}

/** What a line is made of. */
export interface LineOptions {
  clock: Clock;
  /** Of both ends at the start; `setBaud` of a port changes its end. Default 9600. */
  baud?: number;
  paths?: { a: string; b: string };
  /** Same seed, same noise. Default 1. */
  seed?: number;
  faults?: Partial<LineFaults>;
  /** How long each end's adapter keeps received bytes back, ms. Default 0. */
  latencyMs?: Partial<Record<LineEnd, number>>;
  /** Simultaneous sending damages both. Default true, as on RS485. */
  halfDuplex?: boolean;
  /** `write` resolves at once instead of after the last bit. Default false. */
  earlyDrain?: boolean;
  /** Bytes arrive in portions of this much line time, the last one of a write on its own time. Default 5 ms. */
  sliceMs?: number;
  /** In real time: `setImmediate`, for waits that a timer of 1 ms would miss. Leave out with a virtual clock. */
  soon?: (fn: () => void) => void;
}

/** Two ports joined by a simulated RS485 line. */
export interface Line {
  a: MemoryPort;
  b: MemoryPort;
  /** Pulls the cable (bytes vanish, both ports stay open) or joins it again. */
  cut(pulled: boolean): void;
  /** Pulls the cable once `bytes` more bytes sent by `from` have passed. */
  cutAfter(from: LineEnd, bytes: number): void;
  isCut(): boolean;
  /** Changes the noise for what passes from now on. */
  setFaults(faults: Partial<LineFaults>): void;
  /** Counters by sending end. */
  counters(): Record<LineEnd, LaneCounters>;
  /** Hears everything that passes. Returns the way to leave. */
  tap(listener: (pass: LinePass) => void): () => void;
  close(): Promise<void>;
}

/**
 * Joins two ports with the manners of an RS485 line: 10 bits a byte at the sender's rate and no byte before its last bit is
 * out, rubbish for a receiver at another rate, bit errors and lost bytes by rate, latency, collisions, a cable to pull.
 * Time is the clock's: real, or virtual for minutes of line in milliseconds.
 */
export function createLine(options: LineOptions): Line {
  const { clock, baud = 9600, paths = { a: "line-a", b: "line-b" }, seed = 1, halfDuplex = true } = options;
  const random = seededRandom(seed);
  const ports = { a: new MemoryPort(paths.a, baud), b: new MemoryPort(paths.b, baud) };
  const noise = { a: new Noise(random), b: new Noise(random) };
  const taps = new Listeners<[LinePass]>();
  let faults: LineFaults = { bitErrorRate: 0, byteLossRate: 0 };
  let pulled = false;

  const lane = (from: LineEnd, to: LineEnd, others: () => readonly Interval[]): Lane =>
    new Lane({
      clock,
      from: ports[from],
      to: ports[to],
      noise: noise[from],
      others: halfDuplex ? others : null,
      latencyMs: options.latencyMs?.[to] ?? 0,
      sliceMs: options.sliceMs ?? 5,
      earlyDrain: options.earlyDrain ?? false,
      soon: options.soon,
      isCut: () => pulled,
      onCut: () => {
        pulled = true;
      },
      onPass: (bytes) => {
        taps.emit({ from, atMs: clock.now(), bytes });
      },
    });
  const lanes: Record<LineEnd, Lane> = {
    a: lane("a", "b", () => lanes.b.sending),
    b: lane("b", "a", () => lanes.a.sending),
  };
  const setFaults = (change: Partial<LineFaults>): void => {
    settle(lanes);
    faults = { ...faults, ...change };
    noise.a.set(faults);
    noise.b.set(faults);
  };
  setFaults(options.faults ?? {});

  return {
    ...ports,
    cut: (pull) => {
      settle(lanes);
      pulled = pull;
    },
    cutAfter: (from, bytes) => {
      settle(lanes);
      lanes[from].passUntilCut = bytes;
    },
    isCut: () => pulled,
    setFaults,
    counters: () => ({ a: { ...lanes.a.counters }, b: { ...lanes.b.counters } }),
    tap: (listener) => taps.add(listener),
    close: async () => {
      await Promise.all([ports.a.close(), ports.b.close()]);
    },
  };
}

function settle(lanes: Record<LineEnd, Lane>): void {
  lanes.a.settle();
  lanes.b.settle();
}

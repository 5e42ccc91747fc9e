import { fail } from "./errors.ts";

/** Where time comes from. The real one for use, a virtual one for tests. All times in milliseconds. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start; fractions allowed. */
  now(): number;
  /** Wall-clock time for records, as milliseconds since 1970. */
  wallTime(): number;
  /** Calls `fn` once after `ms`. Returns the way to call it off. */
  after(ms: number, fn: () => void): () => void;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Waits `ms`. Rejects with `cancelled` when the signal fires first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled());
      return;
    }
    const onAbort = (): void => {
      callOff();
      reject(cancelled());
    };
    const callOff = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Throws `cancelled` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

function cancelled(): Error {
  return fail("cancelled", "Stopped on request.");
}

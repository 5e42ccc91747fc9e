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

/** Node's timers have a floor of 1 ms and round up; shorter waits than this are met by looking again and again. */
const fineMs = 2;

/** The machine's own time. Waits under 2 ms are kept to the point, which a line at 38400 bit/s and above needs. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: (ms, fn) => (ms < fineMs ? afterFine(ms, fn) : afterCoarse(ms, fn)),
};

function afterCoarse(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms);
  return () => {
    clearTimeout(timer);
  };
}

function afterFine(ms: number, fn: () => void): () => void {
  const due = performance.now() + ms;
  let next = setImmediate(look);
  function look(): void {
    if (performance.now() >= due) fn();
    else next = setImmediate(look);
  }
  return () => {
    clearImmediate(next);
  };
}

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

import type { Clock } from "../lib/clock.ts";
import { sleep, throwIfAborted } from "../lib/clock.ts";
import { fail } from "../lib/errors.ts";
import { Mutex } from "../lib/mutex.ts";

/**
 * The one way to a unit: its web server is in effect single-threaded, so one operation at a time, and a pause between
 * two requests.
 */
export interface Gate {
  /** Runs `work` after all earlier operations. Aborted while waiting: `cancelled` at once, and `work` never starts. */
  operation<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** One request inside an operation, not sooner than the gap after the end of the last one. */
  paced<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** A gate with `gapMs` between the end of a request and the start of the next. */
export function createGate(clock: Clock, gapMs: number): Gate {
  const mutex = new Mutex();
  let lastEnd = Number.NEGATIVE_INFINITY;
  return {
    operation: (work, signal) =>
      new Promise((resolve, reject) => {
        let started = false;
        const onAbort = (): void => {
          if (!started) reject(fail("cancelled", "Stopped on request."));
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        mutex
          .run(() => {
            throwIfAborted(signal);
            started = true;
            return work();
          })
          .then(resolve, reject)
          .finally(() => signal?.removeEventListener("abort", onAbort));
      }),
    paced: async (request, signal) => {
      const waitMs = lastEnd + gapMs - clock.now();
      if (waitMs > 0) await sleep(clock, waitMs, signal);
      throwIfAborted(signal);
      try {
        return await request();
      } finally {
        lastEnd = clock.now();
      }
    },
  };
}

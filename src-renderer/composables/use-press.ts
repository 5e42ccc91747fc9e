import type { Ref } from "vue";
import { ref, shallowRef } from "vue";
import type { ToolkitError } from "../../src-main/lib/errors.ts";
import { toToolkitError } from "../../src-main/lib/errors.ts";
import { onceId } from "../api.ts";

/** One button's work: `busy` while it runs, `error` when it failed. */
export interface Press<A extends readonly unknown[]> {
  busy: Ref<boolean>;
  error: Ref<ToolkitError | null>;
  /** Does the work unless it is being done already: a double click is one press with one id. */
  run(...args: A): Promise<void>;
}

/** Wraps what a button does. `work` gets a one-time id made at the press, then the arguments of `run`. */
export function usePress<A extends readonly unknown[] = []>(
  work: (onceId: string, ...args: A) => Promise<unknown>,
): Press<A> {
  const busy = ref(false);
  const error = shallowRef<ToolkitError | null>(null);
  const run = async (...args: A): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      await work(onceId(), ...args);
    } catch (thrown) {
      error.value = toToolkitError(thrown);
    } finally {
      busy.value = false;
    }
  };
  return { busy, error, run };
}

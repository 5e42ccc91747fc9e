import type { Ref } from "vue";
import { onScopeDispose, ref } from "vue";

/** The present time in ms since 1970, renewed every `everyMs` while the component lives. */
export function useNow(everyMs = 1000): Readonly<Ref<number>> {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), everyMs);
  onScopeDispose(() => clearInterval(timer));
  return now;
}

import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";
import type { CallInput } from "../../src-main/api/contract.ts";
import { pageId, useApi } from "../api.ts";
import { usePress } from "../composables/use-press.ts";
import type { PhoneState, RelayName } from "../types.ts";
import { useJobs } from "./jobs.ts";

/** Topic `phone`: the door phone the page works with. */
export const usePhone = defineStore("phone", () => {
  const api = useApi();
  const jobs = useJobs();
  const state = shallowRef<PhoneState>();
  const ready = computed(() => state.value?.state === "ready");
  const settings = computed(() => state.value?.settings ?? null);
  const read = usePress(async () => {
    await jobs.finished((await api.call("phone.read", {})).jobId);
  });
  /** Connects and reads the relay settings. */
  const connect = usePress(async (_id, input: CallInput<"phone.connect">) => {
    await jobs.finished((await api.call("phone.connect", input)).jobId);
    if (settings.value === null) await read.run();
  });
  const disconnect = () => api.call("phone.disconnect", {});
  const known = async () => (await api.call("phone.known", {})).phones;
  const review = (changes: Record<string, string>) => api.call("phone.review", { changes });
  const write = (changes: Record<string, string>, confirmed: string[], id: string) =>
    api.call("phone.write", { onceId: id, changes, confirmed });
  const undo = (id: string) => api.call("phone.undo", { onceId: id });
  const trigger = (relay: RelayName, id: string, seconds?: number) =>
    api.call("phone.trigger", {
      onceId: id,
      pageId: pageId(),
      relay,
      ...(seconds === undefined ? {} : { seconds }),
    });
  return { state, ready, settings, connect, read, disconnect, known, review, write, undo, trigger };
});

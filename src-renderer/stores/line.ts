import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";
import type { CallInput } from "../../src-main/api/contract.ts";
import { onceId, pageId, useApi } from "../api.ts";
import { usePress } from "../composables/use-press.ts";
import type { LineState } from "../types.ts";
import { useJobs } from "./jobs.ts";

/** Topic `line`: the one RS485 line and the SR01 on it. */
export const useLine = defineStore("line", () => {
  const api = useApi();
  const jobs = useJobs();
  const state = shallowRef<LineState>();
  /** Open, or given back while idle: then the next job opens it again by itself, listening first. */
  const isOpen = computed(() => {
    const now = state.value;
    if (now === undefined || now.path === null || now.error !== null) return false;
    return now.state === "open" || (now.state !== "stopped" && now.identity !== null);
  });
  const identity = computed(() => state.value?.identity ?? null);
  const status = computed(() => state.value?.status ?? null);
  const identify = usePress(async () => {
    await jobs.finished((await api.call("sr01.identify", {})).jobId);
  });
  /** Opens the line and, unless the phone is in charge of it, asks the SR01 who it is. */
  const open = usePress(async (_id, input: CallInput<"line.open">) => {
    await jobs.finished((await api.call("line.open", input)).jobId);
    if (input.mode !== "listening") await identify.run();
  });
  const close = () => api.call("line.close", {});
  const watch = (on: boolean) => api.call("sr01.watch", { on });
  const pulse = (output: number, seconds: number, id: string) =>
    api.call("sr01.pulse", { onceId: id, pageId: pageId(), output, seconds });
  const off = (output: number) => api.call("sr01.off", { onceId: onceId(), output });
  return { state, isOpen, identity, status, open, identify, close, watch, pulse, off };
});

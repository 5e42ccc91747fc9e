import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";
import type { TopicState } from "../../src-main/api/contract.ts";
import { useApi } from "../api.ts";

/** Topic `adapters`: the serial ports of this machine, likely RS485 adapters first. */
export const useAdapters = defineStore("adapters", () => {
  const api = useApi();
  const state = shallowRef<TopicState<"adapters">>();
  const ports = computed(() => [...(state.value?.ports ?? [])].sort((a, b) => Number(b.likely) - Number(a.likely)));
  const refresh = async (): Promise<void> => {
    state.value = await api.call("ports.refresh", {});
  };
  const label = async (key: string, words: string): Promise<void> => {
    state.value = await api.call("ports.label", { key, label: words });
  };
  return { state, ports, refresh, label };
});

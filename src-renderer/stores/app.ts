import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";
import { useApi } from "../api.ts";
import type { AppState } from "../types.ts";

/** Topic `app`: which host, Training or real, which door, what an earlier run left. */
export const useApp = defineStore("app", () => {
  const api = useApi();
  const state = shallowRef<AppState>();
  const training = computed(() => state.value?.training ?? false);
  const bench = computed(() => state.value?.trainingBench ?? null);
  const doorName = computed(() => state.value?.door?.door ?? "");
  const openWork = computed(() => state.value?.openWork ?? []);
  const setDoor = (site: string, door: string) => api.call("app.setDoor", { site, door });
  const enterTraining = () => api.call("training.enter", {});
  const leaveTraining = () => api.call("training.leave", {});
  const dismiss = (id: string) => api.call("jobs.dismiss", { id });
  return { state, training, bench, doorName, openWork, setDoor, enterTraining, leaveTraining, dismiss };
});

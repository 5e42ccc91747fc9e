import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";
import type { TopicState } from "../../src-main/api/contract.ts";
import { pageId, useApi } from "../api.ts";
import type { HandBackStep } from "../types.ts";

/** Topic `safety`: doors that may be open, the door to hand back, who may trigger until when. */
export const useSafety = defineStore("safety", () => {
  const api = useApi();
  const state = shallowRef<TopicState<"safety">>();
  const mayBeOpen = computed(() => state.value?.mayBeOpen ?? []);
  const handBack = computed(() => state.value?.handBack ?? null);
  const armed = computed(() => state.value?.armed ?? null);
  const armedHere = computed(() => armed.value?.pageId === pageId());
  const seenShut = (id: string) => api.call("safety.seenShut", { id });
  const tickHandBack = (step: HandBackStep) => api.call("safety.handBack", { step });
  const arm = () => api.call("trigger.arm", { pageId: pageId() });
  const disarm = () => api.call("trigger.disarm", { pageId: pageId() });
  return { state, mayBeOpen, handBack, armed, armedHere, seenShut, tickHandBack, arm, disarm };
});

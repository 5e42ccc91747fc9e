import { defineStore } from "pinia";
import { shallowRef } from "vue";
import type { CallInput, TopicState } from "../../src-main/api/contract.ts";
import { useApi } from "../api.ts";

/** Topic `training`: the simulated bench; null outside Training, undefined before it was heard of. */
export const useTraining = defineStore("training", () => {
  const api = useApi();
  const state = shallowRef<TopicState<"training">>();
  const set = (part: CallInput<"training.set">) => api.call("training.set", part);
  const makeImage = (spoil?: CallInput<"training.image">["spoil"]) =>
    api.call("training.image", spoil === undefined ? {} : { spoil });
  return { state, set, makeImage };
});

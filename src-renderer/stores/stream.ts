import { defineStore } from "pinia";
import { computed, ref } from "vue";
import type { TopicName, TopicState } from "../../src-main/api/contract.ts";
import { useApi } from "../api.ts";
import type { StreamState } from "../event-stream.ts";
import { useAdapters } from "./adapters.ts";
import { useApp } from "./app.ts";
import { useJobs } from "./jobs.ts";
import { useLine } from "./line.ts";
import { usePhone } from "./phone.ts";
import { useSafety } from "./safety.ts";
import { useTraining } from "./training.ts";

/** The one event stream of this page: it feeds every topic's store with whole states. */
export const useStream = defineStore("stream", () => {
  const api = useApi();
  const state = ref<StreamState>("connecting");
  const stores: { [T in TopicName]: { state: TopicState<T> | undefined } } = {
    app: useApp(),
    adapters: useAdapters(),
    line: useLine(),
    phone: usePhone(),
    jobs: useJobs(),
    safety: useSafety(),
    training: useTraining(),
  };
  /** Every topic was heard of at least once: views may be shown, and judge by what is missing. */
  const ready = computed(() => Object.values(stores).every((store) => store.state !== undefined));
  let running: AbortController | undefined;

  const onTopic = <T extends TopicName>(topic: T, next: TopicState<T>): void => {
    stores[topic].state = next;
  };
  /** Starts listening; a second start replaces the first. `takeOver` takes another page's place. */
  const start = (takeOver = false): void => {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const onState = (next: StreamState): void => {
      if (!signal.aborted) state.value = next;
    };
    void api.events({ onTopic, onState }, signal, takeOver);
  };
  const stop = (): void => running?.abort();
  return { state, ready, start, stop, onTopic };
});

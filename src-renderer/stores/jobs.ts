import { defineStore } from "pinia";
import { computed, shallowRef, watch } from "vue";
import type { TopicState } from "../../src-main/api/contract.ts";
import { errorFromShape, fail } from "../../src-main/lib/errors.ts";
import { useApi } from "../api.ts";
import type { JobKind, JobSnapshot } from "../types.ts";

/** Long enough for any job but a flash, which is followed by its snapshots instead. */
const budgetMs = 180_000;

/** Topic `jobs`: running ones and the last ended ones, newest first. */
export const useJobs = defineStore("jobs", () => {
  const api = useApi();
  const state = shallowRef<TopicState<"jobs">>();
  const all = computed(() => state.value?.jobs ?? []);
  const byId = (id: string | null): JobSnapshot | undefined => all.value.find((job) => job.id === id);
  const running = (kind: JobKind): JobSnapshot | undefined =>
    all.value.find((job) => job.kind === kind && job.state === "running");
  const cancel = (id: string) => api.call("jobs.cancel", { id });
  const history = async (limit: number) => (await api.call("jobs.history", { limit })).jobs;
  /** One job as the main side has it now, also when the topic no longer lists it. */
  const get = (id: string) => api.call("jobs.get", { id });
  /** Waits for the end of a job. Resolves with its last snapshot; throws its error when it failed or was stopped. */
  const finished = async (id: string): Promise<JobSnapshot> => {
    const job = await ended(() => byId(id));
    if (job.state === "done") return job;
    throw job.error === null ? fail("cancelled", "Stopped on request.") : errorFromShape(job.error);
  };
  return { state, all, byId, running, cancel, history, get, finished };
});

function ended(find: () => JobSnapshot | undefined): Promise<JobSnapshot> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      reject(fail("device-timeout", "The job did not end in time. It may still be running."));
    }, budgetMs);
    const stop = watch(
      find,
      (job) => {
        if (job === undefined || job.state === "running") return;
        clearTimeout(timer);
        queueMicrotask(() => stop());
        resolve(job);
      },
      { immediate: true, flush: "sync" },
    );
  });
}

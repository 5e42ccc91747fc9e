import type { Ref } from "vue";
import { computed, shallowRef, watch } from "vue";
import { useJobs } from "../stores/jobs.ts";
import type { JobSnapshot } from "../types.ts";

/** Follows one job by its id: from the topic, or asked for once when the topic no longer lists it (after a reload). */
export function useFollow(id: () => string | null): Ref<JobSnapshot | undefined> {
  const jobs = useJobs();
  const asked = shallowRef<JobSnapshot>();
  watch(
    () => [id(), jobs.state !== undefined] as const,
    async ([wanted, known]) => {
      if (wanted === null || !known || jobs.byId(wanted) !== undefined) return;
      try {
        asked.value = await jobs.get(wanted);
      } catch {
        asked.value = undefined; // Gone: the view shows its start again.
      }
    },
    { immediate: true },
  );
  return computed(() => {
    const wanted = id();
    if (wanted === null) return undefined;
    return jobs.byId(wanted) ?? (asked.value?.id === wanted ? asked.value : undefined);
  });
}

import type { Ref } from "vue";
import { shallowRef, watch } from "vue";
import { useI18n } from "vue-i18n";
import { useJobs } from "../stores/jobs.ts";
import { useLine } from "../stores/line.ts";
import { usePhone } from "../stores/phone.ts";
import type { JobSnapshot } from "../types.ts";

/** One thing that was seen, with the moment this page learnt of it (ms since 1970). */
export interface Happening {
  key: number;
  at: number;
  words: string;
  kind: "asked" | "seen" | "failed";
}

const keepAtMost = 100;

/** What happened at the door since the view was opened, newest first: changes of state, and the ends of what was asked for. */
export function useHappenings(): Readonly<Ref<readonly Happening[]>> {
  const { t } = useI18n();
  const list = shallowRef<readonly Happening[]>([]);
  let count = 0;
  const add = (kind: Happening["kind"], words: string): void => {
    list.value = [{ key: count++, at: Date.now(), words, kind }, ...list.value].slice(0, keepAtMost);
  };
  const line = useLine();
  const phone = usePhone();
  eachChange(
    () => line.status?.outputs.map(String),
    (i, now) => add("seen", t(now === "1" ? "live.outputOn" : "live.outputOff", { n: i })),
  );
  eachChange(
    () => line.status?.inputs.map(String),
    (i, now) => add("seen", t("live.inputIs", { n: i, state: t(`sr01.input.${now}`) })),
  );
  watch(
    () => line.status?.tamper,
    (now, before) => {
      if (now !== undefined && before !== undefined) add("seen", t(now ? "live.tamperOn" : "live.tamperOff"));
    },
  );
  watch(
    () => phone.state?.status?.relays,
    (now, before) => {
      if (now === undefined || before === undefined) return;
      for (const [letter, state] of Object.entries(now)) {
        if (before[letter] !== state)
          add("seen", t(state === 1 ? "live.relayHigh" : "live.relayLow", { relay: letter }));
      }
    },
  );
  watchEnds(useJobs(), (job) => {
    if (job.kind !== "phone.trigger" && job.kind !== "sr01.output") return;
    if (job.state === "done") add("asked", jobWords(job, t));
    else add("failed", job.error?.message ?? t("job.stopped"));
  });
  return list;
}

function eachChange(of: () => readonly string[] | undefined, tell: (index: number, now: string) => void): void {
  watch(of, (now, before) => {
    if (now === undefined || before === undefined) return;
    now.forEach((state, i) => {
      if (before[i] !== state) tell(i, state);
    });
  });
}

/** Tells every job that ends from now on, once. */
function watchEnds(jobs: ReturnType<typeof useJobs>, tell: (job: JobSnapshot) => void): void {
  const told = new Set(jobs.all.filter((job) => job.state !== "running").map((job) => job.id));
  watch(
    () => jobs.all,
    (all) => {
      for (const job of all) {
        if (job.state === "running" || told.has(job.id)) continue;
        told.add(job.id);
        tell(job);
      }
    },
  );
}

function jobWords(job: JobSnapshot, t: (key: string, named: Record<string, unknown>) => string): string {
  switch (job.result?.type) {
    case "trigger":
      return t(job.result.accepted ? "live.accepted" : "live.notAccepted", {
        relay: t(`relay.${job.result.relay}`, {}),
      });
    case "output":
      return t("live.outputDone", { n: job.result.output, state: job.result.outputs[job.result.output] ?? "–" });
    default:
      return t("live.jobDone", {});
  }
}

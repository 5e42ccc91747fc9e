import type { Ref } from "vue";
import { storeToRefs } from "pinia";
import { computed, shallowRef, watch } from "vue";
import { useI18n } from "vue-i18n";
import { useJobs } from "../stores/jobs.ts";
import { useLine } from "../stores/line.ts";
import { usePhone } from "../stores/phone.ts";
import type { JobSnapshot } from "../types.ts";
import { useErrorWords } from "./use-error-words.ts";

/** One thing that was seen, with the moment this page learnt of it (ms since 1970). */
export interface Happening {
  key: number;
  at: number;
  words: string;
  kind: "asked" | "done" | "seen" | "failed";
}

const keepAtMost = 100;

/** What happened at the door since the view was opened, newest first: what was asked for, changes of state, ends. */
export function useHappenings(): Readonly<Ref<readonly Happening[]>> {
  const { t } = useI18n();
  const list = shallowRef<readonly Happening[]>([]);
  const errorWords = useErrorWords();
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
  const { state: jobs } = storeToRefs(useJobs());
  const moves = computed(() => (jobs.value?.jobs ?? []).filter(movesSomething));
  watchBegins(moves, (job) => add("asked", askedWords(job, t)));
  watchEnds(moves, (job) => {
    if (job.state === "done") add("done", jobWords(job, t));
    else add("failed", job.error === null ? t("job.stopped") : errorWords(job.error));
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

/** Tells every job that begins from now on, once. */
function watchBegins(jobs: Ref<JobSnapshot[]>, tell: (job: JobSnapshot) => void): void {
  tellOnce(jobs, () => true, tell);
}

/** Tells every job that ends from now on, once. */
function watchEnds(jobs: Ref<JobSnapshot[]>, tell: (job: JobSnapshot) => void): void {
  tellOnce(jobs, (job) => job.state !== "running", tell);
}

function tellOnce(jobs: Ref<JobSnapshot[]>, fits: (job: JobSnapshot) => boolean, tell: (job: JobSnapshot) => void) {
  const told = new Set(jobs.value.filter(fits).map((job) => job.id));
  watch(jobs, (all) => {
    for (const job of all) {
      if (!fits(job) || told.has(job.id)) continue;
      told.add(job.id);
      tell(job);
    }
  });
}

function movesSomething(job: JobSnapshot): boolean {
  return job.kind === "phone.trigger" || job.kind === "sr01.output";
}

type Translate = (key: string, named: Record<string, unknown>) => string;

function askedWords(job: JobSnapshot, t: Translate): string {
  const { relay, output, seconds } = job.about;
  if (job.kind === "phone.trigger") return t("live.askedPhone", { relay: t(`relay.${relay ?? "A"}`, {}) });
  return t("live.askedSr01", { n: output ?? "–", seconds: seconds ?? "–" });
}

function jobWords(job: JobSnapshot, t: Translate): string {
  if (job.result?.type === "trigger") {
    const relay = t(`relay.${job.result.relay}`, {});
    return t(job.result.accepted ? "live.accepted" : "live.notAccepted", { relay });
  }
  return job.result?.type === "output" ? t("live.outputDone", { n: job.result.output }) : t("job.done", {});
}

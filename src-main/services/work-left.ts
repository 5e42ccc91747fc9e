import { dismissJob, openJobs } from "../records/jobs.ts";
import type { AppState } from "./model/app.ts";
import { jobKindSchema } from "./model/job.ts";
import type { Seams } from "./seams.ts";

/** Jobs that an earlier run left unfinished. Only told; nothing is sent and nothing starts by itself. */
export function workLeft(
  seams: Pick<Seams, "store" | "owner">,
  stillRuns: (owner: string) => boolean,
): AppState["openWork"] {
  return openJobs(seams.store, (owner) => owner === seams.owner || stillRuns(owner)).flatMap((job) => {
    const kind = jobKindSchema.safeParse(job.kind);
    if (!kind.success) return [];
    const { id, startedAt, sentBytes, totalBytes } = job;
    return [{ id, kind: kind.data, about: { ...job.about }, lastPhase: job.phase, sentBytes, totalBytes, startedAt }];
  });
}

/** A person read that this was left unfinished. */
export function dismissWork(seams: Pick<Seams, "store" | "clock">, id: string): void {
  dismissJob(seams.store, id, new Date(seams.clock.wallTime()).toISOString());
}

import { jobHistory } from "../records/jobs.ts";
import { jobKindSchema, jobResultSchema, type Jobs, type JobSnapshot } from "./model/job.ts";
import type { Seams } from "./seams.ts";

/** Kept jobs as snapshots. A record that an older program wrote in another form keeps its facts and loses its result. */
export function keptJobs({ store }: Pick<Seams, "store">, limit: number): Jobs {
  const jobs = jobHistory(store, limit).flatMap((record): JobSnapshot[] => {
    const kind = jobKindSchema.safeParse(record.kind);
    if (!kind.success) return [];
    const { id, state, about, startedAt, endedAt, error, phase, sentBytes, totalBytes } = record;
    const bytes = { ...(sentBytes === null ? {} : { sentBytes }), ...(totalBytes === null ? {} : { totalBytes }) };
    const progress = phase === null ? null : { phase, ...bytes };
    const result = jobResultSchema.safeParse(record.result).data ?? null;
    return [
      {
        id,
        kind: kind.data,
        state,
        about: { ...about },
        startedAt,
        endedAt,
        error,
        progress,
        result,
        cancellable: false,
      },
    ];
  });
  return { jobs };
}

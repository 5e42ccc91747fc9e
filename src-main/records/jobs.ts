import type { ErrorShape } from "../lib/errors.ts";
import { redact } from "../lib/log.ts";
import { json, numberOrNull, text, textOrNull, toJson } from "./columns.ts";
import type { SqlRow, Store } from "./store.ts";

/** How far a job is, as kept: the last phase and byte figures where bytes are sent. */
export interface JobProgressRecord {
  phase: string | null;
  sentBytes: number | null;
  totalBytes: number | null;
}

/** How a job ended. `result` is the caller's own JSON value. */
export interface JobEndRecord {
  state: "done" | "failed" | "cancelled";
  endedAt: string;
  result: unknown;
  error: ErrorShape | null;
}

/** A job as it starts. `owner` names the running program (e.g. its process), so that living work is told from left work. */
export interface JobStartRecord {
  id: string;
  kind: string;
  /** Plain facts to show beside the job; kept redacted. */
  about: Readonly<Record<string, string>>;
  owner: string;
  startedAt: string;
}

/** A kept job, whole. Times are ISO 8601 in UTC. */
export interface JobRecord extends JobStartRecord, JobProgressRecord {
  state: "running" | JobEndRecord["state"];
  endedAt: string | null;
  result: unknown;
  error: ErrorShape | null;
}

/** Writes down that a job starts; on the disk when it returns. */
export function startJob(store: Store, job: JobStartRecord): void {
  store.durable(() => {
    store.run(
      "INSERT INTO jobs (id, kind, state, about, owner, started_at) VALUES (?, ?, 'running', ?, ?, ?)",
      ...[job.id, job.kind, JSON.stringify(redact(job.about)), job.owner, job.startedAt],
    );
  });
}

/** Writes down how far a running job is. Not forced to the disk; the caller asks at most twice a second. */
export function noteJobProgress(store: Store, id: string, progress: JobProgressRecord): void {
  const sql = "UPDATE jobs SET phase = ?, sent_bytes = ?, total_bytes = ? WHERE id = ? AND state = 'running'";
  store.run(sql, progress.phase, progress.sentBytes, progress.totalBytes, id);
}

/** Writes down how a running job ended; on the disk when it returns. A job that ended already stays as it is. */
export function endJob(store: Store, id: string, end: JobEndRecord): void {
  store.durable(() => {
    store.run(
      "UPDATE jobs SET state = ?, ended_at = ?, result = ?, error = ? WHERE id = ? AND state = 'running'",
      ...[end.state, end.endedAt, toJson(redact(end.result)), toJson(redact(end.error)), id],
    );
  });
}

/** Jobs that never ended and whose program is not running any more, newest first; at most 100. */
export function openJobs(store: Store, stillRuns: (owner: string) => boolean = () => false): JobRecord[] {
  const rows = store.all("SELECT * FROM jobs WHERE state = 'running' ORDER BY started_at DESC, id LIMIT 100");
  return rows.map(toJob).filter((job) => !stillRuns(job.owner));
}

/** The person read that a job was left unfinished: it ends as `cancelled`. Returns false when it was not open. */
export function dismissJob(store: Store, id: string, at: string): boolean {
  const error: ErrorShape = { code: "cancelled", message: "The program ended before this was finished." };
  const sql = "UPDATE jobs SET state = 'cancelled', ended_at = ?, error = ? WHERE id = ? AND state = 'running'";
  return store.durable(() => store.run(sql, at, toJson(error), id)) > 0;
}

/** Ended jobs, the last one first; at most `limit`. */
export function jobHistory(store: Store, limit: number): JobRecord[] {
  const sql = "SELECT * FROM jobs WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, started_at DESC, id LIMIT ?";
  return store.all(sql, limit).map(toJob);
}

/** One job, or null. */
export function getJob(store: Store, id: string): JobRecord | null {
  const row = store.all("SELECT * FROM jobs WHERE id = ?", id)[0];
  return row ? toJob(row) : null;
}

function toJob(row: SqlRow): JobRecord {
  return {
    id: text(row, "id"),
    kind: text(row, "kind"),
    state: text(row, "state") as JobRecord["state"],
    about: json<Record<string, string>>(row, "about") ?? {},
    owner: text(row, "owner"),
    phase: textOrNull(row, "phase"),
    sentBytes: numberOrNull(row, "sent_bytes"),
    totalBytes: numberOrNull(row, "total_bytes"),
    startedAt: text(row, "started_at"),
    endedAt: textOrNull(row, "ended_at"),
    result: json<unknown>(row, "result"),
    error: json<ErrorShape>(row, "error"),
  };
}

import { fail, toToolkitError, errorShape } from "../lib/errors.ts";
import { appendAudit } from "../records/audit.ts";
import { endJob, noteJobProgress, startJob } from "../records/jobs.ts";
import type { JobKind, JobResult, JobSnapshot, Progress } from "./model/job.ts";
import type { Seams } from "./seams.ts";

/** Snapshots of running jobs go out at most so often. */
const publishEveryMs = 100;
/** Progress is written down at most so often. */
const recordEveryMs = 500;
/** Ended jobs that stay in the topic. */
const keepEnded = 50;

/** What the work of a job is given. */
export interface JobContext {
  readonly id: string;
  /** Fires when a person cancels or the program closes. */
  readonly signal: AbortSignal;
  /** Tells how far the work is. */
  progress(progress: Progress): void;
  /** Adds a plain fact to show beside the job. */
  about(facts: Readonly<Record<string, string>>): void;
  /** From here on cancelling would not help; it is refused with `busy`. */
  committed(): void;
}

/** A job's work ended badly after something worth keeping was known. */
export interface JobEnd {
  result: JobResult;
  /** Set: the job failed, and `result` says what was seen. */
  error?: unknown;
}

interface RunningJob {
  snapshot: JobSnapshot;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  recordedAt: number;
}

/** Long work: start answers an id at once, state comes as whole snapshots, closing a page ends nothing. */
export class Jobs {
  readonly #seams: Seams;
  readonly #running = new Map<string, RunningJob>();
  #ended: JobSnapshot[] = [];
  #publishedAt = Number.NEGATIVE_INFINITY;
  #cancelPublish: (() => void) | null = null;

  constructor(seams: Seams) {
    this.#seams = seams;
  }

  /** How many jobs run now. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** Starts work and gives its id. The work's error becomes the job's error; nothing is thrown to the caller. */
  start(
    kind: JobKind,
    about: Readonly<Record<string, string>>,
    work: (job: JobContext) => Promise<JobResult | JobEnd>,
  ): string {
    const id = this.#seams.newId();
    const stop = new AbortController();
    const startedAt = this.#moment();
    const snapshot: JobSnapshot = {
      ...{ id, kind, state: "running", progress: null, cancellable: true, startedAt },
      ...{ endedAt: null, result: null, error: null, about: { ...about } },
    };
    const { store, owner, who } = this.#seams;
    startJob(store, { id, kind, about, owner, startedAt });
    appendAudit(store, { at: startedAt, who, what: `start ${kind}`, facts: { id, ...about } });
    let finish = (): void => undefined;
    const ended = new Promise<void>((resolve) => (finish = resolve));
    const job: RunningJob = { snapshot, stop, ended, recordedAt: Number.NEGATIVE_INFINITY };
    this.#running.set(id, job);
    this.#publish(true);
    void this.#run(job, work).finally(finish);
    return id;
  }

  /** A job's present snapshot, running or ended in this run. Throws `bad-input` for an unknown id. */
  get(id: string): JobSnapshot {
    const found = this.#running.get(id)?.snapshot ?? this.#ended.find((job) => job.id === id);
    if (!found) throw fail("bad-input", "There is no such job.", { field: "id" });
    return found;
  }

  /** Asks a job to stop. Throws `busy` when it is too late; an ended job is left as it is. */
  cancel(id: string): void {
    const job = this.#running.get(id);
    if (!job) {
      this.get(id);
      return;
    }
    if (!job.snapshot.cancellable) throw fail("busy", tooLate(job.snapshot.kind));
    job.stop.abort();
  }

  /** Waits until a job has ended and gives its last snapshot. */
  async ended(id: string): Promise<JobSnapshot> {
    await this.#running.get(id)?.ended;
    return this.get(id);
  }

  /** Stops everything and waits for it. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    for (const job of all) job.stop.abort();
    await Promise.all(all.map((job) => job.ended));
    this.#cancelPublish?.();
  }

  async #run(job: RunningJob, work: (job: JobContext) => Promise<JobResult | JobEnd>): Promise<void> {
    const { id } = job.snapshot;
    try {
      const end = await work(this.#context(job));
      const { result, error } = "type" in end ? { result: end, error: undefined } : end;
      if (error === undefined) this.#end(job, { state: "done", result, error: null });
      else this.#end(job, this.#failed(error, result));
    } catch (error) {
      this.#seams.log.warn("job failed", { id, kind: job.snapshot.kind, error: errorShape(error) });
      this.#end(job, this.#failed(error, null));
    }
  }

  #failed(error: unknown, result: JobResult | null): Pick<JobSnapshot, "state" | "result" | "error"> {
    const state = toToolkitError(error).code === "cancelled" ? "cancelled" : "failed";
    return { state, result, error: errorShape(error) };
  }

  #context(job: RunningJob): JobContext {
    return {
      id: job.snapshot.id,
      signal: job.stop.signal,
      progress: (progress) => {
        const before = job.snapshot.progress?.phase;
        job.snapshot = { ...job.snapshot, progress };
        this.#record(job, progress.phase !== before);
        this.#publish(progress.phase !== before);
      },
      about: (facts) => {
        job.snapshot = { ...job.snapshot, about: { ...job.snapshot.about, ...facts } };
        this.#publish(false);
      },
      committed: () => {
        if (!job.snapshot.cancellable) return;
        job.snapshot = { ...job.snapshot, cancellable: false };
        this.#publish(true);
      },
    };
  }

  #record(job: RunningJob, phaseChanged: boolean): void {
    const now = this.#seams.clock.now();
    const { progress, id } = job.snapshot;
    if (!progress || (!phaseChanged && now - job.recordedAt < recordEveryMs)) return;
    job.recordedAt = now;
    const { phase, sentBytes = null, totalBytes = null } = progress;
    this.#kept(() => {
      noteJobProgress(this.#seams.store, id, { phase, sentBytes, totalBytes });
    });
  }

  #end(job: RunningJob, end: Pick<JobSnapshot, "state" | "result" | "error">): void {
    const endedAt = this.#moment();
    const { id, kind } = job.snapshot;
    job.snapshot = { ...job.snapshot, ...end, endedAt, cancellable: false };
    this.#running.delete(id);
    this.#ended = [job.snapshot, ...this.#ended].slice(0, keepEnded);
    const state = end.state === "running" ? "failed" : end.state;
    this.#kept(() => {
      const { store, who } = this.#seams;
      endJob(store, id, { state, endedAt, result: end.result, error: end.error });
      appendAudit(store, {
        at: endedAt,
        who,
        what: `${state} ${kind}`,
        facts: { id, result: end.result, error: end.error },
      });
    });
    this.#publish(true);
  }

  /** A full disk must not end work that moves a device; it is logged and the work goes on. */
  #kept(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#seams.log.error("record not kept", { error: errorShape(error) });
    }
  }

  #publish(now: boolean): void {
    const { clock, hub } = this.#seams;
    const wait = this.#publishedAt + publishEveryMs - clock.now();
    if (!now && wait > 0) {
      this.#cancelPublish ??= clock.after(wait, () => {
        this.#publish(true);
      });
      return;
    }
    this.#cancelPublish?.();
    this.#cancelPublish = null;
    this.#publishedAt = clock.now();
    const running = [...this.#running.values()].map((job) => job.snapshot).reverse();
    hub.set("jobs", { jobs: [...running, ...this.#ended].slice(0, keepEnded) });
  }

  #moment(): string {
    return new Date(this.#seams.clock.wallTime()).toISOString();
  }
}

function tooLate(kind: JobKind): string {
  return kind === "flash"
    ? "It is too late to cancel: the unit has the whole file."
    : "It is too late to cancel: the order is already at the device.";
}

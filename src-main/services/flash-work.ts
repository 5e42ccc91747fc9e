import { fail } from "../lib/errors.ts";
import { firstProblem, readImage, type ImageReading } from "../sr01/image.ts";
import { flash, type FlashReport } from "../sr01/flash.ts";
import type { WireProfile } from "../sr01/profile.ts";
import { parseVersion } from "../sr01/version.ts";
import type { JobContext, JobEnd, Jobs } from "./jobs.ts";
import type { LineWork } from "./line-work.ts";
import type { ImageInfo, JobResult } from "./model/job.ts";
import type { Once } from "./once.ts";
import type { Seams } from "./seams.ts";

/** A file that was uploaded or made; bytes stay where they are. */
export interface StoredFile {
  id: string;
  name: string;
  bytes: Uint8Array;
  sha256: string;
}

/** Where uploaded files lie. A held file is not thrown out to make room. */
export interface FileSource {
  get(id: string): StoredFile | undefined;
  hold(id: string): () => void;
}

/** What the person ordered. */
export interface FlashRequest {
  onceId: string;
  fileId: string;
  expect?: string | undefined;
  allowDowngrade?: string | undefined;
  allowUnknown?: string | undefined;
  doorName?: string | undefined;
}

/** Flashing from a page: every check before a byte is sent, one job, verified at its end. */
export class FlashWork {
  readonly #seams: Seams;
  readonly #line: LineWork;
  readonly #jobs: Jobs;
  readonly #once: Once;
  readonly #files: FileSource;

  constructor(seams: Seams, line: LineWork, jobs: Jobs, once: Once, files: FileSource) {
    this.#seams = seams;
    this.#line = line;
    this.#jobs = jobs;
    this.#once = once;
    this.#files = files;
  }

  /** What a file is, with every reason why it is unfit at once. Sends nothing. */
  check(fileId: string): ImageInfo {
    const { file, checked } = this.#checked(fileId);
    const { name, sha256, bytes } = file;
    const { kind, problems } = checked;
    return { fileId, name, sizeBytes: bytes.length, sha256, kind, ...statedBy(checked), problems };
  }

  /** Starts the flash. Throws `bad-input` before a byte is sent when the file, or what was typed, does not allow it. */
  start(request: FlashRequest): string {
    return this.#once.run(request.onceId, "flash.start", () => {
      const { file, checked } = this.#checked(request.fileId);
      const problem = firstProblem(checked);
      if (problem) throw problem;
      if (request.expect !== undefined) parseVersion(request.expect, "expect");
      if (checked.kind === "opaque") this.#mayFlashUnknown(request, file.name);
      this.#mayFlashHere(request);
      const about = {
        file: file.name,
        sha256: file.sha256,
        version: statedBy(checked).version ?? request.expect ?? "",
      };
      return this.#jobs.start("flash", about, (job) =>
        this.#holding(file.id, () =>
          this.#line.alone(job, "flash", (profile) => this.#run(job, profile, request, file, checked)),
        ),
      );
    });
  }

  async #holding<T>(fileId: string, work: () => Promise<T>): Promise<T> {
    const release = this.#files.hold(fileId);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** At a named door flashing can lock its door phone out of the unit: the person types the door's name. */
  #mayFlashHere(request: FlashRequest): void {
    const { hub } = this.#seams;
    const door = hub.get("app").door?.door ?? "";
    if (hub.get("line").mode !== "alone" || door === "" || request.doorName?.trim() === door) return;
    throw fail("bad-input", "Type the door's name to flash at this door.", { field: "doorName" });
  }

  #mayFlashUnknown(request: FlashRequest, name: string): void {
    if (this.#seams.hub.get("line").mode !== "bench") {
      throw fail("bad-input", "A firmware file of unknown origin is never sent at a door, only on the bench.", {
        field: "fileId",
      });
    }
    if (request.allowUnknown !== name) {
      throw fail("bad-input", "This file's origin is unknown. Type its name to send it.", { field: "allowUnknown" });
    }
  }

  async #run(
    job: JobContext,
    profile: WireProfile,
    request: FlashRequest,
    file: StoredFile,
    checked: ImageReading,
  ): Promise<JobResult | JobEnd> {
    const totalBytes = file.bytes.length;
    let begun: number | null = null;
    const report = await flash({
      ...{
        profile,
        file: file.bytes,
        image: statedBy(checked),
        expect: request.expect,
        allowDowngrade: request.allowDowngrade,
      },
      ...{ clock: this.#seams.clock, signal: job.signal },
      onUnit: (unit) => {
        this.#line.showIdentity(unit);
        job.about({ unit: unit.serialNumber, firmwareBefore: unit.firmwareVersion });
      },
      onProgress: ({ phase, sentBytes }) => {
        const now = this.#seams.clock.now();
        if (phase === "transfer") begun ??= now;
        const seconds = begun === null ? 0 : (now - begun) / 1000;
        const bytesPerSecond = seconds > 0 ? Math.round(sentBytes / seconds) : 0;
        const etaSeconds = bytesPerSecond > 0 ? Math.ceil((totalBytes - sentBytes) / bytesPerSecond) : 0;
        job.progress({ phase, sentBytes, totalBytes, bytesPerSecond, etaSeconds, repeats: profile.repeats });
      },
      onCommitted: () => {
        job.committed();
      },
    });
    await this.#showAfter(report, profile, job);
    return endOf(report);
  }

  async #showAfter(report: FlashReport, profile: WireProfile, job: JobContext): Promise<void> {
    if (report.firmwareAfter === null) return;
    const identity = await profile.identify({ signal: job.signal, maxAttempts: 2 }).catch(() => null);
    if (identity) this.#line.showIdentity(identity);
  }

  #checked(fileId: string): { file: StoredFile; checked: ImageReading } {
    const file = this.#files.get(fileId);
    if (!file) throw fail("bad-input", "That file is no longer here; choose it again.", { field: "fileId" });
    return { file, checked: readImage(file.bytes) };
  }
}

/** Version and hardware range that a file states; null for a file of unknown format. */
function statedBy(reading: ImageReading): Pick<ImageInfo, "version" | "hardware"> {
  return reading.kind === "simulator"
    ? { version: reading.version, hardware: reading.hardware }
    : { version: null, hardware: null };
}

function endOf(report: FlashReport): JobResult | JobEnd {
  const { error, ...flashed } = report;
  const result: JobResult = { type: "flash", flash: flashed };
  return error ? { result, error } : result;
}

import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { concatBytes } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { fail } from "../lib/errors.ts";
import { eachChunk } from "./body.ts";
import { maxFileBytes, type FileAnswer } from "./contract.ts";

/** What an uploaded file is for. */
export const fileKindSchema = z.enum(["rom"]);
/** See {@link fileKindSchema}. */
export type FileKind = z.infer<typeof fileKindSchema>;

/** A file's name as a person sees it: no path, nothing unprintable. */
export const fileNameSchema = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\]+$/u, "a name without slashes and control characters");

/** One kept file, whole. Its bytes are never changed. `sha256` in lower-case hex. */
export interface StoredFile extends FileAnswer {
  readonly kind: FileKind;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where uploaded files are kept between the upload and the job that uses them. */
export interface FileStore {
  /** Takes a stream of at most 64 MiB. Rejects: `bad-input` (too big, too slow), `busy` (no room), `cancelled` (sender gone). */
  put(kind: FileKind, name: string, stream: ReadableStream<Uint8Array> | null): Promise<FileAnswer>;
  /** Keeps bytes that were made on the main side. Throws `busy` when there is no room. */
  add(kind: FileKind, name: string, bytes: Uint8Array): FileAnswer;
  /** The file, or undefined when it was never there or had to make room. */
  get(id: string): StoredFile | undefined;
  /** Marks a file as in use: it is not thrown out until the returned function is called. Throws `bad-input` when it is gone. */
  hold(id: string): () => void;
}

/** Limits of {@link createMemoryFiles}; tests use small ones. */
export interface FileLimits {
  /** Of one file. */
  maxFileBytes?: number;
  /** Of all files together. */
  maxTotalBytes?: number;
  /** For one upload. */
  budgetMs?: number;
  /** Uploads at the same time. */
  maxUploads?: number;
}

const defaults = { maxFileBytes, maxTotalBytes: 256 * 1024 * 1024, budgetMs: 60_000, maxUploads: 2 };

/** Files in memory. When they grow too many, the one that was unused for longest goes; one in use never does. */
export function createMemoryFiles(clock: Clock, limits: FileLimits = {}): FileStore {
  const cap = { ...defaults, ...limits };
  const files = new Map<string, StoredFile>(); // in order of last use
  const holds = new Map<string, number>();
  let uploads = 0;

  const add: FileStore["add"] = (kind, name, bytes) => {
    if (bytes.length > cap.maxFileBytes) {
      throw fail("bad-input", `The file is too big: at most ${String(cap.maxFileBytes)} bytes are taken.`);
    }
    makeRoom(files, holds, cap.maxTotalBytes - bytes.length);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const answer = { id: randomUUID(), sha256, sizeBytes: bytes.length };
    files.set(answer.id, { ...answer, kind, name, bytes });
    return answer;
  };
  const get: FileStore["get"] = (id) => {
    const file = files.get(id);
    if (file) {
      files.delete(id);
      files.set(id, file);
    }
    return file;
  };
  return {
    add,
    get,
    put: async (kind, name, stream) => {
      if (uploads >= cap.maxUploads) throw fail("busy", "Other files are being sent just now. Try again.");
      uploads += 1;
      const chunks: Uint8Array[] = [];
      try {
        const read = { maxBytes: cap.maxFileBytes, budgetMs: cap.budgetMs, clock };
        await eachChunk(stream, read, (chunk) => chunks.push(chunk));
      } finally {
        uploads -= 1;
      }
      return add(kind, name, concatBytes(...chunks));
    },
    hold: (id) => {
      if (!get(id)) throw fail("bad-input", "This file is no longer here. Choose it again.", { field: "fileId" });
      holds.set(id, (holds.get(id) ?? 0) + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const left = (holds.get(id) ?? 1) - 1;
        if (left > 0) holds.set(id, left);
        else holds.delete(id);
      };
    },
  };
}

function makeRoom(files: Map<string, StoredFile>, holds: ReadonlyMap<string, number>, leftForOthers: number): void {
  let total = 0;
  let held = 0;
  for (const file of files.values()) {
    total += file.sizeBytes;
    if (holds.has(file.id)) held += file.sizeBytes;
  }
  if (held > leftForOthers) throw fail("busy", "There is no room for this file while others are in use.");
  for (const [id, file] of files) {
    if (total <= leftForOthers) return;
    if (holds.has(id)) continue;
    files.delete(id);
    total -= file.sizeBytes;
  }
}

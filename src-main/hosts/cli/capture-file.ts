import { open, type FileHandle } from "node:fs/promises";
import { fail } from "../../lib/errors.ts";
import type { CaptureRecord, LineCapture } from "../../osdp/capture.ts";
import { formatOsdpcap } from "../../osdp/osdpcap.ts";
import type { CliContext } from "./context.ts";

/** A capture file grows no longer than this. */
const maxFileBytes = 64 * 1024 * 1024;
/** What may wait for a slow disk. */
const maxWaitingChars = 8 * 1024 * 1024;

/** A capture being written. `close` writes what is left; it never throws. */
export interface CaptureFile {
  close(): Promise<void>;
}

/**
 * Writes all that a line's capture hears into an `.osdpcap` file, for this user alone (0600); an older file is replaced.
 * Without a path: nothing. A file that cannot be made is `bad-input` (field `capture`); a disk that fills up later, or the
 * limit of 64 MiB, ends the recording with a warning and nothing else.
 */
export async function captureTo(
  capture: LineCapture,
  path: string | undefined,
  cli: Pick<CliContext, "note">,
  limits: { maxBytes?: number } = {},
): Promise<CaptureFile> {
  if (path === undefined) return { close: () => Promise.resolve() };
  const file = new OpenCapture(await createFile(path), cli, limits.maxBytes ?? maxFileBytes);
  const leave = capture.onRecord((record) => {
    file.add(record);
  });
  return {
    close: async () => {
      capture.settle();
      leave();
      await file.close();
    },
  };
}

/** Runs `work` with {@link captureTo} around it: the capture is complete whatever the end, a failed opening included. */
export async function withCapture<T>(
  capture: LineCapture,
  path: string | undefined,
  cli: Pick<CliContext, "note">,
  work: () => Promise<T>,
): Promise<T> {
  const file = await captureTo(capture, path, cli);
  try {
    return await work();
  } finally {
    await file.close();
  }
}

async function createFile(path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "w", 0o600);
    // An older file keeps its rights when it is opened; devices and pipes are left alone.
    if ((await handle.stat()).isFile()) await handle.chmod(0o600);
    return handle;
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    const seen = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw fail("bad-input", `The capture file cannot be written (${seen}).`, { field: "capture", cause });
  }
}

class OpenCapture {
  readonly #handle: FileHandle;
  readonly #cli: Pick<CliContext, "note">;
  readonly #maxBytes: number;
  #waiting = "";
  #bytes = 0;
  #ended = false;
  #writing: Promise<void> | null = null;

  constructor(handle: FileHandle, cli: Pick<CliContext, "note">, maxBytes: number) {
    this.#handle = handle;
    this.#cli = cli;
    this.#maxBytes = maxBytes;
  }

  add(record: CaptureRecord): void {
    if (this.#ended) return;
    // Nothing but ASCII: characters are bytes.
    const line = `${formatOsdpcap(record)}\n`;
    if (this.#bytes + line.length > this.#maxBytes) this.#giveUp("the file is at its limit");
    else if (this.#waiting.length + line.length > maxWaitingChars) this.#giveUp("the disk is too slow");
    else {
      this.#bytes += line.length;
      this.#waiting += line;
      this.#writing ??= this.#write();
    }
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#ended = true;
    await this.#handle.close().catch((error: unknown) => {
      this.#giveUp(codeOf(error));
    });
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting !== "") {
        const text = this.#waiting;
        this.#waiting = "";
        await this.#handle.writeFile(text);
      }
    } catch (error) {
      this.#waiting = "";
      this.#giveUp(codeOf(error));
    }
    this.#writing = null;
  }

  #giveUp(why: string): void {
    this.#ended = true;
    this.#cli.note(`WARNING: the capture is not complete, it is written no further: ${why}. The work goes on.`);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}

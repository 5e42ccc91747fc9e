import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import { fromHex } from "../../lib/bytes.ts";
import { fail } from "../../lib/errors.ts";
import { parseOsdpcap, type ReadRecord } from "../../osdp/osdpcap.ts";
import { SessionFollower } from "../../osdp/session-follower.ts";
import { StreamDecoder, type StreamItem } from "../../osdp/stream-decoder.ts";
import type { CliAction, CliContext } from "./context.ts";
import { readFollowKeys } from "./follow-keys.ts";
import { frameLine, noiseText } from "./frame-lines.ts";

/** A longer line is no hand-made list of frames. */
const maxLineChars = 1_000_000;
/** Records of a capture that lie further apart hold no parts of one frame. */
const maxGapMs = 200;

interface DecodeOptions {
  noise: boolean;
  keyFile?: string;
}

/** Adds `decode FILE|-`. */
export function registerDecodeCommand(program: Command, action: CliAction): void {
  program
    .command("decode <file>")
    .description("OSDP frames in words, from lines of hex (whole frames or any chunks) or an .osdpcap; - reads stdin")
    .option("--noise", "also tell the bytes that belong to no frame", false)
    .option("--key-file <file>", "decrypt with this key (32 hex digits; more keys on more lines); shows keys in KEYSET")
    .action(action(decode));
}

async function decode(cli: CliContext, path: string, options: DecodeOptions): Promise<void> {
  const keys = await readFollowKeys(cli, options.keyFile);
  const reading = new Reading(cli, keys, options);
  const input = path === "-" ? process.stdin : await openInput(path);
  const onAbort = (): void => void input.destroy();
  cli.signal.addEventListener("abort", onAbort, { once: true });
  try {
    let number = 0;
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      reading.take(recordOf(line, number));
    }
    reading.end();
  } finally {
    cli.signal.removeEventListener("abort", onAbort);
    if (path !== "-") input.destroy();
    for (const key of keys) key.fill(0);
  }
}

async function openInput(path: string): Promise<Readable> {
  try {
    return (await open(path, "r")).createReadStream();
  } catch (cause) {
    throw fail("bad-input", "The file cannot be read.", { field: "file", cause, data: { path } });
  }
}

/** One line of input: hex, or a record of a capture. Blank lines and lines that begin with `#` are nothing. */
function recordOf(line: string, number: number): ReadRecord {
  const text = line.trim();
  const isRecord = text.startsWith("{");
  try {
    if (text.length > maxLineChars) throw fail("bad-input", "The line is too long.");
    if (isRecord) return parseOsdpcap(text);
    const bytes = text.startsWith("#") ? new Uint8Array(0) : fromHex(text.replace(/[-:]/g, ""));
    return { io: "trace", wallMs: null, bytes, masked: false };
  } catch (cause) {
    const what = isRecord ? "no record of an OSDP capture" : "not hexadecimal text";
    throw fail("bad-input", `Line ${String(number)} is ${what}.`, { field: "file", cause });
  }
}

/** The stream as it is read: frames are cut, sessions followed, lines printed. */
class Reading {
  readonly #cli: CliContext;
  readonly #noise: boolean;
  readonly #showKeys: boolean;
  readonly #decoder = new StreamDecoder();
  readonly #follower: SessionFollower;
  #last: ReadRecord | null = null;
  #place = 0;
  /** Where blotted out records lie that may hold frames still to come. */
  #masked: { from: number; to: number }[] = [];

  constructor(cli: CliContext, keys: readonly Uint8Array[], options: DecodeOptions) {
    this.#cli = cli;
    this.#noise = options.noise;
    this.#showKeys = options.keyFile !== undefined;
    this.#follower = new SessionFollower(keys);
  }

  take(record: ReadRecord): void {
    const last = this.#last;
    this.#last = record;
    const { io, wallMs, bytes, masked } = record;
    const pause = last !== null && last.wallMs !== null && wallMs !== null && wallMs - last.wallMs > maxGapMs;
    if (last && (last.io !== io || pause)) this.end();
    if (masked) this.#masked.push({ from: this.#place, to: this.#place + bytes.length });
    this.#place += bytes.length;
    for (const item of this.#decoder.push(bytes)) this.#tell(item);
  }

  end(): void {
    for (const item of this.#decoder.end()) this.#tell(item);
  }

  #tell(item: StreamItem): void {
    this.#masked = this.#masked.filter(({ to }) => to > item.at);
    const masked = this.#masked.some(({ from }) => from <= item.at);
    if (item.type === "frame") {
      const followed = this.#follower.take({ ...item, masked });
      const { value, words } = frameLine(item.frame, item.ok, followed, this.#showKeys && !masked);
      this.#cli.emit(value, words);
    } else if (this.#noise) {
      const noise = masked ? "**" : noiseText(item.bytes, this.#follower.exposed, this.#showKeys);
      this.#cli.emit({ noise }, `        noise ${noise}`);
    }
  }
}

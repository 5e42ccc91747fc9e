import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import { fromHex, toHex } from "../../lib/bytes.ts";
import { fail } from "../../lib/errors.ts";
import { describe } from "../../osdp/describe.ts";
import { StreamDecoder, type StreamItem } from "../../osdp/stream-decoder.ts";
import type { CliAction, CliContext } from "./context.ts";

/** A longer line is no hand-made list of frames. */
const maxLineChars = 1_000_000;

/** Adds `decode FILE|-`. */
export function registerDecodeCommand(program: Command, action: CliAction): void {
  program
    .command("decode <file>")
    .description("OSDP frames in words, from lines of hex (whole frames or any chunks); - reads stdin")
    .option("--noise", "also tell the bytes that belong to no frame", false)
    .action(action(decode));
}

async function decode(cli: CliContext, path: string, options: { noise: boolean }): Promise<void> {
  const input = path === "-" ? process.stdin : await openInput(path);
  const decoder = new StreamDecoder();
  const onAbort = (): void => void input.destroy();
  cli.signal.addEventListener("abort", onAbort, { once: true });
  try {
    let number = 0;
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      for (const item of decoder.push(bytesOf(line, number))) tell(cli, item, options.noise);
    }
    for (const item of decoder.end()) tell(cli, item, options.noise);
  } finally {
    cli.signal.removeEventListener("abort", onAbort);
    if (path !== "-") input.destroy();
  }
}

async function openInput(path: string): Promise<Readable> {
  try {
    return (await open(path, "r")).createReadStream();
  } catch (cause) {
    throw fail("bad-input", "The file cannot be read.", { field: "file", cause, data: { path } });
  }
}

/** Blank lines and lines that begin with `#` are nothing. */
function bytesOf(line: string, number: number): Uint8Array {
  const text = line.trim();
  if (text.startsWith("#")) return new Uint8Array(0);
  try {
    if (text.length > maxLineChars) throw fail("bad-input", "The line is too long.");
    return fromHex(text.replace(/[-:]/g, ""));
  } catch (cause) {
    throw fail("bad-input", `Line ${String(number)} is not hexadecimal text.`, { field: "file", cause });
  }
}

function tell(cli: CliContext, item: StreamItem, noise: boolean): void {
  if (item.type === "noise") {
    if (noise) cli.emit({ noise: toHex(item.bytes) }, `        noise ${toHex(item.bytes)}`);
    return;
  }
  const { frame, ok } = item;
  const { name, fields } = describe(frame, frame.data);
  const direction = frame.reply ? "reply" : "command";
  const { address, sequence, code, check } = frame;
  cli.emit(
    { direction, address, sequence, name, code, check, ok, data: toHex(frame.data), fields },
    `${frame.reply ? "PD " : "ACU"} ${String(address).padStart(3)} s${String(sequence)} ${name.padEnd(12)} ${ok ? "" : "BAD CHECK "}${JSON.stringify(fields)}`,
  );
}

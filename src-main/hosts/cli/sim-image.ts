import { createHash } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { fail } from "../../lib/errors.ts";
import {
  buildImage,
  imageHeaderBytes,
  maxImageBytes,
  readImage,
  samplePayload,
  spoilImage,
  type HardwareRange,
  type spoilKinds,
} from "../../sr01/image.ts";
import type { CliContext } from "./context.ts";

/** Options of `sim image`; `size` is the whole file in bytes. */
export interface SimImageCliOptions {
  version: string;
  size: number;
  hardware: string;
  spoil?: (typeof spoilKinds)[number];
}

/**
 * Writes an image, in one step, and tells `{file, sizeBytes, sha256, version}`. Same version and size, same bytes. Errors:
 * `bad-input` (field `version`, `hardware` or `file`).
 */
export async function writeSimImage(cli: CliContext, file: string, options: SimImageCliOptions): Promise<void> {
  const { version, size, hardware, spoil } = options;
  const payload = samplePayload(version, size - imageHeaderBytes);
  const sound = buildImage({ version, hardware: parseRange(hardware), payload });
  const image = spoil ? spoilImage(sound, spoil) : sound;
  await refuseForeign(file);
  await writeWhole(file, image);
  const sha256 = createHash("sha256").update(image).digest("hex");
  const words = `${file}: ${String(image.length)} bytes, version ${version}${spoil ? `, spoilt: ${spoil}` : ""}`;
  cli.emit({ file, sizeBytes: image.length, sha256, version }, words);
}

function parseRange(text: string): HardwareRange {
  const match = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(text);
  if (!match) throw fail("bad-input", "A hardware range is two numbers, like 1-3.", { field: "hardware" });
  return { from: Number(match[1]), to: Number(match[2] ?? match[1]) };
}

/** A file that is there is only replaced when it is an image of the simulator: never somebody's real ROM. */
async function refuseForeign(file: string): Promise<void> {
  const present = await stat(file).catch(() => null);
  if (!present) return;
  const known = present.isFile() && present.size <= maxImageBytes;
  if (known && readImage(await readFile(file)).kind === "simulator") return;
  throw fail("bad-input", "There is another file of that name; it is left as it is.", { field: "file" });
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const part = `${file}.${String(process.pid)}.part`;
  try {
    const handle = await open(part, "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true });
    throw fail("bad-input", `The file ${file} cannot be written.`, { field: "file", cause });
  }
}

import { createHash } from "node:crypto";
import { ByteReader, ByteWriter, concatBytes, equalBytes } from "../lib/bytes.ts";
import { fail, type ErrorShape, type ToolkitError } from "../lib/errors.ts";
import { parseVersion } from "./version.ts";

/**
 * Firmware file of this project's *simulated* SR01. Ours alone: the format of Akuvox's own ROM files is not published.
 * All numbers little-endian, header of 64 bytes, then the payload:
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 8 | magic `SIMSR01` and a zero byte |
 * | 8 | 1 | header version, 1 |
 * | 9 | 1 | lowest hardware version that it fits |
 * | 10 | 1 | highest hardware version that it fits |
 * | 11 | 3 | firmware version: major, minor, build |
 * | 14 | 2 | reserved, 0 |
 * | 16 | 4 | length of the payload in bytes |
 * | 20 | 32 | SHA-256 over bytes 0-19 and the payload |
 * | 52 | 12 | reserved, 0 |
 */
export const imageHeaderBytes = 64;

/** Longest file that the simulated SR01 takes. */
export const maxImageBytes = 16 * 1024 * 1024;

const magic = Uint8Array.from("SIMSR01\0", (letter) => letter.charCodeAt(0));
const headerVersion = 1;
/** Bytes in front of the hash; the hash covers them too. */
const hashAt = 20;

/** Hardware versions, both ends included, 0..255. */
export interface HardwareRange {
  from: number;
  to: number;
}

/** What an image is built from. `version` is `major.minor.build`, each 0..255. */
export interface ImageParts {
  version: string;
  hardware: HardwareRange;
  payload: Uint8Array;
}

/**
 * What a file is. `simulator`: it starts with our magic; null where it is too short to tell. `opaque`: anything else.
 * `problems` holds every reason why it is unfit, at once (code `bad-input`, field `file`).
 */
export type ImageReading =
  | { kind: "simulator"; version: string | null; hardware: HardwareRange | null; problems: ErrorShape[] }
  | { kind: "opaque"; problems: ErrorShape[] };

/** The file. Throws `bad-input` (field `version`, `hardware` or `size`) when the parts do not fit the header. */
export function buildImage({ version, hardware, payload }: ImageParts): Uint8Array {
  const numbers = parseVersion(version);
  checkRange(hardware);
  if (payload.length === 0 || payload.length > maxImageBytes - imageHeaderBytes) {
    throw fail("bad-input", `A payload has 1 to ${String(maxImageBytes - imageHeaderBytes)} bytes.`, { field: "size" });
  }
  const head = new ByteWriter()
    .bytes(magic)
    .u8(headerVersion)
    .u8(hardware.from)
    .u8(hardware.to)
    .bytes(Uint8Array.from(numbers))
    .u16(0)
    .u32(payload.length)
    .done();
  return concatBytes(head, hashOf(head, payload), new Uint8Array(12), payload);
}

/** Reads a file; never throws. */
export function readImage(bytes: Uint8Array): ImageReading {
  if (bytes.length === 0) return { kind: "opaque", problems: [problem("The file is empty.")] };
  if (!equalBytes(bytes.slice(0, magic.length), magic)) return { kind: "opaque", problems: tooBig(bytes) };
  if (bytes.length < imageHeaderBytes) {
    const problems = [problem("The file is cut off inside its header.")];
    return { kind: "simulator", version: null, hardware: null, problems };
  }
  const reader = new ByteReader(bytes.subarray(magic.length));
  const format = reader.u8();
  const hardware = { from: reader.u8(), to: reader.u8() };
  const version = [...reader.bytes(3)].join(".");
  reader.u16();
  const length = reader.u32();
  const hash = reader.bytes(32);
  const problems = [...tooBig(bytes), ...headProblems(format, hardware), ...bodyProblems(bytes, length, hash)];
  return { kind: "simulator", version, hardware, problems };
}

/** Why an image does not fit a unit of this hardware version, or null. */
export function hardwareProblem(range: HardwareRange, hardwareVersion: number): ErrorShape | null {
  if (hardwareVersion >= range.from && hardwareVersion <= range.to) return null;
  const wanted = `${String(range.from)} to ${String(range.to)}`;
  return problem(`The file is for hardware ${wanted}; this unit has hardware ${String(hardwareVersion)}.`);
}

/** Ways to spoil an image, for tests and training. */
export const spoilKinds = ["hash", "length", "hardware"] as const;

/**
 * The image with one thing wrong: `hash` a damaged payload byte, `length` a length field that is
 * wrong by 256 or more, `hardware` a sound image for hardware 200 to 254, which no simulated SR01 has. Throws `bad-input` unless
 * the image is a sound one of ours.
 */
export function spoilImage(image: Uint8Array, kind: (typeof spoilKinds)[number]): Uint8Array {
  const reading = readImage(image);
  if (reading.kind !== "simulator" || !reading.version || reading.problems.length > 0) {
    throw fail("bad-input", "Only a sound image of the simulated SR01 can be spoilt.", { field: "file" });
  }
  const payload = image.slice(imageHeaderBytes);
  if (kind === "hardware") return buildImage({ version: reading.version, hardware: { from: 200, to: 254 }, payload });
  const spoilt = image.slice();
  const at = kind === "hash" ? imageHeaderBytes + Math.floor(payload.length / 2) : 17;
  spoilt[at] = ((spoilt[at] as number) + 1) & 0xff;
  return spoilt;
}

/** A payload that is the same for the same version and size, in bytes, and compresses to nothing. */
export function samplePayload(version: string, sizeBytes: number): Uint8Array {
  const payload = new Uint8Array(sizeBytes);
  for (let block = 0; block * 32 < sizeBytes; block++) {
    const hash = createHash("sha256")
      .update(`${version}/${String(sizeBytes)}/${String(block)}`)
      .digest();
    payload.set(hash.subarray(0, Math.min(32, sizeBytes - block * 32)), block * 32);
  }
  return payload;
}

function headProblems(format: number, hardware: HardwareRange): ErrorShape[] {
  const problems: ErrorShape[] = [];
  if (format !== headerVersion) problems.push(problem(`The header has version ${String(format)}, known is 1.`));
  if (hardware.from > hardware.to) problems.push(problem("The hardware range is upside down."));
  return problems;
}

/** The hash says nothing about a file of the wrong length, so it is only looked at when the length is right. */
function bodyProblems(bytes: Uint8Array, length: number, hash: Uint8Array): ErrorShape[] {
  const payload = bytes.subarray(imageHeaderBytes);
  if (payload.length < length) {
    return [problem(`The file is cut off: ${String(length - payload.length)} byte(s) are missing.`)];
  }
  if (payload.length > length) {
    return [problem(`The file has ${String(payload.length - length)} byte(s) more than its header says.`)];
  }
  const problems = length === 0 ? [problem("The file has a header but no content.")] : [];
  if (!equalBytes(hash, hashOf(bytes.subarray(0, hashAt), payload))) {
    problems.push(problem("The file is damaged: its SHA-256 does not match."));
  }
  return problems;
}

function tooBig(bytes: Uint8Array): ErrorShape[] {
  if (bytes.length <= maxImageBytes) return [];
  return [problem(`The file is larger than ${String(maxImageBytes / 1024 / 1024)} MiB.`)];
}

function problem(message: string): ErrorShape {
  return { code: "bad-input", message, field: "file" };
}

function hashOf(head: Uint8Array, payload: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(head).update(payload).digest());
}

function checkRange({ from, to }: HardwareRange): void {
  const fits = [from, to].every((end) => Number.isInteger(end) && end >= 0 && end <= 255);
  if (!fits || from > to) {
    throw fail("bad-input", "A hardware range is two numbers from 0 to 255, the lower first.", { field: "hardware" });
  }
}

/** The first reason why a file is unfit, with all of them in `data.problems`; null for a fit one. */
export function firstProblem(reading: ImageReading): ToolkitError | null {
  const [first] = reading.problems;
  if (!first) return null;
  const all = reading.problems.map((one) => one.message);
  return fail(first.code, all.join(" "), { field: "file", data: { problems: all } });
}

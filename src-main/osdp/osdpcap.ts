import { fromHex, toHex } from "../lib/bytes.ts";
import { fail } from "../lib/errors.ts";
import type { CaptureRecord } from "./capture.ts";

/** Who wrote a record, in its `osdpSource`. */
export const captureSource = "SR01 Toolkit";
/** What stands in the extra member `note` of a record whose key bytes are zero. */
const maskedNote = "masked";

/** A record as read back; `wallMs` is null where the file does not say. */
export type ReadRecord = Omit<CaptureRecord, "wallMs"> & { wallMs: number | null };

/**
 * One line of an `.osdpcap` file (JSON lines, format version 1 of SIA's libosdp-conformance, as OSDP.Net and OSDP Bench
 * write it): all values are text, `data` in upper-case hex with dashes. Ours adds `note` where a key was blotted out.
 */
export function formatOsdpcap(record: CaptureRecord): string {
  const seconds = Math.floor(record.wallMs / 1000);
  const nanos = Math.min(999_999_999, Math.floor((record.wallMs - seconds * 1000) * 1e6));
  return JSON.stringify({
    timeSec: String(seconds),
    timeNano: String(nanos).padStart(9, "0"),
    io: record.io,
    data: (toHex(record.bytes).toUpperCase().match(/../g) ?? []).join("-"),
    osdpTraceVersion: "1",
    osdpSource: captureSource,
    ...(record.masked ? { note: maskedNote } : {}),
  });
}

/**
 * Reads one line of any writer's `.osdpcap` file: hex with dashes, blanks or neither, numbers as text or as numbers, and
 * the first draft's names (`iO`, `timeNSec`). An unknown `io` is `trace`. Throws `bad-input`.
 */
export function parseOsdpcap(line: string): ReadRecord {
  const members = readObject(line);
  const data = members["data"];
  if (typeof data !== "string") throw noRecord();
  const io = members["io"] ?? members["iO"];
  const seconds = numberOf(members["timeSec"]);
  const nanos = numberOf(members["timeNano"] ?? members["timeNSec"]) ?? 0;
  return {
    io: io === "input" || io === "output" ? io : "trace",
    wallMs: seconds === null ? null : seconds * 1000 + nanos / 1e6,
    bytes: fromHex(data.replace(/[-:]/g, "")),
    masked: members["note"] === maskedNote,
  };
}

function readObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw fail("bad-input", "The line is no JSON.", { cause });
  }
  if (value === null || typeof value !== "object") throw noRecord();
  return value as Record<string, unknown>;
}

function noRecord(): Error {
  return fail("bad-input", "The line is no record of an OSDP capture.");
}

function numberOf(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : null;
}

import { fail } from "../lib/errors.ts";
import { checksum8, crc16 } from "./crc.ts";

/** Start of message. */
export const SOM = 0x53;
/** Mark byte, sent in front of a frame to settle the line; not part of it. */
export const MARK = 0xff;
/** Configuration (broadcast) address: every PD answers it as its own. */
export const BROADCAST = 0x7f;
/** Longest frame that OSDP knows, in bytes, SOM to the last check byte. */
export const MAX_FRAME_BYTES = 1440;
/** Shortest frame: header, code, checksum. */
export const MIN_FRAME_BYTES = 7;
/** What a peer can surely receive while nothing else is known. */
export const DEFAULT_RECEIVE_BYTES = 128;

/** Kind of check at the end of a frame. */
export type CheckKind = "crc" | "checksum";

/** One OSDP frame as plain data. OSDP v2.2, 5.9. `data` is what follows the code, still encrypted in SCS_17/18. */
export interface Frame {
  /** 0..126, or 127 for broadcast. */
  address: number;
  /** True for a reply (PD to ACU). */
  reply: boolean;
  /** 0..3. */
  sequence: number;
  check: CheckKind;
  /** Security control block from its length byte on, or null. */
  scb: Uint8Array | null;
  code: number;
  data: Uint8Array;
  /** First four bytes of the MAC; only with SCS_15..18. */
  mac: Uint8Array | null;
}

/** True for the block types that carry a MAC: SCS_15..SCS_18. */
export function carriesMac(scb: Uint8Array | null): boolean {
  const type = scb?.[1];
  return type !== undefined && type >= 0x15 && type <= 0x18;
}

/** Length in bytes of a frame with this much data. */
export function frameBytes(frame: Pick<Frame, "check" | "scb" | "data">): number {
  return 6 + (frame.scb?.length ?? 0) + frame.data.length + (carriesMac(frame.scb) ? 4 : 0) + checkBytes(frame.check);
}

/** The frame's bytes from SOM to just before the MAC: what the MAC covers. */
export function encodeUpToMac(frame: Frame): Uint8Array {
  const total = frameBytes(frame);
  if (total > MAX_FRAME_BYTES) throw fail("bad-input", `A frame of ${String(total)} bytes is longer than OSDP allows.`);
  const scb = frame.scb ?? new Uint8Array(0);
  const head = new Uint8Array(6 + scb.length + frame.data.length);
  head[0] = SOM;
  head[1] = (frame.address & 0x7f) | (frame.reply ? 0x80 : 0);
  head[2] = total & 0xff;
  head[3] = total >> 8;
  head[4] = (frame.sequence & 3) | (frame.check === "crc" ? 4 : 0) | (frame.scb ? 8 : 0);
  head.set(scb, 5);
  head[5 + scb.length] = frame.code;
  head.set(frame.data, 6 + scb.length);
  return head;
}

/** The whole frame, check included, without a mark byte. Throws `bad-input` above {@link MAX_FRAME_BYTES}. */
export function encodeFrame(frame: Frame): Uint8Array {
  const head = encodeUpToMac(frame);
  const whole = new Uint8Array(frameBytes(frame));
  whole.set(head);
  if (carriesMac(frame.scb)) {
    if (frame.mac?.length !== 4) throw fail("bug", "A secured frame was encoded without its MAC.");
    whole.set(frame.mac, head.length);
  }
  if (frame.check === "crc") {
    const crc = crc16(whole, 0, whole.length - 2);
    whole[whole.length - 2] = crc & 0xff;
    whole[whole.length - 1] = crc >> 8;
  } else {
    whole[whole.length - 1] = checksum8(whole, 0, whole.length - 1);
  }
  return whole;
}

/** Whether the check at the end of `bytes` (one whole candidate, SOM first) is right. */
export function checkIsGood(bytes: Uint8Array): boolean {
  const end = bytes.length;
  if (checkKindOf(bytes) === "crc") {
    return (
      end >= MIN_FRAME_BYTES + 1 &&
      crc16(bytes, 0, end - 2) === (bytes[end - 2] as number) + (bytes[end - 1] as number) * 256
    );
  }
  return end >= MIN_FRAME_BYTES && checksum8(bytes, 0, end) === 0;
}

/** Reads the members of one whole candidate; null when its inner lengths cannot be. Does not look at the check. */
export function decodeFrame(bytes: Uint8Array): Frame | null {
  const control = bytes[4];
  if (control === undefined || bytes[0] !== SOM) return null;
  const check = checkKindOf(bytes);
  const scbBytes = control & 8 ? (bytes[5] ?? 0) : 0;
  if (control & 8 && scbBytes < 2) return null;
  const scb = control & 8 ? bytes.slice(5, 5 + scbBytes) : null;
  const codeAt = 5 + scbBytes;
  const macBytes = carriesMac(scb) ? 4 : 0;
  const dataEnd = bytes.length - checkBytes(check) - macBytes;
  if (codeAt >= dataEnd) return null;
  return {
    address: (bytes[1] as number) & 0x7f,
    reply: ((bytes[1] as number) & 0x80) !== 0,
    sequence: control & 3,
    check,
    scb,
    code: bytes[codeAt] as number,
    data: bytes.slice(codeAt + 1, dataEnd),
    mac: macBytes ? bytes.slice(dataEnd, dataEnd + 4) : null,
  };
}

/** The frame with one mark byte in front, as it goes to the line. */
export function withMark(frame: Uint8Array): Uint8Array {
  const marked = new Uint8Array(frame.length + 1);
  marked[0] = MARK;
  marked.set(frame, 1);
  return marked;
}

function checkBytes(check: CheckKind): number {
  return check === "crc" ? 2 : 1;
}

function checkKindOf(bytes: Uint8Array): CheckKind {
  return (bytes[4] as number) & 4 ? "crc" : "checksum";
}

import { concatBytes } from "../../lib/bytes.ts";
import { ACK } from "../../osdp/replies.ts";
import { OUT } from "../../osdp/commands.ts";
import { decodeFrame, encodeFrame, withMark, type Frame } from "../../osdp/frame.ts";
import type { SentReply } from "../../osdp/peripheral-options.ts";
import type { FaultBox } from "./faults.ts";

/** Applies the faults of the line's end to replies on their way out. */
export class ReplySpoiler {
  readonly #faults: FaultBox;
  #sent = 0;

  constructor(faults: FaultBox) {
    this.#faults = faults;
  }

  /** What goes out in the place of a marked reply: other bytes, or nothing. */
  spoil(reply: Uint8Array, about: SentReply): Uint8Array | null {
    this.#sent += 1;
    if (this.#drops(about)) return null;
    const { now } = this.#faults;
    let frame: Uint8Array = reply.slice(1);
    if (now.replyWithChecksum) frame = changed(frame, { check: "checksum" });
    if (this.#faults.spend("wrongSequence")) frame = changed(frame, (old) => ({ sequence: (old.sequence + 2) & 3 }));
    if (this.#faults.spend("damageReplies")) frame = flipped(frame);
    if (this.#faults.spend("cutReplies")) frame = frame.slice(0, Math.ceil(frame.length / 2));
    let out: Uint8Array = now.replyWithoutMark ? frame : withMark(frame);
    if (this.#faults.spend("doubleReplies")) out = concatBytes(out, out);
    if (this.#faults.spend("rubbishBefore")) out = concatBytes(Uint8Array.of(0x00, 0x53, 0xa5), out);
    if (this.#faults.spend("foreignBefore")) out = concatBytes(foreign(frame), out);
    return out;
  }

  #drops({ command, repeated }: SentReply): boolean {
    const { dropEvery } = this.#faults.now;
    if (this.#faults.spend("dropReplies")) return true;
    if (dropEvery !== undefined && this.#sent % dropEvery === 0) return true;
    return command === OUT.code && !repeated && this.#faults.spend("loseAckAfterOut");
  }
}

function changed(bytes: Uint8Array, change: Partial<Frame> | ((old: Frame) => Partial<Frame>)): Uint8Array {
  const frame = decodeFrame(bytes);
  if (!frame) return bytes;
  return encodeFrame({ ...frame, ...(typeof change === "function" ? change(frame) : change) });
}

/** One bit turned, behind the header, so that the length is still believed. */
function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[5] = (copy[5] as number) ^ 0x10;
  return copy;
}

/** An ACK of the next address, with the same number. */
function foreign(bytes: Uint8Array): Uint8Array {
  const frame = decodeFrame(bytes);
  if (!frame) return bytes;
  const { sequence, check } = frame;
  const address = (frame.address + 1) % 0x7f;
  const data = new Uint8Array(0);
  return withMark(encodeFrame({ address, reply: true, sequence, check, scb: null, code: ACK.code, data, mac: null }));
}

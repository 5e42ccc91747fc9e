import { throwIfAborted, type Clock } from "../lib/clock.ts";
import type { Bus } from "../osdp/bus.ts";
import { tryDecode, type Command } from "../osdp/codec.ts";
import { CAP, ID, POLL } from "../osdp/commands.ts";
import { encodeFrame, type CheckKind, type Frame } from "../osdp/frame.ts";
import { BUSY, NAK, PDID, type DeviceId } from "../osdp/replies.ts";
import { sameUnit } from "./keys.ts";
import { noPackets, type PacketCounts, type PacketOutcome } from "./line-quality.ts";

/** The standard's limit for the first byte of a reply, ms (OSDP v2.2, 5.7). */
const replyLimitMs = 200;
/** So many packets without one answer: nobody is there, and the rest would only cost time. */
const giveUpAfter = 20;

/** What is sent, in turn: three lengths, and harmless. A late reply to one is no reply to the next. */
export const testCommands: readonly Pick<Command<unknown>, "code" | "name" | "replies">[] = [POLL, ID, CAP];
const commandData = new Map([
  [ID.code, ID.encode({ type: 0 })],
  [CAP.code, CAP.encode({ type: 0 })],
]);

/** Whom to ask. `id` null: any identity is right. */
export interface PacketTarget {
  bus: Bus;
  address: number;
  check: CheckKind;
  id: DeviceId | null;
}

/** One exchange. `replyMs` from the end of sending; `nak` the code of a refusal, null for BUSY and all else. */
export interface Packet {
  command: string;
  outcome: PacketOutcome;
  replyMs: number | null;
  nak: number | null;
}

/**
 * Sends one command once, with sequence 0 and in clear, so that every packet stands for itself (OSDP v2.2, 5.9); ends a
 * secure session and may fetch a waiting report. Rejects with what stopped the line.
 */
export async function sendPacket(target: PacketTarget, index: number, signal?: AbortSignal): Promise<Packet> {
  const command = testCommands[index % testCommands.length] ?? POLL;
  const { code, name } = command;
  const { address, check } = target;
  const data = commandData.get(code) ?? new Uint8Array(0);
  const bytes = encodeFrame({ address, reply: false, sequence: 0, check, scb: null, code, data, mac: null });
  const ended = await target.bus.wire.attempt(bytes, () => true, replyLimitMs, signal);
  switch (ended.type) {
    case "lost":
      throw ended.error;
    case "silence":
      return { command: name, outcome: "timeout", replyMs: null, nak: null };
    case "damaged":
      return { command: name, outcome: "damaged", replyMs: null, nak: null };
    case "reply":
      return { command: name, replyMs: ended.replyMs, ...judgeReply(command.replies, ended.frame, target) };
  }
}

function judgeReply(
  replies: readonly { code: number }[],
  frame: Frame,
  { address, id }: PacketTarget,
): Pick<Packet, "outcome" | "nak"> {
  if (frame.address !== address || frame.sequence !== 0) return { outcome: "mismatch", nak: null };
  if (frame.code === BUSY.code) return { outcome: "refused", nak: null };
  if (frame.code === NAK.code) {
    const nak = frame.data[0] ?? 0;
    // NAK 01: our command came damaged at the unit.
    return { outcome: nak === 1 ? "damaged" : "refused", nak };
  }
  const asked = replies.some((reply) => reply.code === frame.code);
  if (!asked) return { outcome: "mismatch", nak: null };
  const said = frame.code === PDID.code ? tryDecode(PDID, frame.data) : null;
  const other = frame.code === PDID.code && (said === null || (id !== null && !sameUnit(said, id)));
  return { outcome: other ? "mismatch" : "received", nak: null };
}

/** One rate's test. `counts` and `replyMs` grow while it runs, so that a stopped test has them. */
export interface Measurement {
  counts: PacketCounts;
  /** Of answered packets: longest and mean time to the reply, ms; null before the first. */
  replyMs: { mean: number; longest: number } | null;
}

/** How to measure. `until` by the clock: nothing is begun after it. */
export interface MeasureOptions {
  packets: number;
  clock: Clock;
  until: number;
  into: Measurement;
  onPacket?: ((done: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** An empty {@link Measurement}. */
export function freshMeasurement(): Measurement {
  return { counts: noPackets(), replyMs: null };
}

/**
 * Sends up to `packets` packets at the present rate and counts how each ended. Ends earlier when time is over, or when none
 * of the first 20 was answered. Rejects with `cancelled` and what stopped the line.
 */
export async function measureLine(target: PacketTarget, options: MeasureOptions): Promise<void> {
  const { packets, clock, until, into, signal } = options;
  let sumMs = 0;
  let answered = 0;
  for (let done = 0; done < packets && clock.now() < until; done++) {
    throwIfAborted(signal);
    if (done >= giveUpAfter && into.counts.timeout + into.counts.damaged === done) return;
    const { outcome, replyMs } = await sendPacket(target, done, signal);
    into.counts[outcome] += 1;
    if (replyMs !== null) {
      sumMs += replyMs;
      answered += 1;
      into.replyMs = { mean: sumMs / answered, longest: Math.max(into.replyMs?.longest ?? 0, replyMs) };
    }
    options.onPacket?.(done + 1);
  }
}

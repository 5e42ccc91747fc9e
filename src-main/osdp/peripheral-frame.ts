import { commands } from "./commands.ts";
import type { Frame } from "./frame.ts";
import type { PdAnswer } from "./peripheral-answer.ts";
import { ACK, BUSY, NAK, nakReasons, replies } from "./replies.ts";

/** The plain frame that answers `command`: its address, number and kind of check; BUSY carries number 0 always (7.19). */
export function replyFrame(command: Frame, answer: PdAnswer): Frame {
  const { address, check } = command;
  const sequence = answer.type === "busy" ? 0 : command.sequence;
  return { address, reply: true, sequence, check, scb: null, ...contentOf(answer), mac: null };
}

/** The standard's short name of a command code. */
export function commandName(code: number): string {
  return commands.get(code)?.name ?? "UNKNOWN";
}

/** The standard's short name of what goes out. */
export function answerName(answer: PdAnswer): string {
  return replies.get(contentOf(answer).code)?.name ?? "UNKNOWN";
}

/** What a NAK code means. */
export function nakReason(code: number): string {
  return nakReasons[code] ?? "unknown code";
}

function contentOf(answer: PdAnswer): { code: number; data: Uint8Array } {
  if (answer.type === "reply") return { code: answer.code, data: answer.data };
  if (answer.type === "nak") return { code: NAK.code, data: NAK.encode({ code: answer.code, detail: answer.detail }) };
  return { code: answer.type === "busy" ? BUSY.code : ACK.code, data: new Uint8Array(0) };
}

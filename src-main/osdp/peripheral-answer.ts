import type { Reply } from "./codec.ts";
import type { Frame } from "./frame.ts";
import { ACK } from "./replies.ts";

/** A command as the application of a PD gets it: decoded, in the clear. */
export interface PdCommand {
  code: number;
  /** The standard's short name, e.g. `OUT`. */
  name: string;
  /** What the command's codec decodes to. */
  value: unknown;
}

/** A reply that carries the application's answer. */
export interface PdReply {
  type: "reply";
  code: number;
  data: Uint8Array;
}

/**
 * How a PD answers. `nak` refuses (code after `nakReasons`), `busy` asks for the command again, `silence` leaves it as if
 * it had never been received: not executed, sequence not moved.
 */
export type PdAnswer =
  PdReply | { type: "nak"; code: number; detail: Uint8Array } | { type: "busy" } | { type: "silence" };

/** An answer that takes a while, e.g. until a key is stored. `answer` must not reject; rejecting counts as NAK 09. */
export interface PdLater {
  type: "later";
  answer: Promise<PdAnswer>;
}

/** What the application may use while it answers. */
export interface PdContext {
  /** True for a command to 7F. */
  broadcast: boolean;
  /** Reports that wait for a POLL. */
  reportsWaiting: number;
  /** What the role answers by itself: POLL the oldest report or ACK, ACURXSIZE as by the book, anything else NAK 03. */
  standard(): PdAnswer;
  /** Runs `fn` once the last bit of this answer is out. */
  afterReply(fn: () => void): void;
}

/** The application behind a PD: called once for every new command, never for a repeat. */
export type PdApplication = (command: PdCommand, context: PdContext) => PdAnswer | PdLater;

/**
 * The place of the secure channel. `open` gives the plain data of a command, or the answer that the command gets instead
 * of being executed (handshake replies, NAK 05, NAK 06). `seal` turns a plain reply to that very command into the one that
 * goes out. BUSY and NAK 01 go out in clear and never pass here.
 */
export interface PdSecurity {
  open(command: Frame, bytes: Uint8Array): { type: "data"; data: Uint8Array } | PdAnswer;
  seal(reply: Frame, command: Frame): Frame;
  /** How long `seal` would make the reply, in bytes of the whole frame; changes nothing. */
  sealedBytes(reply: Frame, command: Frame): number;
  /** The session is over: sequence 0, 8 s of silence, restart. */
  reset(): void;
}

/** An answer made with a reply's codec. */
export function replyWith<T>(reply: Reply<T>, value: T): PdReply {
  return { type: "reply", code: reply.code, data: reply.encode(value) };
}

/** A refusal, e.g. 3 = not implemented. */
export function refuse(code: number, detail: Uint8Array = new Uint8Array(0)): PdAnswer {
  return { type: "nak", code, detail };
}

/** Accepted, nothing to say. */
export const acknowledged: PdReply = replyWith(ACK, {});

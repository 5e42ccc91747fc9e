import { sleep, type Clock } from "../lib/clock.ts";
import { toToolkitError } from "../lib/errors.ts";
import type { Command, Reply } from "./codec.ts";
import { ID, KEYSET } from "./commands.ts";
import { busyTooLong, inDoubt, noAnswer, refusedBy, unexpectedReply, type Progress } from "./device-errors.ts";
import { carriesMac, encodeFrame, type CheckKind, type Frame } from "./frame.ts";
import { ACK, BUSY, NAK, replies } from "./replies.ts";
import type { SecureSession } from "./secure-channel.ts";
import type { Outcome, Wire } from "./wire.ts";

/** A reply with its name and decoded value, and the times of the exchange by the bus's clock. */
export interface Answer {
  reply: Reply<unknown>;
  value: unknown;
  /** The reply's security block as sent, or null. */
  scb: Uint8Array | null;
  /** When the first sending of the command began. */
  firstSentAt: number;
  receivedAt: number;
  /** From the end of sending to the end of the reply, of the sending that was answered. */
  replyMs: number;
  /** How often the command was sent. */
  attempts: number;
}

/** Budgets in ms; tests make them short. */
export interface DeviceTiming {
  /** Without any valid reply for so long a device is offline (OSDP v2.2, 5.7). */
  offlineMs: number;
  /** Pause between repeats after the quick ones. */
  slowRepeatMs: number;
  /** Pause after BUSY before the command is repeated. */
  busyPauseMs: number;
  /** How long BUSY is accepted for one command. */
  busyLimitMs: number;
  /** Pause before the second and further restarts for one request, growing with each. */
  restartPauseMs: number;
}

/** The standard's limits. */
export const defaultDeviceTiming: DeviceTiming = {
  offlineMs: 8000,
  slowRepeatMs: 500,
  busyPauseMs: 100,
  busyLimitMs: 10_000,
  restartPauseMs: 250,
};

/** What may be asked for one request. */
export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Instead of the command's own limit for the first byte of the reply. */
  replyMs?: number | undefined;
  /** Give up after so many sendings without a good reply, though the 8 s are not over. */
  maxAttempts?: number | undefined;
}

/** How an exchange ended: an answer, or the need to begin anew with sequence 0. */
export type Step = { type: "answer"; answer: Answer } | { type: "restart" };

/** Security block of a handshake command: type and key selector (1 own key, 0 factory key). */
export interface HandshakeBlock {
  type: number;
  selector: number;
}

const quickRepeats = 3;

/**
 * The sequence of exchanges with one address (OSDP v2.2, 5.9, annex D): numbers, identical repeats, BUSY, NAK, check kind,
 * and the secure session while there is one. Knows no start-up: {@link Device} decides what is said.
 */
export class Conversation {
  readonly address: number;
  check: CheckKind = "crc";
  /** Number of the next command; null: nothing may be sent before a restart. */
  sequence: number | null = null;
  /** When a valid reply was last heard; -Infinity: never. */
  lastValidAt = Number.NEGATIVE_INFINITY;
  /** Repeated sendings so far. */
  repeats = 0;
  #session: SecureSession | null = null;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #timing: DeviceTiming;

  constructor(wire: Wire, address: number, clock: Clock, timing: DeviceTiming) {
    this.#wire = wire;
    this.address = address;
    this.#clock = clock;
    this.#timing = timing;
  }

  /** True while everything goes through a secure session. */
  get secured(): boolean {
    return this.#session !== null;
  }

  /** From the next command on everything is sealed. */
  secure(session: SecureSession): void {
    this.#session = session;
  }

  /** Back to sequence 0, in clear: what the next command begins. */
  reset(): void {
    this.sequence = 0;
    this.#endSession();
  }

  /** Nothing may be sent before a restart. */
  drop(): void {
    this.sequence = null;
    this.#endSession();
  }

  #endSession(): void {
    this.#session?.close();
    this.#session = null;
  }

  /** Sends one command until there is an end. One that is given up half-way leaves its number in doubt: restart next. */
  async perform(
    command: Command<unknown>,
    data: Uint8Array,
    options: RequestOptions,
    block?: HandshakeBlock,
  ): Promise<Step> {
    const sequence = this.sequence ?? 0;
    const progress: Progress = { attempts: 0, firstSentAt: this.#clock.now(), busySince: 0, unclear: false };
    try {
      return await this.#repeat(command, data, sequence, progress, options, block);
    } catch (error) {
      if (this.sequence === sequence) this.drop();
      throw inDoubt(command, toToolkitError(error), progress);
    }
  }

  /** A fitting reply, the need to restart, or an error; until then the identical bytes again. */
  async #repeat(
    command: Command<unknown>,
    data: Uint8Array,
    sequence: number,
    progress: Progress,
    options: RequestOptions,
    block?: HandshakeBlock,
  ): Promise<Step> {
    const begun = this.#clock.now();
    let bytes = this.#encode(command.code, data, sequence, block);
    for (;;) {
      const outcome = await this.#attempt(command, bytes, sequence, progress, options);
      if (outcome.type === "reply") {
        const step = await this.#judge(command, outcome, sequence, progress, options);
        if (step) return step;
      } else {
        progress.unclear = true;
        if (outcome.type === "lost") throw outcome.error;
        this.#giveUpIfOver(command, begun, progress.attempts, options);
        this.repeats += 1;
      }
      // A PD that knows only checksums stays silent, or says NAK 01, on CRC; at the first word the kind is still open.
      if (command.code === ID.code && sequence === 0 && this.#otherCheck(outcome, progress.attempts)) {
        bytes = this.#encode(command.code, data, sequence, block);
      }
      if (outcome.type !== "reply" && progress.attempts > quickRepeats) {
        await sleep(this.#clock, this.#timing.slowRepeatMs, options.signal);
      }
    }
  }

  #otherCheck(outcome: Outcome, attempts: number): boolean {
    const due =
      outcome.type === "reply" ? outcome.frame.code === NAK.code && attempts >= 2 : attempts % quickRepeats === 0;
    if (due) this.check = this.check === "crc" ? "checksum" : "crc";
    return due;
  }

  #encode(code: number, data: Uint8Array, sequence: number, block?: HandshakeBlock): Uint8Array {
    const scb = block ? Uint8Array.of(3, block.type, block.selector) : null;
    const frame: Frame = {
      address: this.address,
      reply: false,
      sequence,
      check: this.check,
      scb,
      code,
      data,
      mac: null,
    };
    return encodeFrame(this.#session ? this.#session.seal(frame) : frame);
  }

  async #attempt(
    command: Command<unknown>,
    bytes: Uint8Array,
    sequence: number,
    progress: Progress,
    options: RequestOptions,
  ): Promise<Outcome> {
    const fits = (frame: Frame): boolean => this.#fits(frame, sequence);
    const outcome = await this.#wire.attempt(bytes, fits, options.replyMs ?? command.timeoutMs, options.signal);
    if (progress.attempts === 0) progress.firstSentAt = outcome.sentAt;
    progress.attempts += 1;
    return outcome;
  }

  /** A reply from the one asked: same number, or 0 (BUSY, request to restart), or NAK 04 with the PD's own number. */
  #fits(frame: Frame, sequence: number): boolean {
    if (frame.address !== this.address) return false;
    if (frame.sequence === sequence || frame.sequence === 0) return true;
    return frame.code === NAK.code && (carriesMac(frame.scb) || frame.data[0] === 4);
  }

  async #judge(
    command: Command<unknown>,
    outcome: Extract<Outcome, { type: "reply" }>,
    sequence: number,
    progress: Progress,
    options: RequestOptions,
  ): Promise<Step | null> {
    const { frame, receivedAt } = outcome;
    if (frame.code === BUSY.code && frame.scb === null) {
      this.lastValidAt = receivedAt;
      progress.busySince ||= receivedAt;
      progress.unclear = true;
      if (receivedAt - progress.busySince >= this.#timing.busyLimitMs) throw busyTooLong(command.name);
      await sleep(this.#clock, this.#timing.busyPauseMs, options.signal);
      return null;
    }
    if (frame.code === NAK.code && frame.scb === null && frame.data[0] === 1) {
      this.lastValidAt = receivedAt;
      this.#giveUpIfOver(command, progress.firstSentAt, progress.attempts, options);
      this.repeats += 1;
      return null;
    }
    const data = this.#open(command, frame);
    const restart =
      data === null || (frame.code === NAK.code && data[0] === 4) || (frame.sequence === 0 && sequence !== 0);
    if (restart) {
      this.drop();
      return { type: "restart" };
    }
    this.lastValidAt = receivedAt;
    this.sequence = (sequence % 3) + 1;
    return { type: "answer", answer: this.#read(command, frame, data, outcome, progress) };
  }

  /**
   * The plain data of a reply; null: the session is over (D.1.4). In a session only NAK 01 and BUSY may come in clear; a
   * plain ACK to KEYSET is accepted because readers in the field send it (libosdp #194).
   */
  #open(command: Command<unknown>, frame: Frame): Uint8Array | null {
    if (this.#session) {
      if (frame.scb !== null) return this.#session.open(frame);
      return command.code === KEYSET.code && frame.code === ACK.code ? frame.data : null;
    }
    return carriesMac(frame.scb) ? null : frame.data;
  }

  #read(
    command: Command<unknown>,
    frame: Frame,
    data: Uint8Array,
    outcome: Extract<Outcome, { type: "reply" }>,
    progress: Progress,
  ): Answer {
    if (frame.code === NAK.code) throw refusedBy(command.name, NAK.decode(data));
    const reply = command.replies.find((candidate) => candidate.code === frame.code);
    if (!reply) throw unexpectedReply(command.name, replies.get(frame.code)?.name ?? `code ${String(frame.code)}`);
    const { receivedAt, replyMs } = outcome;
    const { firstSentAt, attempts } = progress;
    return { reply, value: reply.decode(data), scb: frame.scb, firstSentAt, receivedAt, replyMs, attempts };
  }

  #giveUpIfOver(command: Command<unknown>, begun: number, attempts: number, options: RequestOptions): void {
    const over = this.#clock.now() - begun >= this.#timing.offlineMs;
    if (!over && attempts < (options.maxAttempts ?? Number.POSITIVE_INFINITY)) return;
    throw noAnswer(this.address, command, attempts);
  }
}

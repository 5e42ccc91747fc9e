import { sleep, type Clock } from "../lib/clock.ts";
import { fail, ToolkitError } from "../lib/errors.ts";
import { Listeners } from "../lib/listeners.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Command, Reply } from "./codec.ts";
import { CAP, ID, POLL } from "./commands.ts";
import { busyTooLong, interrupted, noAnswer, refusedBy, unexpectedReply } from "./device-errors.ts";
import { DEFAULT_RECEIVE_BYTES, encodeFrame, type CheckKind, type Frame } from "./frame.ts";
import { ACK, BUSY, NAK, replies, type Capability, type DeviceId } from "./replies.ts";
import type { Outcome, Wire } from "./wire.ts";

/** A reply with its name and decoded value, and the times of the exchange by the bus's clock. */
export interface Answer {
  reply: Reply<unknown>;
  value: unknown;
  /** When the first sending of the command began. */
  firstSentAt: number;
  receivedAt: number;
  /** How often the command was sent. */
  attempts: number;
}

/** What is known of a device since its last start. */
export interface DeviceFacts {
  id: DeviceId;
  capabilities: readonly Capability[];
  /** Longest frame it takes: capability 10, else 128. */
  receiveBytes: number;
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
}

/** The standard's limits. */
export const defaultDeviceTiming: DeviceTiming = {
  offlineMs: 8000,
  slowRepeatMs: 500,
  busyPauseMs: 100,
  busyLimitMs: 10_000,
};

const quickRepeats = 3;
/** A restart is tried so often for one request before it is given up. */
const restartsPerRequest = 3;

/** What may be asked for one request. */
export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Instead of the command's own limit for the first byte of the reply. */
  replyMs?: number | undefined;
  /** Give up after so many sendings without a good reply, though the 8 s are not over. */
  maxAttempts?: number | undefined;
}

type Step = { type: "answer"; answer: Answer } | { type: "restart" };

/**
 * One PD as the ACU sees it: sequence numbers, identical repeats, BUSY, NAK, restart with 0, 8 s offline (OSDP v2.2, 5.7,
 * 5.9). One request at a time; others wait in their order.
 */
export class Device {
  readonly address: number;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #timing: DeviceTiming;
  readonly #turn = new Mutex();
  readonly #reports = new Listeners<[Reply<unknown>, unknown]>();
  #sequence: number | null = null;
  #check: CheckKind = "crc";
  #facts: DeviceFacts | null = null;
  #lastValidAt = Number.NEGATIVE_INFINITY;
  #repeats = 0;

  constructor(wire: Wire, address: number, clock: Clock, timing: DeviceTiming = defaultDeviceTiming) {
    this.#wire = wire;
    this.address = address;
    this.#clock = clock;
    this.#timing = timing;
  }

  /** Identity and capabilities of the last start; null before the first. */
  get facts(): DeviceFacts | null {
    return this.#facts;
  }
  /** True while the conversation stands: started, and heard within the offline limit. */
  get online(): boolean {
    return this.#sequence !== null && this.#clock.now() - this.#lastValidAt < this.#timing.offlineMs;
  }
  /** When a valid reply was last heard, by the clock; -Infinity: never. */
  get lastValidAt(): number {
    return this.#lastValidAt;
  }
  /** Repeated sendings so far. */
  get repeats(): number {
    return this.#repeats;
  }

  /** Hears what the device reports by itself (answers to POLL), in order. */
  onReport(fn: (reply: Reply<unknown>, value: unknown) => void): () => void {
    return this.#reports.add(fn);
  }

  /** Forgets the conversation: the next request begins with sequence 0, ID and CAP. */
  forget(): void {
    this.#sequence = null;
  }

  /** Starts anew with sequence 0 and gives what the device says of itself. */
  start(options: RequestOptions = {}): Promise<DeviceFacts> {
    return this.#turn.run(() => this.#start(options));
  }

  /**
   * Sends one command and gives its reply. Rejects with `device-timeout`, `device-refused` (NAK; `data.nak`),
   * `device-auth` (NAK 06), `protocol` (a reply that does not fit), and what stopped the wire. `data.maybeExecuted` is true
   * where the device may have acted although no good reply came; such a command is never sent again by itself.
   */
  request<T>(command: Command<T>, value: T, options: RequestOptions = {}): Promise<Answer> {
    return this.#turn.run(async () => {
      for (let restarts = 0; ; restarts++) {
        if (!this.online) await this.#start(options);
        const step = await this.#perform(command, command.encode(value), options);
        if (step.type === "answer") return step.answer;
        if (!command.readOnly || restarts >= restartsPerRequest) throw interrupted(command.name);
      }
    });
  }

  /** One POLL; a report is passed to the listeners and given back, null when there was nothing. */
  async poll(options: RequestOptions = {}): Promise<Answer | null> {
    const answer = await this.request(POLL, {}, options);
    if (answer.reply.code === ACK.code) return null;
    this.#reports.emit(answer.reply, answer.value);
    return answer;
  }

  async #start(options: RequestOptions): Promise<DeviceFacts> {
    for (let restarts = 0; restarts <= restartsPerRequest; restarts++) {
      this.#sequence = 0;
      const id = await this.#perform(ID, ID.encode({ type: 0 }), options);
      if (id.type === "restart") continue;
      const cap = await this.#capabilities(options);
      if (cap === null) continue;
      this.#facts = { id: id.answer.value as DeviceId, ...cap };
      return this.#facts;
    }
    this.#sequence = null;
    throw fail("protocol", `The device at address ${String(this.address)} keeps asking for a restart.`);
  }

  async #capabilities(options: RequestOptions): Promise<Omit<DeviceFacts, "id"> | null> {
    let capabilities: Capability[] = [];
    try {
      const step = await this.#perform(CAP, CAP.encode({ type: 0 }), options);
      if (step.type === "restart") return null;
      capabilities = (step.answer.value as { capabilities: Capability[] }).capabilities;
    } catch (error) {
      // A PD that refuses CAP can still be used: nothing is assumed but the standard's floor.
      if (!(error instanceof ToolkitError) || error.code !== "device-refused") throw error;
    }
    const check = capabilities.find((c) => c.function === 8);
    if (check) this.#check = check.compliance > 0 ? "crc" : "checksum";
    const receive = capabilities.find((c) => c.function === 10);
    const size = receive ? receive.compliance + receive.count * 256 : 0;
    return { capabilities, receiveBytes: size > 0 ? size : DEFAULT_RECEIVE_BYTES };
  }

  /** Sends one command until there is an end. One that is given up half-way leaves its number in doubt: restart next. */
  async #perform(command: Command<unknown>, data: Uint8Array, options: RequestOptions): Promise<Step> {
    const sequence = this.#sequence ?? 0;
    try {
      return await this.#repeat(command, data, sequence, options);
    } catch (error) {
      if (this.#sequence === sequence) this.#sequence = null;
      throw error;
    }
  }

  /** A fitting reply, the need to restart, or an error; until then the identical bytes again. */
  async #repeat(command: Command<unknown>, data: Uint8Array, sequence: number, options: RequestOptions): Promise<Step> {
    const begun = this.#clock.now();
    const progress = { attempts: 0, firstSentAt: begun, busySince: 0 };
    for (;;) {
      const bytes = this.#frame(command.code, data, sequence);
      const outcome = await this.#attempt(command, bytes, sequence, progress, options);
      if (outcome.type === "reply") {
        const step = await this.#judge(command, outcome, sequence, progress, options);
        if (step) return step;
        continue;
      }
      this.#giveUpIfOver(command, begun, progress.attempts, options);
      this.#repeats += 1;
      // A PD that knows only checksums stays silent, or says NAK 01, on CRC; at the start the kind is still open.
      if (sequence === 0 && progress.attempts % quickRepeats === 0)
        this.#check = this.#check === "crc" ? "checksum" : "crc";
      if (progress.attempts > quickRepeats) await sleep(this.#clock, this.#timing.slowRepeatMs, options.signal);
    }
  }

  #frame(code: number, data: Uint8Array, sequence: number): Uint8Array {
    return encodeFrame({
      address: this.address,
      reply: false,
      sequence,
      check: this.#check,
      scb: null,
      code,
      data,
      mac: null,
    });
  }

  async #attempt(
    command: Command<unknown>,
    bytes: Uint8Array,
    sequence: number,
    progress: { attempts: number; firstSentAt: number },
    options: RequestOptions,
  ): Promise<Outcome> {
    let outcome: Outcome;
    try {
      const fits = (frame: Frame): boolean => this.#fits(frame, sequence);
      outcome = await this.#wire.attempt(bytes, fits, options.replyMs ?? command.timeoutMs, options.signal);
    } catch (error) {
      throw this.#lost(command, error as ToolkitError, progress.attempts);
    }
    if (progress.attempts === 0) progress.firstSentAt = outcome.sentAt;
    progress.attempts += 1;
    return outcome;
  }

  /** A reply from the one asked: same number, or 0 (BUSY, request to restart), or NAK 04 with the PD's own number. */
  #fits(frame: Frame, sequence: number): boolean {
    if (frame.address !== this.address) return false;
    return frame.sequence === sequence || frame.sequence === 0 || (frame.code === NAK.code && frame.data[0] === 4);
  }

  async #judge(
    command: Command<unknown>,
    outcome: Extract<Outcome, { type: "reply" }>,
    sequence: number,
    progress: { attempts: number; firstSentAt: number; busySince: number },
    options: RequestOptions,
  ): Promise<Step | null> {
    const { frame, receivedAt } = outcome;
    this.#lastValidAt = receivedAt;
    if (frame.code === BUSY.code) {
      progress.busySince ||= receivedAt;
      if (receivedAt - progress.busySince >= this.#timing.busyLimitMs) throw busyTooLong(command.name);
      await sleep(this.#clock, this.#timing.busyPauseMs, options.signal);
      return null;
    }
    if (frame.code === NAK.code && frame.data[0] === 1) {
      this.#giveUpIfOver(command, progress.firstSentAt, progress.attempts, options);
      this.#repeats += 1;
      if (sequence === 0 && progress.attempts >= 2) this.#check = "checksum";
      return null;
    }
    if ((frame.code === NAK.code && frame.data[0] === 4) || (frame.sequence === 0 && sequence !== 0)) {
      this.#sequence = null;
      return { type: "restart" };
    }
    this.#sequence = (sequence % 3) + 1;
    if (frame.code === NAK.code) throw refusedBy(command.name, NAK.decode(frame.data));
    const reply = command.replies.find((candidate) => candidate.code === frame.code);
    if (!reply) throw unexpectedReply(command.name, replies.get(frame.code)?.name ?? `code ${String(frame.code)}`);
    const value = reply.decode(frame.data);
    return {
      type: "answer",
      answer: { reply, value, receivedAt, firstSentAt: progress.firstSentAt, attempts: progress.attempts },
    };
  }

  #giveUpIfOver(command: Command<unknown>, begun: number, attempts: number, options: RequestOptions): void {
    const over = this.#clock.now() - begun >= this.#timing.offlineMs;
    if (!over && attempts < (options.maxAttempts ?? Number.POSITIVE_INFINITY)) return;
    throw noAnswer(this.address, command, attempts);
  }

  #lost(command: Command<unknown>, error: ToolkitError, attempts: number): ToolkitError {
    if (attempts === 0 || command.readOnly) return error;
    return fail(error.code, error.message, { cause: error, data: { ...error.data, maybeExecuted: true } });
  }
}

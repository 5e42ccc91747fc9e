import { sleep, type Clock } from "../lib/clock.ts";
import { fail, ToolkitError } from "../lib/errors.ts";
import { Listeners } from "../lib/listeners.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Command, Reply } from "./codec.ts";
import { CAP, ID, POLL } from "./commands.ts";
import {
  Conversation,
  defaultDeviceTiming,
  type Answer,
  type DeviceTiming,
  type RequestOptions,
} from "./conversation.ts";
import { interrupted } from "./device-errors.ts";
import { DEFAULT_RECEIVE_BYTES, type CheckKind } from "./frame.ts";
import { noSecureChannel, openSession, type LinkKey } from "./handshake.ts";
import { ACK, type Capability, type DeviceId } from "./replies.ts";
import type { Wire } from "./wire.ts";

export { defaultDeviceTiming, type Answer, type DeviceTiming, type RequestOptions } from "./conversation.ts";

/** What is known of a device since its last start. */
export interface DeviceFacts {
  id: DeviceId;
  capabilities: readonly Capability[];
  /** Longest frame it takes: capability 10, else 128. */
  receiveBytes: number;
}

/** How the link to a device is protected. */
export type LinkSecurity = "none" | "scbk" | "scbk-d";

/** A restart is tried so often for one request before it is given up. */
const restartsPerRequest = 3;

/**
 * One PD as the ACU sees it: start-up with ID and CAP, secure session if a key is set, requests that never act twice,
 * restart with sequence 0, 8 s offline (OSDP v2.2, 5.7, 5.9, annex D). One request at a time; others wait in their order.
 */
export class Device {
  readonly address: number;
  /** Rates (bit/s) at which this unit was seen to drop long frames although it advertises them. */
  readonly shortFrameRates = new Set<number>();
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #timing: DeviceTiming;
  readonly #talk: Conversation;
  readonly #turn = new Mutex();
  readonly #reports = new Listeners<[Reply<unknown>, unknown]>();
  readonly #swaps = new Listeners<[{ before: DeviceId; now: DeviceId }]>();
  #facts: DeviceFacts | null = null;
  #link: LinkKey | null = null;

  constructor(wire: Wire, address: number, clock: Clock, timing: DeviceTiming = defaultDeviceTiming) {
    this.#wire = wire;
    this.address = address;
    this.#clock = clock;
    this.#timing = timing;
    this.#talk = new Conversation(wire, address, clock, timing);
  }

  /** Present rate of its line, bit/s. */
  get baud(): number {
    return this.#wire.baud;
  }
  /** Identity and capabilities of the last start; null before the first. */
  get facts(): DeviceFacts | null {
    return this.#facts;
  }
  /** True while the conversation stands: started, and heard within the offline limit. */
  get online(): boolean {
    return this.#talk.sequence !== null && this.#clock.now() - this.#talk.lastValidAt < this.#timing.offlineMs;
  }
  /** When a valid reply was last heard, by the clock; -Infinity: never. */
  get lastValidAt(): number {
    return this.#talk.lastValidAt;
  }
  /** Repeated sendings so far. */
  get repeats(): number {
    return this.#talk.repeats;
  }
  /** The kind of check that it is spoken to with; found out at its start. */
  get check(): CheckKind {
    return this.#talk.check;
  }
  /** How the link is protected just now. */
  get security(): LinkSecurity {
    return this.#talk.secured ? (this.#link?.kind ?? "none") : "none";
  }

  /** Hears what the device reports by itself (answers to POLL), in order. */
  onReport(fn: (reply: Reply<unknown>, value: unknown) => void): () => void {
    return this.#reports.add(fn);
  }

  /** Hears that another unit answers at this address now (vendor, model or serial number changed). */
  onSwap(fn: (swap: { before: DeviceId; now: DeviceId }) => void): () => void {
    return this.#swaps.add(fn);
  }

  /** From the next start on the link is opened with this key and no other; null: in clear. */
  useKey(link: LinkKey | null): void {
    this.#link = link;
    this.#talk.drop();
  }

  /** Forgets the conversation: the next request begins with sequence 0, ID and CAP. */
  forget(): void {
    this.#talk.drop();
  }

  /** Starts anew with sequence 0 and gives what the device says of itself. `plain`: asks in clear whatever key is set. */
  start(options: RequestOptions & { plain?: boolean } = {}): Promise<DeviceFacts> {
    return this.#turn.run(() => this.#start(options, options.plain === true ? null : this.#link));
  }

  /**
   * Sends one command and gives its reply. Rejects with `device-timeout`, `device-refused` (NAK; `data.nak`),
   * `device-auth` (NAK 06, another key), `protocol` (a reply that does not fit), and what stopped the wire.
   * `data.maybeExecuted` is true where the device may have acted although no good reply came; such a command is never sent
   * again by itself, reads are.
   */
  request<T>(command: Command<T>, value: T, options: RequestOptions = {}): Promise<Answer> {
    return this.#turn.run(async () => {
      for (let restarts = 0; ; restarts++) {
        if (restarts > 1) await sleep(this.#clock, this.#timing.restartPauseMs * (restarts - 1), options.signal);
        if (!this.online) await this.#start(options, this.#link);
        const step = await this.#talk.perform(command, command.encode(value), options);
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

  async #start(options: RequestOptions, link: LinkKey | null): Promise<DeviceFacts> {
    for (let restarts = 0; restarts <= restartsPerRequest; restarts++) {
      if (restarts > 1) await sleep(this.#clock, this.#timing.restartPauseMs * (restarts - 1), options.signal);
      this.#talk.reset();
      const id = await this.#talk.perform(ID, ID.encode({ type: 0 }), options);
      if (id.type === "restart") continue;
      const cap = await this.#capabilities(options);
      if (cap === null) continue;
      this.#noteFacts({ id: id.answer.value as DeviceId, ...cap });
      if (link && !(await this.#secure(link, cap.capabilities, options))) continue;
      return { id: id.answer.value as DeviceId, ...cap };
    }
    this.#talk.drop();
    throw fail("protocol", `The device at address ${String(this.address)} keeps asking for a restart.`);
  }

  #secure(link: LinkKey, capabilities: readonly Capability[], options: RequestOptions): Promise<boolean> {
    const security = capabilities.find((c) => c.function === 9);
    if (security && (security.compliance & 1) === 0) throw noSecureChannel(this.#talk);
    return openSession(this.#talk, link, options);
  }

  #noteFacts(facts: DeviceFacts): void {
    const before = this.#facts?.id;
    this.#facts = facts;
    const same = (a: DeviceId, b: DeviceId): boolean =>
      a.vendor === b.vendor && a.model === b.model && a.serialNumber === b.serialNumber;
    if (!before || same(before, facts.id)) return;
    this.shortFrameRates.clear();
    this.#swaps.emit({ before, now: facts.id });
  }

  async #capabilities(options: RequestOptions): Promise<Omit<DeviceFacts, "id"> | null> {
    let capabilities: Capability[] = [];
    try {
      const step = await this.#talk.perform(CAP, CAP.encode({ type: 0 }), options);
      if (step.type === "restart") return null;
      capabilities = (step.answer.value as { capabilities: Capability[] }).capabilities;
    } catch (error) {
      // A PD that refuses CAP can still be used: nothing is assumed but the standard's floor.
      if (!(error instanceof ToolkitError) || error.code !== "device-refused") throw error;
    }
    const check = capabilities.find((c) => c.function === 8);
    if (check) this.#talk.check = check.compliance > 0 ? "crc" : "checksum";
    const receive = capabilities.find((c) => c.function === 10);
    const size = receive ? receive.compliance + receive.count * 256 : 0;
    return { capabilities, receiveBytes: size > 0 ? size : DEFAULT_RECEIVE_BYTES };
  }
}

import { randomBytes } from "node:crypto";
import { CHLNG, KEYSET, SCRYPT } from "../../osdp/commands.ts";
import { carriesMac, type Frame } from "../../osdp/frame.ts";
import { PdSecureChannel } from "../../osdp/pd-security.ts";
import { acknowledged, refuse, type PdAnswer, type PdLater, type PdSecurity } from "../../osdp/peripheral-answer.ts";
import { CCRYPT, RMAC_I } from "../../osdp/replies.ts";
import { block } from "../../osdp/secure-channel.ts";
import { ClearStatusSession } from "./clear-status-session.ts";
import type { Sr01Event } from "./events.ts";
import type { FaultBox } from "./faults.ts";

/** How a simulated unit is keyed. Neither `key` nor `install`: it offers no secure channel. */
export interface UnitKeyOptions {
  /** Its own key (SCBK), 16 bytes; copied. */
  key?: Uint8Array;
  /** Begins without a key of its own, whatever `key` says: answers with SCBK-D and takes KEYSET. */
  install?: boolean;
  /** Makes a key of KEYSET durable before it is acknowledged; default: it is kept in memory. */
  storeKey?: (key: Uint8Array) => Promise<void>;
  /** Where RND.B comes from; default the system's. */
  randomBytes?: (count: number) => Uint8Array;
}

/** What the unit gives its secure channel. */
export interface UnitSecurityParts {
  options: UnitKeyOptions;
  faults: FaultBox;
  clientId: () => Uint8Array;
  onEvent: (event: Sr01Event) => void;
}

/** The secure channel of a simulated unit, or null when it has none. */
export function createUnitSecurity(parts: UnitSecurityParts): UnitSecurity | null {
  return parts.options.key || parts.options.install ? new UnitSecurity(parts) : null;
}

/** The PD's secure channel with the faults of real peers in front of it. */
export class UnitSecurity implements PdSecurity {
  readonly channel: PdSecureChannel;
  readonly #faults: FaultBox;
  readonly #onEvent: (event: Sr01Event) => void;

  constructor({ options, faults, clientId, onEvent }: UnitSecurityParts) {
    this.#faults = faults;
    this.#onEvent = onEvent;
    this.channel = new PdSecureChannel({
      key: options.install ? null : (options.key ?? null),
      clientId,
      randomBytes: options.randomBytes ?? ((count) => new Uint8Array(randomBytes(count))),
      storeKey: options.storeKey ?? (() => Promise.resolve()),
      onSession: (key) => {
        onEvent({ event: "session", key });
      },
      makeSession: (keys, rmac) => new ClearStatusSession(keys, rmac, () => faults.now.xstatInClearBlock15 ?? false),
    });
  }

  /** `data` of a command, or what it gets instead: PdSecurity, with the unit's faults. */
  open(command: Frame): ReturnType<PdSecureChannel["open"]> {
    const refused = this.#refuses(command);
    if (refused) return refused;
    if (!carriesMac(command.scb)) return this.channel.open(command);
    if (this.#faults.spend("forgetsSession")) this.channel.reset();
    if (this.#faults.spend("plainNak06")) {
      this.channel.reset();
      return refuse(6);
    }
    const opened = this.channel.open(command);
    return opened.type === "data" && this.#faults.spend("busyInSession") ? { type: "busy" } : opened;
  }

  seal(reply: Frame, command: Frame): Frame {
    const { now } = this.#faults;
    if (command.code === KEYSET.code && now.keysetAckPlain) {
      this.channel.reset();
      return reply;
    }
    // The MAC covers the kind of check, so it is chosen here and not on the way out.
    const sealed = this.channel.seal(now.replyWithChecksum ? { ...reply, check: "checksum" } : reply, command);
    if (command.code === KEYSET.code && now.keysetEndsSession) this.channel.reset();
    if (sealed.mac && this.#faults.spend("wrongMac")) return { ...sealed, mac: sealed.mac.map((byte) => byte ^ 0x55) };
    return this.#spoilHandshake(sealed);
  }

  sealedBytes(reply: Frame, command: Frame): number {
    return this.channel.sealedBytes(reply, command);
  }

  reset(): void {
    this.channel.reset();
  }

  /** KEYSET, with the faults of units that say ACK and mean something else. */
  keySet(value: { type: number; key: Uint8Array }): PdAnswer | PdLater {
    const { keysetAckThenKeepsOldKey, keysetStoresThenNoAck } = this.#faults.now;
    if (keysetAckThenKeepsOldKey) return acknowledged;
    const answer = this.channel.keySet(value);
    if (answer.type !== "later") return answer;
    const told = answer.answer.then((ripe) => {
      if (ripe.type === "reply") this.#onEvent({ event: "keyset" });
      return keysetStoresThenNoAck && ripe.type === "reply" ? ({ type: "silence" } as const) : ripe;
    });
    return { type: "later", answer: told };
  }

  /** A local action at the unit: no key of its own any more, install mode, no session. */
  resetKey(): void {
    this.channel.useKey(null);
    this.channel.reset();
  }

  #refuses({ code, scb }: Frame): PdAnswer | null {
    const { refusesChallenge, nakNext } = this.#faults.now;
    let nak: number | null = null;
    if (code === CHLNG.code && scb && refusesChallenge) nak = refusesChallenge.nak;
    else if ((code === CHLNG.code || code === SCRYPT.code) && nakNext?.command === code)
      nak = this.#faults.spendNak(code);
    if (nak === null) return null;
    this.channel.reset();
    return refuse(nak);
  }

  #spoilHandshake(reply: Frame): Frame {
    const { wrongCryptogram, rmacStatusFF } = this.#faults.now;
    if (wrongCryptogram && reply.code === CCRYPT.code && reply.scb) {
      return { ...reply, data: reply.data.map((byte, at) => (at >= 16 ? byte ^ 0x55 : byte)) };
    }
    if (!rmacStatusFF || reply.code !== RMAC_I.code || !reply.scb) return reply;
    this.channel.reset();
    return { ...reply, scb: Uint8Array.of(3, block.initialRmac, 0xff) };
  }
}

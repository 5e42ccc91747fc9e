import { concatBytes } from "../lib/bytes.ts";
import { Mutex } from "../lib/mutex.ts";
import { tryDecode } from "./codec.ts";
import { CAP, CHLNG, ID, KEYSET, SCRYPT } from "./commands.ts";
import { carriesMac, frameBytes, type Frame } from "./frame.ts";
import {
  acknowledged,
  refuse,
  replyWith,
  type PdAnswer,
  type PdLater,
  type PdReply,
  type PdSecurity,
} from "./peripheral-answer.ts";
import { CCRYPT, RMAC_I } from "./replies.ts";
import {
  block,
  clientCryptogram,
  deriveKeys,
  factoryKey,
  initialRmac,
  sameSecret,
  SecureSession,
  serverCryptogram,
  type SessionKeys,
} from "./secure-channel.ts";

/** The two halves of a session that a PD needs; {@link SecureSession} unless a test puts another in its place. */
export type PdSession = Pick<SecureSession, "open" | "seal">;

/** What the PD's secure channel is made of. */
export interface PdSecurityOptions {
  /** Its own key (SCBK, 16 bytes), copied; null: it has none yet and is in install mode. */
  key: Uint8Array | null;
  /** cUID, 8 bytes. By the specification the first eight of its PDID; libosdp and others fill it differently. */
  clientId: () => Uint8Array;
  /** RND.B comes from here. */
  randomBytes: (count: number) => Uint8Array;
  /** Makes a new key durable. KEYSET is acknowledged when it resolved, refused (NAK 09, old key kept) when it rejects. */
  storeKey: (key: Uint8Array) => Promise<void>;
  /** A session stands: with which key. */
  onSession?: (key: "scbk" | "scbk-d") => void;
  makeSession?: (keys: SessionKeys, rmac: Uint8Array) => PdSession;
}

interface Handshake {
  keys: SessionKeys;
  randomA: Uint8Array;
  randomB: Uint8Array;
  selector: number;
}

type Opened = { type: "data"; data: Uint8Array } | PdAnswer;

const nothing = new Uint8Array(0);
const nak = { notSupported: 5, securityRequired: 6, length: 2, cannotProcess: 9 } as const;

/**
 * The PD's side of the secure channel (OSDP v2.2, annex D) with what the book leaves open decided:
 * - CHLNG for a key that is not there (1 in install mode, 0 with an own key, anything else), a handshake message without
 *   its block, SCRYPT without CHLNG: NAK 05. NAK 06 would tell the panel to begin with the same CHLNG again.
 * - A wrong cryptogram of the panel: RMAC_I with status FF and sixteen zeros, the handshake is over. (libosdp: NAK 05.)
 * - With an own key only ID, CAP, CHLNG and SCRYPT are answered in clear; COMSET too needs a session, for it can take a
 *   lock off its line. In install mode there is nothing to protect yet: all but KEYSET goes in clear.
 * - A command in clear inside a session: NAK 06 in clear, the session is over. A panel that sends it has lost the session
 *   and could not read a sealed NAK (libosdp sends one and goes on), and a plain NAK 06 means just that (D.1.4).
 * - Wrong MAC, wrong padding, data in a block for none (15), a reply's block: NAK 06 in clear, the session is over. Block
 *   17 without data is tolerated: some panels send it so.
 * - KEYSET keeps the session; the new key counts from the next CHLNG. The factory key is no key: NAK 09.
 */
export class PdSecureChannel implements PdSecurity {
  readonly #options: PdSecurityOptions;
  readonly #storing = new Mutex();
  #key: Uint8Array | null;
  #handshake: Handshake | null = null;
  #session: { keys: SessionKeys; chain: PdSession; selector: number } | null = null;
  /** Block of the handshake reply that goes out next. */
  #replyBlock: Uint8Array | null = null;

  constructor(options: PdSecurityOptions) {
    this.#options = options;
    this.#key = options.key?.slice() ?? null;
  }

  /** True until it has a key of its own: the default key is in use (capability 9). */
  get installMode(): boolean {
    return this.#key === null;
  }

  /** The key of the running session, null without one. */
  get session(): "scbk" | "scbk-d" | null {
    return this.#session && keyName(this.#session.selector);
  }

  open(command: Frame): Opened {
    this.#replyBlock = null;
    switch (command.scb?.[1]) {
      case undefined:
        return this.#clear(command);
      case block.challenge:
        return command.code === CHLNG.code ? this.#challenge(command) : this.#over(nak.notSupported);
      case block.serverCryptogram:
        return command.code === SCRYPT.code ? this.#prove(command) : this.#over(nak.notSupported);
      case block.commandPlain:
        return command.data.length === 0 ? this.#secured(command) : this.#over(nak.securityRequired);
      case block.commandData:
        return this.#secured(command);
      default:
        return this.#over(carriesMac(command.scb) ? nak.securityRequired : nak.notSupported);
    }
  }

  seal(reply: Frame, command: Frame): Frame {
    const scb = this.#replyBlock;
    this.#replyBlock = null;
    if (scb) return { ...reply, scb };
    return this.#session && carriesMac(command.scb) ? this.#session.chain.seal(reply) : reply;
  }

  sealedBytes(reply: Frame, command: Frame): number {
    if (this.#replyBlock) return frameBytes({ ...reply, scb: this.#replyBlock });
    if (!this.#session || !carriesMac(command.scb)) return frameBytes(reply);
    const { length } = reply.data;
    const sealedData = length === 0 ? 0 : 16 * (Math.floor(length / 16) + 1);
    return frameBytes({ ...reply, scb: null, data: nothing }) + 6 + sealedData;
  }

  reset(): void {
    this.#replyBlock = null;
    wipe(this.#handshake?.keys);
    wipe(this.#session?.keys);
    this.#handshake = null;
    this.#session = null;
  }

  /**
   * KEYSET, for the application to pass on. Type 1 with 16 bytes only, else NAK 09; ACK once the key is stored. `open` has
   * seen to it that it came inside a session.
   */
  keySet({ type, key }: { type: number; key: Uint8Array }): PdAnswer | PdLater {
    if (!this.#session) return refuse(nak.securityRequired);
    if (type !== 1 || key.length !== 16 || sameSecret(key, factoryKey as Uint8Array)) return refuse(nak.cannotProcess);
    const stored = this.#storing.run(async () => {
      await this.#options.storeKey(key);
      this.useKey(key);
    });
    return {
      type: "later",
      answer: stored.then(
        () => acknowledged,
        () => refuse(nak.cannotProcess),
      ),
    };
  }

  /** A local action: this key from the next CHLNG on; null puts it back into install mode. */
  useKey(key: Uint8Array | null): void {
    this.#key?.fill(0);
    this.#key = key?.slice() ?? null;
  }

  /** Ends the session and forgets the key. */
  close(): void {
    this.reset();
    this.useKey(null);
  }

  #clear({ code, data }: Frame): Opened {
    if (this.#session) return this.#over(nak.securityRequired);
    if (code === CHLNG.code || code === SCRYPT.code) return this.#over(nak.notSupported);
    const allowed = this.installMode ? code !== KEYSET.code : code === ID.code || code === CAP.code;
    return allowed ? { type: "data", data } : refuse(nak.securityRequired);
  }

  #challenge(command: Frame): PdAnswer {
    this.reset();
    const selector = command.scb?.[2];
    const key = selector === 1 ? this.#key : selector === 0 && this.installMode ? factoryKey : null;
    if (!key || selector === undefined || command.scb?.length !== 3) return refuse(nak.notSupported);
    const challenge = tryDecode(CHLNG, command.data);
    if (!challenge) return refuse(nak.length);
    const { random: randomA } = challenge;
    const randomB = this.#options.randomBytes(8);
    const keys = deriveKeys(key as Uint8Array, randomA);
    this.#handshake = { keys, randomA, randomB, selector };
    this.#replyBlock = Uint8Array.of(3, block.clientCryptogram, selector);
    const cryptogram = clientCryptogram(keys, randomA, randomB);
    return replyWith(CCRYPT, { clientId: this.#options.clientId(), random: randomB, cryptogram });
  }

  #prove(command: Frame): PdAnswer {
    const handshake = this.#handshake;
    const proof = tryDecode(SCRYPT, command.data);
    if (!handshake || !proof) return this.#over(proof ? nak.notSupported : nak.length);
    const { keys, randomA, randomB, selector } = handshake;
    const good = sameSecret(proof.cryptogram, serverCryptogram(keys, randomA, randomB));
    const rmac = good ? initialRmac(keys, proof.cryptogram) : new Uint8Array(16);
    if (good) {
      this.#handshake = null;
      this.#start(keys, rmac, selector);
    } else this.reset();
    this.#replyBlock = Uint8Array.of(3, block.initialRmac, good ? 1 : 0xff);
    return replyWith(RMAC_I, { rmac });
  }

  #start(keys: SessionKeys, rmac: Uint8Array, selector: number): void {
    const chain = this.#options.makeSession?.(keys, rmac) ?? new SecureSession(keys, rmac);
    this.#session = { keys, chain, selector };
    this.#options.onSession?.(keyName(selector));
  }

  #secured(command: Frame): Opened {
    const data = this.#session?.chain.open(command) ?? null;
    return data ? { type: "data", data } : this.#over(nak.securityRequired);
  }

  /** Any answer in clear but BUSY and NAK 01 ends the session (D.1.4). */
  #over(code: number): PdAnswer {
    this.reset();
    return refuse(code);
  }
}

/** cUID as the specification has it: the first eight bytes of the PDID. */
export function clientIdOf(pdid: PdReply): Uint8Array {
  return concatBytes(pdid.data, new Uint8Array(8)).slice(0, 8);
}

function keyName(selector: number): "scbk" | "scbk-d" {
  return selector === 1 ? "scbk" : "scbk-d";
}

function wipe(keys: SessionKeys | undefined): void {
  keys?.enc.fill(0);
  keys?.mac1.fill(0);
  keys?.mac2.fill(0);
}

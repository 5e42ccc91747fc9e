import { equalBytes } from "../lib/bytes.ts";
import { tryDecode } from "./codec.ts";
import { CHLNG, KEYSET, SCRYPT } from "./commands.ts";
import { carriesMac, type Frame } from "./frame.ts";
import { isKeyset, KeysetGuard } from "./keyset-guard.ts";
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

/** Keys learnt from KEYSET: the newest so many. */
const maxLearntKeys = 16;

/** What a listener can say of one frame. */
export interface Followed {
  /** What follows the code: decrypted where that was possible, else as on the wire. */
  data: Uint8Array;
  /**
   * For frames with a security block. `block`: its type in hex. `macOk`: true = fits the chain of the session; false = the
   * first frame that does not; null = cannot be judged (no MAC, no handshake seen, no key fits, or the chain is lost).
   */
  secure: { block: string; macOk: boolean | null } | null;
  /** `data` holds, or would give anybody, the key of a KEYSET: show it only to who gave a key himself. */
  holdsKey: boolean;
}

/** A frame as it came: `ok` is its check; `masked`: its data was blotted out when it was recorded. */
export interface Sighting {
  frame: Frame;
  bytes: Uint8Array;
  ok: boolean;
  masked?: boolean;
}

interface Handshake {
  randomA: Uint8Array;
  /** Found by the PD's cryptogram. */
  proven: { keys: SessionKeys; randomB: Uint8Array } | null;
  serverCryptogram: Uint8Array | null;
}

interface Sealed {
  bytes: Uint8Array;
  followed: Followed;
}

/** What is known of one address. */
interface Peer {
  handshake: Handshake | null;
  session: SecureSession | null;
  /** A frame of the chain was missed. */
  lost: boolean;
  /** The last sealed command and reply that fitted, for repeats. */
  last: { command: Sealed | null; reply: Sealed | null };
}

/**
 * Follows the secure sessions of a line from outside, both directions in stream order, and decrypts what its keys allow
 * (OSDP v2.2, annex D). The factory key is always tried; a key set by a KEYSET that could be read is tried from then on.
 * Damaged frames, repeats, BUSY and plain NAKs leave a chain where it is. Knows no time, throws nothing.
 */
export class SessionFollower {
  readonly #given: readonly Uint8Array[];
  readonly #guard = new KeysetGuard();
  readonly #peers = new Map<number, Peer>();
  #learnt: Uint8Array[] = [];

  /** `keys`: 16 bytes each. */
  constructor(keys: readonly Uint8Array[] = []) {
    this.#given = [...keys, factoryKey as Uint8Array];
  }

  /** True while a session under the factory key is open: what cannot be read now may hold a key. */
  get exposed(): boolean {
    return this.#guard.exposed;
  }

  /** Takes the next frame of the line. */
  take(sighting: Sighting): Followed {
    const { frame, ok, masked } = sighting;
    if (!ok) {
      this.#guard.disturbed();
      return this.#unread(frame, null);
    }
    this.#guard.see(frame);
    if (frame.scb === null) return this.#unread(frame, null);
    const peer = this.#peer(frame.address);
    if (masked) {
      peer.lost = true;
      return { ...this.#unread(frame, null), holdsKey: true };
    }
    if (carriesMac(frame.scb)) return this.#open(peer, frame, sighting.bytes);
    this.#shake(peer, frame);
    return this.#unread(frame, null);
  }

  /** What is said of a frame that stays as it is. */
  #unread(frame: Frame, macOk: boolean | null): Followed {
    const type = frame.scb?.[1];
    const secure = type === undefined ? null : { block: type.toString(16).padStart(2, "0"), macOk };
    return { data: frame.data, secure, holdsKey: this.#guard.readable(frame) };
  }

  #peer(address: number): Peer {
    let peer = this.#peers.get(address);
    if (!peer) {
      peer = { handshake: null, session: null, lost: false, last: { command: null, reply: null } };
      this.#peers.set(address, peer);
    }
    return peer;
  }

  #open(peer: Peer, frame: Frame, bytes: Uint8Array): Followed {
    const side = frame.reply ? "reply" : "command";
    const before = peer.last[side];
    // A repeat is the same bytes (5.7) and moves no chain.
    if (before && equalBytes(before.bytes, bytes)) return before.followed;
    const plain = peer.session?.open(frame) ?? null;
    if (plain === null) {
      const macOk = peer.session === null || peer.lost ? null : false;
      peer.lost = true;
      return this.#unread(frame, macOk);
    }
    peer.lost = false;
    peer.handshake = null;
    const followed = { ...this.#unread(frame, true), data: plain, holdsKey: isKeyset(frame) };
    peer.last[side] = { bytes, followed };
    this.#learn(frame, plain);
    return followed;
  }

  #learn(frame: Frame, plain: Uint8Array): void {
    if (!isKeyset(frame)) return;
    const key = tryDecode(KEYSET, plain)?.key;
    if (key?.length !== 16) return;
    this.#learnt = [key, ...this.#learnt.filter((known) => !equalBytes(known, key))].slice(0, maxLearntKeys);
  }

  /** One of the four frames of a handshake (D.4). */
  #shake(peer: Peer, frame: Frame): void {
    const type = frame.scb?.[1];
    if (!frame.reply && type === block.challenge) {
      const randomA = tryDecode(CHLNG, frame.data)?.random;
      peer.handshake = randomA ? { randomA, proven: null, serverCryptogram: null } : null;
      this.#start(peer, null);
    } else if (peer.handshake === null) return;
    else if (frame.reply && type === block.clientCryptogram) this.#answered(peer.handshake, frame);
    else if (!frame.reply && type === block.serverCryptogram) this.#proved(peer, peer.handshake, frame);
    else if (frame.reply && type === block.initialRmac) this.#opened(peer, peer.handshake, frame);
  }

  #answered(handshake: Handshake, frame: Frame): void {
    const answer = tryDecode(CCRYPT, frame.data);
    if (!answer) return;
    const { randomA } = handshake;
    const fits = (keys: SessionKeys): boolean =>
      sameSecret(clientCryptogram(keys, randomA, answer.random), answer.cryptogram);
    const keys = this.#derived(randomA).find(fits);
    handshake.proven = keys ? { keys, randomB: answer.random } : null;
  }

  /** The panel's cryptogram. With a known key the session is followed from here: its last frame may escape us. */
  #proved(peer: Peer, handshake: Handshake, frame: Frame): void {
    const cryptogram = tryDecode(SCRYPT, frame.data)?.cryptogram;
    if (!cryptogram) return;
    handshake.serverCryptogram = cryptogram;
    const { proven, randomA } = handshake;
    if (!proven || !sameSecret(serverCryptogram(proven.keys, randomA, proven.randomB), cryptogram)) return;
    this.#start(peer, new SecureSession(proven.keys, initialRmac(proven.keys, cryptogram)));
  }

  /** The initial R-MAC proves a key even where the PD's cryptogram was missed. */
  #opened(peer: Peer, handshake: Handshake, frame: Frame): void {
    const cryptogram = handshake.serverCryptogram;
    const rmac = tryDecode(RMAC_I, frame.data)?.rmac;
    if (!cryptogram || !rmac) return;
    const accepted = frame.scb?.[2] === 1;
    const keys = this.#derived(handshake.randomA).find((one) => sameSecret(initialRmac(one, cryptogram), rmac));
    this.#start(peer, accepted && keys ? new SecureSession(keys, rmac) : null);
  }

  #start(peer: Peer, session: SecureSession | null): void {
    peer.session = session;
    peer.lost = false;
    peer.last = { command: null, reply: null };
  }

  #derived(randomA: Uint8Array): SessionKeys[] {
    return [...this.#learnt, ...this.#given].map((key) => deriveKeys(key, randomA));
  }
}

import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { concatBytes } from "../lib/bytes.ts";
import { fail } from "../lib/errors.ts";
import { carriesMac, encodeUpToMac, type Frame } from "./frame.ts";

/** SCBK-D, the key that every device knows before it has its own (OSDP v2.2, D.1). No secret. */
export const factoryKey: Readonly<Uint8Array> = Uint8Array.from({ length: 16 }, (_, i) => 0x30 + i);

/** Security block types. OSDP v2.2, D.1.3. */
export const block = {
  challenge: 0x11,
  clientCryptogram: 0x12,
  serverCryptogram: 0x13,
  initialRmac: 0x14,
  commandPlain: 0x15,
  replyPlain: 0x16,
  commandData: 0x17,
  replyData: 0x18,
} as const;

/** Keys of one session, 16 bytes each. */
export interface SessionKeys {
  readonly enc: Uint8Array;
  readonly mac1: Uint8Array;
  readonly mac2: Uint8Array;
}

/** S-ENC, S-MAC1 and S-MAC2 from the device's key and the panel's random number (8 bytes). OSDP v2.2, D.4.1. */
export function deriveKeys(scbk: Uint8Array, randomA: Uint8Array): SessionKeys {
  const derive = (first: number, second: number): Uint8Array => {
    const input = new Uint8Array(16);
    input.set([first, second, ...randomA.subarray(0, 6)]);
    return encryptBlock(scbk, input);
  };
  return { enc: derive(0x01, 0x82), mac1: derive(0x01, 0x01), mac2: derive(0x01, 0x02) };
}

/** What the PD proves itself with in CCRYPT: E(S-ENC, RND.A || RND.B). D.4.3. */
export function clientCryptogram(keys: SessionKeys, randomA: Uint8Array, randomB: Uint8Array): Uint8Array {
  return encryptBlock(keys.enc, concatBytes(randomA, randomB));
}

/** What the ACU proves itself with in SCRYPT: E(S-ENC, RND.B || RND.A). D.4.4. */
export function serverCryptogram(keys: SessionKeys, randomA: Uint8Array, randomB: Uint8Array): Uint8Array {
  return encryptBlock(keys.enc, concatBytes(randomB, randomA));
}

/** R-MAC-I, the first link of the chain: E(S-MAC2, E(S-MAC1, CP cryptogram)). D.4.6. */
export function initialRmac(keys: SessionKeys, cryptogram: Uint8Array): Uint8Array {
  return encryptBlock(keys.mac2, encryptBlock(keys.mac1, cryptogram));
}

/** Same bytes, compared in constant time. */
export function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Full MAC of a message (SOM to the last byte before the MAC), chained from `icv`. D.5. */
export function macOf(keys: SessionKeys, icv: Uint8Array, message: Uint8Array): Uint8Array {
  const padded = message.length % 16 === 0 ? message : padTo16(message);
  const head = padded.subarray(0, padded.length - 16);
  const last = padded.subarray(padded.length - 16);
  const chained = head.length === 0 ? icv : cbcEncrypt(keys.mac1, icv, head).subarray(-16);
  return cbcEncrypt(keys.mac2, chained, last);
}

/** Data as it is encrypted on the wire: always padded with 80 00.., AES-128-CBC, IV = NOT `icv`. D.4.5. */
export function encryptData(keys: SessionKeys, icv: Uint8Array, data: Uint8Array): Uint8Array {
  return cbcEncrypt(keys.enc, invert(icv), padTo16(data));
}

/** The reverse; null when the length or the padding cannot be. */
export function decryptData(keys: SessionKeys, icv: Uint8Array, encrypted: Uint8Array): Uint8Array | null {
  if (encrypted.length % 16 !== 0) return null;
  const decipher = createDecipheriv("aes-128-cbc", keys.enc, invert(icv)).setAutoPadding(false);
  const padded = new Uint8Array(concatBytes(decipher.update(encrypted), decipher.final()));
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end -= 1;
  return end > 0 && padded[end - 1] === 0x80 ? padded.slice(0, end - 1) : null;
}

/**
 * One secure session (OSDP v2.2, annex D), the same for both roles: seals what this end sends, opens what it receives,
 * and keeps the chain of MACs.
 * The chain moves only with messages that were accepted: repeats, BUSY and plain NAK 01 leave it where it is.
 */
export class SecureSession {
  readonly #keys: SessionKeys;
  #commandMac: Uint8Array;
  #replyMac: Uint8Array;

  constructor(keys: SessionKeys, rmac: Uint8Array) {
    this.#keys = keys;
    this.#replyMac = rmac;
    this.#commandMac = rmac;
  }

  /** The frame with its block, encrypted data and MAC. `frame.scb` and `frame.mac` are ignored. */
  seal(frame: Frame): Frame {
    const icv = this.#icv(frame.reply);
    const empty = frame.data.length === 0;
    const scb = Uint8Array.of(2, blockOf(frame.reply, empty));
    const data = empty ? frame.data : encryptData(this.#keys, icv, frame.data);
    const sealed: Frame = { ...frame, scb, data, mac: null };
    const mac = macOf(this.#keys, icv, encodeUpToMac(sealed));
    this.#move(frame.reply, mac);
    return { ...sealed, mac: mac.slice(0, 4) };
  }

  /**
   * The plain data of a sealed frame, or null when its MAC or padding is wrong: then the session is over. Replies whose
   * data is in clear under a valid MAC are accepted (libosdp PDs send their status reports so, with block 15).
   */
  open(frame: Frame): Uint8Array | null {
    if (!carriesMac(frame.scb) || frame.mac === null) return null;
    const icv = this.#icv(frame.reply);
    const mac = macOf(this.#keys, icv, encodeUpToMac(frame));
    if (!sameSecret(mac.subarray(0, 4), frame.mac)) return null;
    const type = frame.scb?.[1];
    const encrypted = (type === block.commandData || type === block.replyData) && frame.data.length > 0;
    const data = encrypted ? decryptData(this.#keys, icv, frame.data) : frame.data;
    if (data) this.#move(frame.reply, mac);
    return data;
  }

  /** Wipes the session's keys; nothing can be sealed or opened afterwards. */
  close(): void {
    for (const key of [this.#keys.enc, this.#keys.mac1, this.#keys.mac2]) key.fill(0);
  }

  /** A command is chained to the last reply, a reply to the command that it answers. */
  #icv(reply: boolean): Uint8Array {
    return reply ? this.#commandMac : this.#replyMac;
  }

  #move(reply: boolean, mac: Uint8Array): void {
    if (reply) this.#replyMac = mac;
    else this.#commandMac = mac;
  }
}

/** A key given as 32 hex digits. Throws `bad-input` (field given) without showing it. */
export function parseKey(text: string, field: string): Uint8Array {
  const digits = text.trim();
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) throw fail("bad-input", "A key has 32 hexadecimal digits.", { field });
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function blockOf(reply: boolean, empty: boolean): number {
  if (reply) return empty ? block.replyPlain : block.replyData;
  return empty ? block.commandPlain : block.commandData;
}

function padTo16(data: Uint8Array): Uint8Array {
  const padded = new Uint8Array((Math.floor(data.length / 16) + 1) * 16);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

function invert(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => ~byte & 0xff);
}

function encryptBlock(key: Uint8Array, input: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return new Uint8Array(concatBytes(cipher.update(input), cipher.final()));
}

function cbcEncrypt(key: Uint8Array, iv: Uint8Array, input: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return new Uint8Array(concatBytes(cipher.update(input), cipher.final()));
}

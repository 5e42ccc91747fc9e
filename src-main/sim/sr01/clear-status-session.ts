import { encodeUpToMac, type Frame } from "../../osdp/frame.ts";
import type { PdSession } from "../../osdp/pd-security.ts";
import { ISTATR, LSTATR, OSTATR, RSTATR } from "../../osdp/replies.ts";
import { block, macOf, SecureSession, type SessionKeys } from "../../osdp/secure-channel.ts";

const statusCommands: readonly number[] = [0x64, 0x65, 0x66, 0x67];
const statusReplies: readonly number[] = [LSTATR.code, ISTATR.code, OSTATR.code, RSTATR.code];

/**
 * A session that can answer LSTAT, ISTAT, OSTAT and RSTAT as a libosdp PD does: data in clear, block type 15 (a command's),
 * good MAC. The same reports as answers to POLL are sealed by the book, as libosdp does too.
 */
export class ClearStatusSession implements PdSession {
  readonly #keys: SessionKeys;
  readonly #inClear: () => boolean;
  #inner: SecureSession;
  #asked = 0;
  #commandMac: Uint8Array;
  #replyMac: Uint8Array;

  constructor(keys: SessionKeys, rmac: Uint8Array, inClear: () => boolean) {
    this.#keys = keys;
    this.#inClear = inClear;
    this.#inner = new SecureSession(keys, rmac);
    this.#commandMac = rmac;
    this.#replyMac = rmac;
  }

  open(frame: Frame): Uint8Array | null {
    const data = this.#inner.open(frame);
    if (!data) return null;
    this.#asked = frame.code;
    this.#commandMac = macOf(this.#keys, this.#replyMac, encodeUpToMac(frame));
    return data;
  }

  seal(frame: Frame): Frame {
    const clear = this.#inClear() && statusCommands.includes(this.#asked) && statusReplies.includes(frame.code);
    const sealed: Frame = clear
      ? { ...frame, scb: Uint8Array.of(2, block.commandPlain), mac: new Uint8Array(4) }
      : this.#inner.seal(frame);
    this.#replyMac = macOf(this.#keys, this.#commandMac, encodeUpToMac(sealed));
    // A fresh session on the same link of the chain: its own has not moved with a reply that it did not seal.
    if (clear) this.#inner = new SecureSession(this.#keys, this.#replyMac);
    return { ...sealed, mac: this.#replyMac.slice(0, 4) };
  }
}

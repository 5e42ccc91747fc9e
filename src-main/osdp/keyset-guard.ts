import { tryDecode } from "./codec.ts";
import { CHLNG, KEYSET } from "./commands.ts";
import type { Frame } from "./frame.ts";
import { CCRYPT } from "./replies.ts";
import { block, clientCryptogram, deriveKeys, factoryKey, sameSecret } from "./secure-channel.ts";

/** One address: the challenge that waits for its answer, and whose key the session runs under. */
interface Handshake {
  /** The panel's random number; null when answered. */
  random: Uint8Array | null;
  /** Asked for with the device's own key, and nothing was damaged since: only then a wrong cryptogram proves something. */
  sound: boolean;
  owner: "unknown" | "factory" | "own";
}

/** True for a KEYSET command, sealed or not. */
export function isKeyset(frame: Pick<Frame, "reply" | "code">): boolean {
  return !frame.reply && frame.code === KEYSET.code;
}

/**
 * Watches handshakes and says of which KEYSET anybody could read the key: one in clear, or one that is not surely sealed
 * under a key of the device's own (OSDP v2.2, D.1: the factory key is known to all). Holds no secret.
 */
export class KeysetGuard {
  readonly #handshakes = new Map<number, Handshake>();

  /** True while some address is in a session under the factory key. */
  get exposed(): boolean {
    return [...this.#handshakes.values()].some(({ owner }) => owner === "factory");
  }

  /** Takes note of a frame with a good check. */
  see(frame: Frame): void {
    const type = frame.scb?.[1];
    if (!frame.reply && type === block.challenge) {
      const random = tryDecode(CHLNG, frame.data)?.random ?? null;
      this.#handshakes.set(frame.address, { random, sound: frame.scb?.[2] === 1, owner: "unknown" });
    } else if (frame.reply && type === block.clientCryptogram) this.#judge(frame);
  }

  /** Something on the line could not be read: it may have been a newer challenge. */
  disturbed(): void {
    for (const handshake of this.#handshakes.values()) handshake.sound = false;
  }

  /** True when the key in this KEYSET could be read by anybody who has the stream. */
  readable(frame: Frame): boolean {
    return isKeyset(frame) && (frame.scb === null || this.#handshakes.get(frame.address)?.owner !== "own");
  }

  #judge(frame: Frame): void {
    const handshake = this.#handshakes.get(frame.address);
    const answer = tryDecode(CCRYPT, frame.data);
    if (!handshake || !answer) return;
    const { random, sound } = handshake;
    handshake.random = null;
    handshake.owner = "unknown";
    if (!random) return;
    const keys = deriveKeys(factoryKey as Uint8Array, random);
    if (sameSecret(clientCryptogram(keys, random, answer.random), answer.cryptogram)) handshake.owner = "factory";
    else if (sound && frame.scb?.[2] === 1) handshake.owner = "own";
  }
}

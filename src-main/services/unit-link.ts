import { Mutex } from "../lib/mutex.ts";
import type { Device } from "../osdp/device.ts";
import { openLink } from "../sr01/keys.ts";
import { createKeyRing, keysToTry, settled, wipeKept, type KeptKey, type KeyOwner, type KeyRing } from "./keys.ts";
import type { Seams } from "./seams.ts";

/**
 * Links to units on lines that pages work with: with the key kept for the serial number that answers, else in clear. A unit
 * that holds another key ends with `device-auth`; it is named, never driven, and never offered another key.
 */
export class UnitLinks {
  readonly #seams: Pick<Seams, "secrets" | "randomBytes">;
  readonly #ready = new WeakSet<Device>();
  readonly #turn = new Mutex();

  constructor(seams: Pick<Seams, "secrets" | "randomBytes">) {
    this.#seams = seams;
  }

  /** Opens the link to a device once; again when another unit answers in its place. */
  prepare(device: Device, signal?: AbortSignal): Promise<void> {
    return this.#turn.run(async () => {
      if (!this.#ready.has(device)) await this.#open(device, signal);
    });
  }

  async #open(device: Device, signal?: AbortSignal): Promise<void> {
    const ring = createKeyRing(this.#seams.secrets);
    const seen: { kept: KeptKey | null } = { kept: null };
    const keysOf = async (id: KeyOwner): Promise<readonly Uint8Array[]> => {
      seen.kept = await ring.of(id);
      return seen.kept ? keysToTry(seen.kept) : [];
    };
    try {
      const { facts, keyIndex } = await openLink(
        device,
        { kind: "kept-or-plain", keysOf },
        this.#seams.randomBytes,
        signal,
      );
      if (facts && seen.kept && keyIndex !== null) await noteProof(ring, facts.id, seen.kept, keyIndex);
      this.#ready.add(device);
      const leave = device.onSwap(() => {
        leave();
        this.#ready.delete(device);
      });
    } catch (error) {
      wipeKept(seen.kept);
      throw error;
    }
  }
}

/** A handshake has just proved one of the keys kept for this unit. */
async function noteProof(ring: KeyRing, id: KeyOwner, kept: KeptKey, index: number): Promise<void> {
  if (kept.proven) return;
  const left = settled(kept, index === 0 ? "new" : "old");
  if (left) await ring.keep(id, left);
}

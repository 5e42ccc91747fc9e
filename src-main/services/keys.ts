import { z } from "zod";
import { fromHex, toHex } from "../lib/bytes.ts";
import { fail } from "../lib/errors.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Secrets } from "../records/secrets.ts";

/** Whose key it is. Both in hex, as in PDID. */
export interface KeyOwner {
  vendor: string;
  serialNumber: string;
}

/** A unit's key as it is kept. `key` and `before` 16 bytes; wipe them after use. */
export interface KeptKey {
  key: Uint8Array;
  /** No handshake has shown yet that the unit uses `key`: `before` may still be in force. */
  proven: boolean;
  before: Uint8Array | "factory" | null;
  /** A sealed file holds it too: only then is pairing finished. */
  secondCopy: boolean;
}

/** SR01 keys in the OS key store, one entry a unit. No call gives a key to anything but its caller. */
export interface KeyRing {
  availability(): Promise<{ available: boolean; reason: string | null }>;
  /** Null: none is kept. `device-auth` when what is kept cannot be read: it must not be taken for "none". */
  of(owner: KeyOwner): Promise<KeptKey | null>;
  /** Keeps it and reads it back; false when the key store does not keep it. */
  keep(owner: KeyOwner, kept: KeptKey): Promise<boolean>;
  forget(owner: KeyOwner): Promise<void>;
  /** Units with a kept key, in the order of keeping. */
  owners(): Promise<KeyOwner[]>;
}

const hexKey = z.string().regex(/^[0-9a-f]{32}$/);
const entrySchema = z.object({
  version: z.literal(1),
  key: hexKey,
  proven: z.boolean(),
  before: z.union([hexKey, z.literal("factory")]).nullable(),
  secondCopy: z.boolean(),
});

/** A key store's entry may be short (Windows: 1280 characters), so the list of units has pages. */
const unitsPerPage = 50;
const maxPages = 200;

/** Wraps the key store. The list of units is an entry of its own, for no key store can be searched everywhere. */
export function createKeyRing(secrets: Secrets): KeyRing {
  const turn = new Mutex();

  const page = async (index: number): Promise<string[]> =>
    ((await secrets.get(pageName(index))) ?? "").split(",").filter((name) => ownerPattern.test(name));

  const pages = async (): Promise<string[][]> => {
    const all: string[][] = [];
    for (let index = 0; index < maxPages; index++) {
      const names = await page(index);
      if (names.length === 0) break;
      all.push(names);
    }
    return all;
  };

  const enlist = async (name: string): Promise<boolean> => {
    const all = await pages();
    if (all.some((names) => names.includes(name))) return true;
    const last = all.at(-1);
    const index = last && last.length < unitsPerPage ? all.length - 1 : all.length;
    return secrets.set(pageName(index), [...(all[index] ?? []), name].join(","));
  };

  return {
    availability: () => secrets.availability(),
    of: async (owner) => {
      const text = await secrets.get(entryName(owner));
      return text === null ? null : readEntry(text, owner);
    },
    keep: (owner, kept) =>
      turn.run(async () => (await secrets.set(entryName(owner), writeEntry(kept))) && (await enlist(nameOf(owner)))),
    // Its name stays on the list: an entry that is gone is left out below.
    forget: (owner) => turn.run(() => secrets.delete(entryName(owner))),
    owners: async () => {
      const names = (await pages()).flat();
      const kept = await Promise.all(names.map(async (name) => (await secrets.get(`sr01/key/${name}`)) !== null));
      return names.filter((_, index) => kept[index]).map(ownerOf);
    },
  };
}

/** Overwrites the bytes of kept keys. */
export function wipeKept(kept: KeptKey | null): void {
  kept?.key.fill(0);
  if (kept?.before instanceof Uint8Array) kept.before.fill(0);
}

/** Keys to try, in order: the newest first, the one before it while nothing is proven. */
export function keysToTry(kept: KeptKey): Uint8Array[] {
  return !kept.proven && kept.before instanceof Uint8Array ? [kept.key, kept.before] : [kept.key];
}

/** What is to be kept once a handshake proved one of {@link keysToTry}; null: nothing, only the factory key is left. */
export function settled(kept: KeptKey, proven: "new" | "old"): KeptKey | null {
  if (proven === "new") return { ...kept, proven: true, before: null };
  return kept.before instanceof Uint8Array ? { ...kept, key: kept.before, proven: true, before: null } : null;
}

const ownerPattern = /^[0-9a-f]{6}-[0-9a-f]{8}$/;

function nameOf({ vendor, serialNumber }: KeyOwner): string {
  return `${vendor.toLowerCase()}-${serialNumber.toLowerCase()}`;
}

function ownerOf(name: string): KeyOwner {
  return { vendor: name.slice(0, 6), serialNumber: name.slice(7) };
}

function entryName(owner: KeyOwner): string {
  return `sr01/key/${nameOf(owner)}`;
}

function pageName(index: number): string {
  return `sr01/keys/${String(index)}`;
}

function writeEntry({ key, proven, before, secondCopy }: KeptKey): string {
  const earlier = before instanceof Uint8Array ? toHex(before) : before;
  return JSON.stringify({ version: 1, key: toHex(key), proven, before: earlier, secondCopy });
}

function readEntry(text: string, owner: KeyOwner): KeptKey {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    raw = null;
  }
  // No cause: its text could hold the key.
  const entry = entrySchema.safeParse(raw);
  if (!entry.success) {
    throw fail("device-auth", `The key kept for unit ${owner.serialNumber} cannot be read.`, { data: { ...owner } });
  }
  const { key, proven, before, secondCopy } = entry.data;
  const earlier = before === null || before === "factory" ? before : fromHex(before);
  return { key: fromHex(key), proven, before: earlier, secondCopy };
}

import { createCipheriv, createDecipheriv, scrypt } from "node:crypto";
import { z } from "zod";
import { fromHex, toHex } from "../lib/bytes.ts";
import { fail } from "../lib/errors.ts";

/** One key in a sealed file. `vendor` and `serialNumber` in hex. `before`: the key before an unproven one. */
export interface ExportedKey {
  vendor: string;
  serialNumber: string;
  key: Uint8Array;
  before: Uint8Array | "factory" | null;
}

/** What sealing needs beside the keys. `cost` is scrypt's N (a power of two); tests make it small. */
export interface Sealing {
  passphrase: string;
  randomBytes: (count: number) => Uint8Array;
  cost?: number;
}

/** Fewer characters are no protection for a file that travels. */
const minPassphrase = 8;
/** scrypt: 128 MiB and about half a second on a laptop. */
const usualCost = 131_072;
/** Longest sealed file that is read, bytes. */
export const maxSealedBytes = 4 * 1024 * 1024;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${String(2 * bytes)}}$`));
const headSchema = z.object({
  format: z.literal("sr01-toolkit-keys"),
  version: z.literal(1),
  kdf: z.object({
    name: z.literal("scrypt"),
    // Bounded: a file from elsewhere must not choose how much memory is taken.
    n: z
      .number()
      .int()
      .min(1024)
      .max(262_144)
      .refine((n) => Number.isInteger(Math.log2(n))),
    r: z.literal(8),
    p: z.literal(1),
    salt: hex(16),
  }),
  cipher: z.literal("aes-256-gcm"),
  nonce: hex(12),
});
type Head = z.infer<typeof headSchema>;
const fileSchema = headSchema.extend({ sealed: z.string().regex(/^([0-9a-f]{2})*$/), tag: hex(16) });
const contentSchema = z
  .array(
    z.object({
      vendor: hex(3),
      serialNumber: hex(4),
      key: hex(16),
      before: z.union([hex(16), z.literal("factory")]).nullable(),
    }),
  )
  .max(10_000);

/** The text of a sealed file: a JSON head that says how, everything else under the passphrase. `bad-input` when it is short. */
export async function sealKeys(keys: readonly ExportedKey[], sealing: Sealing): Promise<string> {
  const { passphrase, randomBytes, cost = usualCost } = sealing;
  if (passphrase.length < minPassphrase) {
    throw fail("bad-input", `A passphrase has at least ${String(minPassphrase)} characters.`, {
      field: "passphrase-env",
    });
  }
  const head: Head = {
    format: "sr01-toolkit-keys",
    version: 1,
    kdf: { name: "scrypt", n: cost, r: 8, p: 1, salt: toHex(randomBytes(16)) },
    cipher: "aes-256-gcm",
    nonce: toHex(randomBytes(12)),
  };
  const content = new TextEncoder().encode(JSON.stringify(keys.map(asText)));
  const secret = await derive(passphrase, head);
  const cipher = createCipheriv("aes-256-gcm", secret, fromHex(head.nonce)).setAAD(aad(head));
  const sealed = toHex(cipher.update(content)) + toHex(cipher.final());
  content.fill(0);
  secret.fill(0);
  return `${JSON.stringify({ ...head, sealed, tag: toHex(cipher.getAuthTag()) }, null, 2)}\n`;
}

/** The keys of a sealed file. `bad-input` when it is none, `device-auth` when the passphrase does not open it. */
export async function openSealedKeys(text: string, passphrase: string): Promise<ExportedKey[]> {
  const { sealed, tag, ...head } = readFile(text);
  const secret = await derive(passphrase, head);
  let content: Uint8Array;
  try {
    const decipher = createDecipheriv("aes-256-gcm", secret, fromHex(head.nonce)).setAAD(aad(head));
    decipher.setAuthTag(fromHex(tag));
    const first = decipher.update(fromHex(sealed));
    decipher.final();
    content = first;
  } catch {
    throw fail("device-auth", "The passphrase does not open this file, or the file was changed.", {
      field: "passphrase-env",
    });
  } finally {
    secret.fill(0);
  }
  const keys = contentSchema.safeParse(parseJson(new TextDecoder().decode(content)));
  content.fill(0);
  if (!keys.success) throw notAKeyFile();
  return keys.data.map(({ vendor, serialNumber, key, before }) => ({
    ...{ vendor, serialNumber, key: fromHex(key) },
    before: before === null || before === "factory" ? before : fromHex(before),
  }));
}

function asText({ vendor, serialNumber, key, before }: ExportedKey): Record<string, string | null> {
  const earlier = before instanceof Uint8Array ? toHex(before) : before;
  return { vendor: vendor.toLowerCase(), serialNumber: serialNumber.toLowerCase(), key: toHex(key), before: earlier };
}

function readFile(text: string): z.infer<typeof fileSchema> {
  const file = fileSchema.safeParse(parseJson(text));
  if (!file.success) throw notAKeyFile();
  return file.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function notAKeyFile(): Error {
  return fail("bad-input", "This is no sealed key file of this program.", { field: "file" });
}

/** The head is authenticated with the content, in one fixed order of its fields. */
function aad({ format, version, kdf, cipher, nonce }: Head): Uint8Array {
  return new TextEncoder().encode(
    [format, version, kdf.name, kdf.n, kdf.r, kdf.p, kdf.salt, cipher, nonce].map(String).join("|"),
  );
}

function derive(passphrase: string, { kdf }: Head): Promise<Uint8Array> {
  const options = { N: kdf.n, r: kdf.r, p: kdf.p, maxmem: 256 * kdf.n * kdf.r };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFC"), fromHex(kdf.salt), 32, options, (error, key) => {
      if (error) reject(fail("bug", "The key derivation failed.", { cause: error }));
      else resolve(key);
    });
  });
}

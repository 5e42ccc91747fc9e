import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import { openSealedKeys, sealKeys, type ExportedKey } from "../../../src-main/records/key-export.ts";

const canary = "ca11ab1eca11ab1eca11ab1eca11ab1e";
const keys: ExportedKey[] = [
  { vendor: "0c1105", serialNumber: "01020304", key: fromHex(canary), before: null },
  { vendor: "0c1105", serialNumber: "01020305", key: fromHex(canary), before: "factory" },
  { vendor: "0c1105", serialNumber: "01020306", key: fromHex(canary), before: new Uint8Array(16).fill(3) },
];
const passphrase = "grüner Regenschirm";
const sealing = { passphrase, randomBytes: (count: number) => new Uint8Array(randomBytes(count)), cost: 1024 };

describe("a sealed key file", () => {
  test("gives back what went in, and shows nothing of it", async () => {
    const text = await sealKeys(keys, sealing);
    expect(await openSealedKeys(text, passphrase)).toEqual(keys);
    expect(text).not.toContain(canary);
    expect(text).not.toContain("01020304");
    expect(text).not.toContain(passphrase);
    expect(JSON.parse(text)).toMatchObject({ format: "sr01-toolkit-keys", version: 1, cipher: "aes-256-gcm" });
  });

  test("the same passphrase typed in two Unicode forms opens it", async () => {
    const text = await sealKeys(keys, { ...sealing, passphrase: passphrase.normalize("NFD") });
    expect(await openSealedKeys(text, passphrase.normalize("NFC"))).toEqual(keys);
  });

  test("is different each time", async () => {
    const [one, two] = await Promise.all([sealKeys(keys, sealing), sealKeys(keys, sealing)]);
    expect(one).not.toBe(two);
  });

  test("a wrong passphrase is device-auth", async () => {
    const text = await sealKeys(keys, sealing);
    await expect(openSealedKeys(text, "gruener Regenschirm")).rejects.toMatchObject({ code: "device-auth" });
  });

  test("a short passphrase is refused", async () => {
    await expect(sealKeys(keys, { ...sealing, passphrase: "short" })).rejects.toMatchObject({
      ...{ code: "bad-input", field: "passphrase-env" },
    });
  });

  test("one changed digit anywhere is noticed", async () => {
    const file = JSON.parse(await sealKeys(keys, sealing)) as Record<string, string> & { kdf: Record<string, unknown> };
    const flip = (hex: string): string => toHex(fromHex(hex).map((byte, at) => (at === 0 ? byte ^ 1 : byte)));
    const damaged: unknown[] = [
      { ...file, sealed: flip(file["sealed"] ?? "") },
      { ...file, tag: flip(file["tag"] ?? "") },
      { ...file, nonce: flip(file["nonce"] ?? "") },
      { ...file, kdf: { ...file.kdf, salt: flip(String(file.kdf["salt"])) } },
      { ...file, kdf: { ...file.kdf, n: 2048 } },
    ];
    for (const one of damaged) {
      await expect(openSealedKeys(JSON.stringify(one), passphrase)).rejects.toMatchObject({ code: "device-auth" });
    }
  });

  test.each([
    ["no JSON", "hello"],
    ["another file", "{}"],
    ["a newer version", `{"format":"sr01-toolkit-keys","version":2}`],
  ])("%s is bad-input", async (_, text) => {
    await expect(openSealedKeys(text, passphrase)).rejects.toMatchObject({ code: "bad-input", field: "file" });
  });

  test.each([2 ** 30, 3000])("a file cannot choose its own cost (n = %i)", async (n) => {
    const file = JSON.parse(await sealKeys(keys, sealing)) as { kdf: object };
    const hostile = JSON.stringify({ ...file, kdf: { ...file.kdf, n } });
    await expect(openSealedKeys(hostile, passphrase)).rejects.toMatchObject({ code: "bad-input" });
  });
});

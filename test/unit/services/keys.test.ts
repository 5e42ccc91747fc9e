import { describe, expect, test } from "vitest";
import { memorySecrets, type Secrets } from "../../../src-main/records/secrets.ts";
import { createKeyRing, keysToTry, settled, wipeKept, type KeptKey } from "../../../src-main/services/keys.ts";

const key = new Uint8Array(16).fill(0xab);
const old = new Uint8Array(16).fill(0xcd);
const kept: KeptKey = { key, proven: true, before: null, secondCopy: false };
const owner = (n: number) => ({ vendor: "0c1105", serialNumber: n.toString(16).padStart(8, "0") });

describe("keys in the key store", () => {
  test("are kept by vendor and serial number, in any case of letters", async () => {
    const ring = createKeyRing(memorySecrets());
    expect(await ring.of(owner(10))).toBeNull();
    expect(
      await ring.keep({ vendor: "0C1105", serialNumber: "0000000A" }, { ...kept, before: old, proven: false }),
    ).toBe(true);
    expect(await ring.of(owner(10))).toEqual({ ...kept, before: old, proven: false });
    expect(await ring.of(owner(11))).toBeNull();
    await ring.forget(owner(10));
    expect(await ring.of(owner(10))).toBeNull();
    expect(await ring.owners()).toEqual([]);
  });

  test("a long list has short entries", async () => {
    const secrets = memorySecrets();
    const lengths: number[] = [];
    const watching: Secrets = {
      ...secrets,
      set: (name, secret) => {
        lengths.push(secret.length);
        return secrets.set(name, secret);
      },
    };
    const ring = createKeyRing(watching);
    const all = Array.from({ length: 120 }, (_, n) => owner(n));
    await Promise.all(all.map((one) => ring.keep(one, kept)));
    await ring.keep(owner(3), kept);
    expect(await ring.owners()).toEqual(all);
    // Windows: 2560 bytes of UTF-16.
    expect(Math.max(...lengths)).toBeLessThan(1280);
  });

  test("a store that does not keep: false, nothing thrown", async () => {
    const ring = createKeyRing({ ...memorySecrets(), set: () => Promise.resolve(false) });
    expect(await ring.keep(owner(1), kept)).toBe(false);
  });

  test.each([
    "",
    "{}",
    "not json",
    '{"version":2}',
    `{"version":1,"key":"xyz","proven":true,"before":null,"secondCopy":true}`,
  ])("what cannot be read (%s) is not taken for none", async (text) => {
    const secrets = memorySecrets();
    await secrets.set("sr01/key/0c1105-00000001", text);
    await expect(createKeyRing(secrets).of(owner(1))).rejects.toMatchObject({ code: "device-auth" });
  });

  test("what is tried, and what is left when a handshake proved one", () => {
    expect(keysToTry(kept)).toEqual([key]);
    expect(keysToTry({ ...kept, proven: false, before: old })).toEqual([key, old]);
    expect(keysToTry({ ...kept, proven: false, before: "factory" })).toEqual([key]);
    expect(settled({ ...kept, proven: false, before: old }, "new")).toEqual(kept);
    expect(settled({ ...kept, proven: false, before: old }, "old")).toEqual({ ...kept, key: old });
    expect(settled({ ...kept, proven: false, before: "factory" }, "old")).toBeNull();
  });

  test("are overwritten after use", () => {
    const mine: KeptKey = { ...kept, key: key.slice(), before: old.slice() };
    wipeKept(mine);
    expect(mine).toMatchObject({ key: new Uint8Array(16), before: new Uint8Array(16) });
  });
});

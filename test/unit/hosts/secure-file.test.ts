import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createKeyFile, readKeyFile, refuseExisting } from "../../../src-main/hosts/secure-file.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sr01-secure-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const key = new Uint8Array(16).fill(0x5a);
const onPosix = test.skipIf(process.platform === "win32");

describe("key files", () => {
  test("are written once, for this user alone, and read back", async () => {
    const path = join(dir, "key");
    await createKeyFile(path, key, "new-key-file");
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await readKeyFile(path, "key-file")).toEqual({ key, loose: false });
    await expect(createKeyFile(path, key, "new-key-file")).rejects.toMatchObject({ field: "new-key-file" });
    await expect(refuseExisting(path, "new-key-file")).rejects.toMatchObject({ code: "bad-input" });
    await expect(refuseExisting(join(dir, "other"), "new-key-file")).resolves.toBeUndefined();
  });

  onPosix("a link, even one that leads nowhere, is not followed for writing", async () => {
    const target = join(dir, "target");
    const path = join(dir, "link");
    symlinkSync(target, path);
    await expect(createKeyFile(path, key, "new-key-file")).rejects.toMatchObject({ code: "bad-input" });
    expect(existsSync(target)).toBe(false);
  });

  onPosix("a named pipe does not hang the reader", async () => {
    const path = join(dir, "pipe");
    execFileSync("mkfifo", [path]);
    await expect(readKeyFile(path, "key-file")).rejects.toMatchObject({ code: "bad-input", field: "key-file" });
  });

  test.each([
    ["Windows line ends", "00112233445566778899AABBCCDDEEFF\r\n", true],
    ["blanks", "  00112233445566778899aabbccddeeff ", true],
    ["two keys", "00112233445566778899aabbccddeeff\n00112233445566778899aabbccddeeff\n", false],
    ["empty", "", false],
  ])("%s", async (_, text, good) => {
    const path = join(dir, "key");
    writeFileSync(path, text, { mode: 0o600 });
    const reading = readKeyFile(path, "key-file");
    if (good) expect((await reading).key).toHaveLength(16);
    else await expect(reading).rejects.toMatchObject({ code: "bad-input", field: "key-file" });
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { captureTo, withCapture } from "../../../../src-main/hosts/cli/capture-file.ts";
import { registerDecodeCommand } from "../../../../src-main/hosts/cli/decode-command.ts";
import { runCommandLine } from "../../../../src-main/hosts/cli/frame.ts";
import { concatBytes, fromHex, toHex } from "../../../../src-main/lib/bytes.ts";
import { systemClock } from "../../../../src-main/lib/clock.ts";
import { fail } from "../../../../src-main/lib/errors.ts";
import { LineCapture } from "../../../../src-main/osdp/capture.ts";
import { encodeFrame, type Frame } from "../../../../src-main/osdp/frame.ts";
import {
  clientCryptogram,
  deriveKeys,
  factoryKey,
  initialRmac,
  SecureSession,
  serverCryptogram,
} from "../../../../src-main/osdp/secure-channel.ts";

interface Row {
  hex: string;
  name: string;
  dir: string;
  scb: string | null;
  plain_data: string;
  icv?: string;
}
const golden = JSON.parse(
  readFileSync(new URL("../../../fixtures/osdp-golden.json", import.meta.url), "utf8"),
) as Record<"plain" | "sc", Row[]>;
const firstKey = "00112233445566778899aabbccddeeff";
const secondKey = "ffeeddccbbaa99887766554433221100";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sr01-decode-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};

async function decode(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine({
    args: ["decode", ...args, "--json", "--data", join(dir, "data")],
    version: "0",
    commands: [registerDecodeCommand],
    env: {},
    platform: "linux",
    homeDir: dir,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    signal: new AbortController().signal,
  });
  const text = out.join("");
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, text, err: err.join("") };
}
const hexLines = (rows: readonly Row[]): string => rows.map(({ hex }) => hex).join("\n");

describe("secured streams", () => {
  test("with the key: plain data, the block, the MAC, the next key", async () => {
    const { code, lines } = await decode(file("sc", hexLines(golden.sc)), "--key-file", file("key", firstKey));
    expect(code).toBe(0);
    lines.forEach((line, i) => {
      const row = golden.sc[i] as Row;
      expect(line).toMatchObject({ name: row.name, data: row.plain_data, ok: true });
      if (row.icv !== undefined) expect(line["secure"]).toEqual({ block: row.scb?.slice(2), macOk: true });
    });
    expect(lines).toHaveLength(golden.sc.length);
    expect(lines[98]).toMatchObject({ name: "KEYSET", fields: { type: 1, key: secondKey } });
    expect(lines[8]).toMatchObject({ fields: { orders: [{ output: 0, code: 5, timer: 30 }] } });
  });

  test("without it: data as on the wire, no fields made of ciphertext, nothing claimed", async () => {
    const { lines } = await decode(file("sc", hexLines(golden.sc)));
    expect(lines[8]).toMatchObject({
      name: "OUT",
      data: "8b0f5a9fa3a41be54d7ef27ccc2c12b2",
      fields: {},
      secure: { block: "17", macOk: null },
    });
    expect(lines[10]).toMatchObject({ name: "OSTAT", data: "", secure: { block: "15", macOk: null } });
    expect(lines.some((line) => JSON.stringify(line).includes("true}"))).toBe(false);
  });

  test("several keys, with remarks; any chunking gives the same", async () => {
    const keys = file("keys", `# door 1\n${secondKey}\n\n${firstKey}\n`);
    const whole = await decode(file("sc", hexLines(golden.sc)), "--key-file", keys);
    const stream = golden.sc.map(({ hex }) => hex).join("");
    for (const digits of [2, 14, 1000]) {
      const pieces = (stream.match(new RegExp(`.{1,${String(digits)}}`, "g")) ?? []).join("\n");
      expect((await decode(file("pieces", pieces), "--key-file", keys)).lines).toEqual(whole.lines);
    }
  });

  test("plain frames are told as ever", async () => {
    const { lines } = await decode(file("plain", hexLines(golden.plain)));
    expect(lines[0]).toEqual({
      ...{ direction: "command", address: 0, sequence: 0, name: "ID", code: 0x61, check: "crc", ok: true },
      ...{ data: "00", fields: { type: 0 } },
    });
    expect(lines.some((line) => "secure" in line)).toBe(false);
  });

  test.each([
    ["too short", "00112233"],
    ["no hex", "z".repeat(32)],
    ["empty", "\n# nothing\n"],
    ["too long", `${firstKey}\n`.repeat(1000)],
  ])("a key file that is %s is bad input and not shown", async (_, text) => {
    const { code, lines, text: out, err } = await decode(file("sc", ""), "--key-file", file("key", text));
    expect(code).toBe(2);
    expect(lines).toMatchObject([{ error: { code: "bad-input", field: "key-file" } }]);
    expect(out + err).not.toContain(text.trim().slice(0, 8));
  });
});

const canary = "c0ffee00c0ffee11c0ffee22c0ffee33";
const plain = (reply: boolean, sequence: number, code: number, data: string): Frame => ({
  ...{ address: 0, reply, sequence, check: "crc", scb: null, code, data: fromHex(data), mac: null },
});

/** A pairing under the factory key: KEYSET with the canary, then a session with it. */
function pairing(): Frame[] {
  const shake = (key: Uint8Array, selector: number) => {
    const [a, b] = [fromHex("0102030405060708"), fromHex("1112131415161718")];
    const keys = deriveKeys(key, a);
    const proof = serverCryptogram(keys, a, b);
    const rmac = initialRmac(keys, proof);
    const answer = toHex(concatBytes(new Uint8Array(8), b, clientCryptogram(keys, a, b)));
    const handshake: Frame[] = [
      { ...plain(false, 0, 0x76, toHex(a)), scb: Uint8Array.of(3, 0x11, selector) },
      { ...plain(true, 0, 0x76, answer), scb: Uint8Array.of(3, 0x12, selector) },
      { ...plain(false, 1, 0x77, toHex(proof)), scb: Uint8Array.of(3, 0x13, selector) },
      { ...plain(true, 1, 0x78, toHex(rmac)), scb: Uint8Array.of(3, 0x14, 1) },
    ];
    return { handshake, panel: new SecureSession(keys, rmac) };
  };
  const [old, next] = [shake(factoryKey as Uint8Array, 0), shake(fromHex(canary), 1)];
  const keyset = old.panel.seal(plain(false, 2, 0x75, `0110${canary}`));
  return [...old.handshake, keyset, ...next.handshake, next.panel.seal(plain(false, 2, 0x60, ""))];
}

describe("keys in what is decoded", () => {
  const stream = pairing().map((frame) => toHex(encodeFrame(frame)));

  test("a KEYSET under the factory key is followed, its key is shown to nobody without a key file", async () => {
    const { lines, text } = await decode(file("pair", stream.join("\n")), "--noise");
    expect(lines[4]).toMatchObject({
      name: "KEYSET",
      data: "0110**",
      fields: { type: 1, key: "**" },
      secure: { block: "17", macOk: true },
    });
    expect(lines[9]).toMatchObject({ name: "POLL", secure: { block: "15", macOk: true } });
    expect(text).not.toContain(canary);
    const shown = await decode(file("pair", stream.join("\n")), "--key-file", file("key", firstKey));
    expect(shown.lines[4]).toMatchObject({ data: `0110${canary}`, fields: { key: canary } });
  });

  test("nor in clear, damaged, cut or ill-formed", async () => {
    const clear = toHex(encodeFrame(plain(false, 2, 0x75, `0110${canary}`)));
    const odd = toHex(encodeFrame(plain(false, 2, 0x75, `0111${canary}`)));
    const sealed = stream[4] as string;
    const inputs = [
      clear,
      odd,
      `${clear.slice(0, -1)}0`,
      [...stream.slice(0, 4), `${sealed.slice(0, -1)}0`].join("\n"),
      [...stream.slice(0, 4), sealed.slice(0, 60)].join("\n"),
    ];
    for (const input of inputs) {
      const { text } = await decode(file("one", input), "--noise");
      expect(text).not.toContain(canary.slice(0, 24));
      expect(text).not.toContain(sealed.slice(16, 48));
    }
  });
});

describe("captures", () => {
  const note: string[] = [];
  const cli = { note: (words: string) => note.push(words) };
  const record = (rows: readonly Row[], capture: LineCapture): void => {
    for (const { hex, dir: from } of rows) {
      const direction = from === "CP>PD" ? "sent" : "received";
      capture.take({ direction, at: systemClock.now(), bytes: fromHex(hex) });
    }
  };

  test("what a tap wrote decodes like the stream itself; the file is for this user alone", async () => {
    const path = join(dir, "line.osdpcap");
    writeFileSync(path, "older", { mode: 0o644 });
    const capture = new LineCapture({ clock: systemClock, role: "tap" });
    const written = await captureTo(capture, path, cli);
    record(golden.sc, capture);
    await written.close();
    record(golden.sc, capture);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const key = file("key", firstKey);
    const direct = await decode(file("sc", hexLines(golden.sc)), "--key-file", key);
    expect((await decode(path, "--key-file", key)).lines).toEqual(direct.lines);
    const first = JSON.parse(readFileSync(path, "utf8").split("\n")[0] ?? "") as Record<string, string>;
    expect(Object.keys(first)).toEqual(["timeSec", "timeNano", "io", "data", "osdpTraceVersion", "osdpSource"]);
    expect(Math.abs(Number(first["timeSec"]) - Date.now() / 1000)).toBeLessThan(60);
  });

  test("a blotted out KEYSET reads as one, and what hangs on it is not judged", async () => {
    const path = join(dir, "panel.osdpcap");
    const capture = new LineCapture({ clock: systemClock, role: "panel" });
    await withCapture(capture, path, cli, () => Promise.resolve(record(golden.sc, capture)));
    const { lines, text } = await decode(path, "--key-file", file("keys", `${firstKey}\n${secondKey}`));
    expect(lines[98]).toMatchObject({
      name: "KEYSET",
      ok: true,
      data: "**",
      fields: {},
      secure: { block: "17", macOk: null },
    });
    expect(lines[99]).toMatchObject({ name: "ACK", secure: { macOk: null } });
    expect(lines[113]).toMatchObject({ name: "ACK", secure: { macOk: true } });
    expect(text).not.toContain(secondKey);
  });

  test("it is complete whatever the end of the work", async () => {
    const path = join(dir, "failed.osdpcap");
    const capture = new LineCapture({ clock: systemClock, role: "panel" });
    const work = withCapture(capture, path, cli, () => {
      record(golden.plain.slice(0, 1), capture);
      capture.take({ direction: "received", at: systemClock.now(), bytes: fromHex("ff5380") });
      return Promise.reject(fail("device-timeout", "no answer"));
    });
    await expect(work).rejects.toMatchObject({ code: "device-timeout" });
    const lines = readFileSync(path, "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { data: string }).data)).toEqual([
      "FF-53-00-09-00-04-61-00-C0-66",
      "FF-53-80",
    ]);
  });

  test("a full disk or a full file is a warning; a folder that is not there is bad input", async () => {
    for (const [path, maxBytes] of [
      ...(process.platform === "linux" ? [["/dev/full", 1_000_000] as const] : []),
      [join(dir, "small"), 2000],
    ] as const) {
      note.length = 0;
      const capture = new LineCapture({ clock: systemClock, role: "tap" });
      const written = await captureTo(capture, path, cli, { maxBytes });
      record(golden.plain, capture);
      await written.close();
      record(golden.plain, capture);
      expect(note).toHaveLength(1);
      expect(note[0]).toContain("WARNING");
    }
    expect(statSync(join(dir, "small")).size).toBeLessThanOrEqual(2000);
    const capture = new LineCapture({ clock: systemClock, role: "tap" });
    await expect(captureTo(capture, join(dir, "no", "file"), cli)).rejects.toMatchObject({
      code: "bad-input",
      field: "capture",
    });
  });

  test("a line that is no record is named by its number", async () => {
    const { code, lines } = await decode(file("bad", `${hexLines(golden.plain.slice(0, 1))}\n{"data":1}`));
    expect(code).toBe(2);
    expect(lines.at(-1)).toMatchObject({
      error: { code: "bad-input", field: "file", message: "Line 2 is no record of an OSDP capture." },
    });
  });
});

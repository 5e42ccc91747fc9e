import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommandLine } from "../../src-main/hosts/cli/frame.ts";
import { registerListenCommand } from "../../src-main/hosts/cli/listen-command.ts";
import { openSerialPort } from "../../src-main/hosts/serial/serial-port.ts";
import { fromHex, toHex } from "../../src-main/lib/bytes.ts";
import { silentLog } from "../../src-main/lib/log.ts";
import type { Port } from "../../src-main/lib/port.ts";
import { parseOsdpcap } from "../../src-main/osdp/osdpcap.ts";
import { socatPair, until, type SocatPair } from "./harness.ts";

interface Row {
  hex: string;
  name: string;
  plain_data: string;
}
const golden = JSON.parse(readFileSync(new URL("../fixtures/osdp-golden.json", import.meta.url), "utf8")) as Record<
  "plain" | "sc",
  Row[]
>;

let pair: SocatPair;
let speaker: Port;
let dir = "";
/** Bytes that the tap sent: there must be none. */
let sentByTap = 0;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sr01-listen-"));
  pair = await socatPair();
  speaker = await openSerialPort({ path: pair.b, baud: 38_400, log: silentLog });
  sentByTap = 0;
  speaker.onData((chunk) => (sentByTap += chunk.length));
});
afterEach(async () => {
  expect(sentByTap).toBe(0);
  await speaker.close();
  await pair.close();
  rmSync(dir, { recursive: true, force: true });
});

/** `listen` on end a, in this process; `said` are its JSON lines so far. */
function start(...args: string[]) {
  let out = "";
  const stop = new AbortController();
  const said = (): Record<string, unknown>[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const code = runCommandLine({
    args: ["listen", "--port", pair.a, "--json", "--data", dir, ...args],
    version: "0",
    commands: [registerListenCommand],
    env: {},
    platform: "linux",
    homeDir: dir,
    out: (text) => (out += text),
    err: () => undefined,
    signal: stop.signal,
  });
  return { said, stop, code };
}

describe("listen on a pseudo-terminal", () => {
  test("tells every frame, decrypts, records, and ends with a summary and 130 on Ctrl-C", async () => {
    const keyFile = join(dir, "key");
    const capture = join(dir, "line.osdpcap");
    writeFileSync(keyFile, "00112233445566778899aabbccddeeff", { mode: 0o600 });
    const tap = start("--baud", "38400", "--key-file", keyFile, "--capture", capture);
    await until(() => tap.said().length === 1, 5000, "never ready");
    for (const { hex } of golden.sc) {
      await speaker.write(fromHex(hex));
      await pause(1);
    }
    await until(() => tap.said().length > golden.sc.length, 5000, "frames are missing");
    tap.stop.abort();
    expect(await tap.code).toBe(130);
    const lines = tap.said();
    expect(lines.slice(1, -1).map(({ name, data }) => [name, data])).toEqual(
      golden.sc.map((row) => [row.name, row.plain_data]),
    );
    expect(lines.slice(1, -1).every(({ at }) => typeof at === "number" && at >= 0 && at < 60)).toBe(true);
    expect(lines.at(-1)).toMatchObject({
      frames: golden.sc.length,
      noiseBytes: 0,
      baud: 38_400,
      error: { code: "cancelled" },
    });
    const saved = readFileSync(capture, "utf8").trim().split("\n").map(parseOsdpcap);
    expect(saved.map(({ bytes }) => toHex(bytes)).join("")).toBe(golden.sc.map(({ hex }) => hex).join(""));
    expect(saved.every(({ io }) => io === "trace")).toBe(true);
    expect(statSync(capture).mode & 0o777).toBe(0o600);
  });

  test("finds a rate, tells noise with its time, and stops after --seconds", async () => {
    const tap = start("--seconds", "1.5");
    const talk = async (): Promise<void> => {
      for (const { hex } of golden.plain.slice(0, 20)) {
        await speaker.write(fromHex(hex));
        await pause(20);
      }
      await speaker.write(fromHex("0102030405"));
    };
    await pause(100);
    await talk();
    expect(await tap.code).toBe(0);
    const lines = tap.said();
    expect(lines[0]).toMatchObject({ baud: 9600 });
    expect(lines.filter(({ name }) => name !== undefined)).toHaveLength(20);
    const noise = lines.find((line) => "noise" in line) as { noise: string; at: number; gapMs: number };
    expect(noise.noise).toBe("0102030405");
    expect(noise.gapMs).toBeGreaterThan(10);
    expect(lines.at(-1)).toEqual({ frames: 20, noiseBytes: 5, baud: 9600 });
  });

  test("a pulled adapter is link-lost, with the summary", async () => {
    const tap = start("--baud", "9600");
    await until(() => tap.said().length === 1, 5000, "never ready");
    await pair.close();
    expect(await tap.code).toBe(4);
    expect(tap.said().at(-1)).toMatchObject({ frames: 0, baud: 9600, error: { code: "link-lost" } });
  });

  test.each(["0", "x", "1e3", "99999999"])("--baud %s is bad input", async (baud) => {
    const tap = start("--baud", baud);
    expect(await tap.code).toBe(2);
    expect(tap.said()).toMatchObject([{ error: { code: "bad-input", field: "baud" } }]);
  });
});

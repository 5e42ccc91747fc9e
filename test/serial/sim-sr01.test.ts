import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CliContext } from "../../src-main/hosts/cli/context.ts";
import { registerSimSr01Command } from "../../src-main/hosts/cli/sim-sr01-command.ts";
import { openSerialPort } from "../../src-main/hosts/serial/serial-port.ts";
import { fromHex, toHex } from "../../src-main/lib/bytes.ts";
import { systemClock } from "../../src-main/lib/clock.ts";
import { silentLog } from "../../src-main/lib/log.ts";
import type { Port } from "../../src-main/lib/port.ts";
import { decodeFrame, encodeFrame, type Frame } from "../../src-main/osdp/frame.ts";
import {
  deriveKeys,
  factoryKey,
  initialRmac,
  SecureSession,
  serverCryptogram,
} from "../../src-main/osdp/secure-channel.ts";
import { socatPair, until, type SocatPair } from "./harness.ts";

let pair: SocatPair;
let panel: Port;
beforeEach(async () => {
  pair = await socatPair();
  panel = await openSerialPort({ path: pair.a, baud: 115_200, log: silentLog });
});
afterEach(async () => {
  await panel.close();
  await pair.close();
});

/** `sim sr01` on end b, in this process; `said` are its JSON lines. */
function start(...more: string[]) {
  const said: Record<string, unknown>[] = [];
  const stop = new AbortController();
  const cli: CliContext = {
    json: true,
    dataDir: "",
    signal: stop.signal,
    clock: systemClock,
    log: silentLog,
    env: {},
    emit: (value) => said.push({ ...value }),
    note: () => undefined,
    failWith: (_, error) => error,
  };
  const program = new Command("sr01").exitOverride();
  registerSimSr01Command(
    program,
    (work) =>
      (...given) =>
        work(cli, ...given),
  );
  const ended = program.parseAsync(["sim", "sr01", "--port", pair.b, "--baud", "115200", ...more], { from: "user" });
  return { said, stop, ended };
}

/** Sends a frame and gives what comes back within the time. */
async function ask(hex: string, answerBytes: number): Promise<string> {
  let got = "";
  const leave = panel.onData((chunk) => (got += toHex(chunk)));
  await panel.write(fromHex(hex));
  await until(() => got.length >= answerBytes * 2, 2000, `no answer to ${hex}, only "${got}"`);
  leave();
  return got;
}

function command(code: number, sequence: number, data: Uint8Array, scb?: string): Frame {
  const block = scb === undefined ? null : fromHex(scb);
  return { address: 0, reply: false, sequence, check: "crc", scb: block, code, data, mac: null };
}

/** The one frame that answers `sent`; `bytes` with its mark. */
async function frameFor(sent: Frame, bytes: number): Promise<Frame> {
  const frame = decodeFrame(fromHex(await ask(toHex(encodeFrame(sent)), bytes)).slice(1));
  if (!frame) throw new Error("no frame");
  return frame;
}

describe("sim sr01 on a pseudo-terminal", () => {
  test("says ready, answers golden frames, tells what moves, and ends well when its port hangs up", async () => {
    const { said, ended } = start();
    await until(() => said.length > 0, 5000, "never ready");
    expect(said[0]).toEqual({ ready: true });
    expect(await ask("ff53000900046100c066", 21)).toBe("ff5380140004450c110501010403020101020369e2");
    // OUT 0, code 5, 3 s, sequence 1.
    expect(await ask("ff53000c00056800051e007151", 9)).toBe("ff538008000540689f");
    expect(said.slice(1)).toEqual([{ event: "online" }, { event: "output", output: 0, on: true }]);
    await pair.close();
    await expect(ended).resolves.toBeInstanceOf(Command);
  });

  test("--install --key-file: a session on the factory key, KEYSET, the key in its file before the ACK, never in its lines", async () => {
    const dir = mkdtempSync(join(tmpdir(), "sim-key-"));
    const file = join(dir, "unit.key");
    const { said, stop, ended } = start("--install", "--key-file", file);
    await until(() => said.length > 0, 5000, "never ready");
    const [randomA, key] = [fromHex("b0b1b2b3b4b5b6b7"), "ffeeddccbbaa99887766554433221100"];
    const ccrypt = await frameFor(command(0x76, 0, randomA, "031100"), 44);
    expect(toHex(ccrypt.data.slice(0, 8))).toBe("0c11050101040302");
    const keys = deriveKeys(factoryKey as Uint8Array, randomA);
    const cryptogram = serverCryptogram(keys, randomA, ccrypt.data.slice(8, 16));
    expect((await frameFor(command(0x77, 1, cryptogram, "031300"), 28)).scb?.[2]).toBe(1);
    const session = new SecureSession(keys, initialRmac(keys, cryptogram));
    const ack = await frameFor(session.seal(command(0x75, 2, fromHex(`0110${key}`))), 15);
    expect(readFileSync(file, "utf8").trim()).toBe(key);
    expect([ack.code, session.open(ack)]).toEqual([0x40, new Uint8Array(0)]);
    expect(said.slice(1)).toEqual([{ event: "online" }, { event: "session", key: "scbk-d" }, { event: "keyset" }]);
    expect(JSON.stringify(said)).not.toContain(key);
    stop.abort();
    await expect(ended).rejects.toMatchObject({ code: "cancelled" });
    rmSync(dir, { recursive: true });
  });

  test("ends with cancelled when it is stopped, and leaves the port free", async () => {
    const { said, stop, ended } = start();
    await until(() => said.length > 0, 5000, "never ready");
    stop.abort();
    await expect(ended).rejects.toMatchObject({ code: "cancelled" });
    const again = await openSerialPort({ path: pair.b, baud: 115_200, log: silentLog });
    await again.close();
  });
});

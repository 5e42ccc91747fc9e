import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { ToolkitError } from "../../src-main/lib/errors.ts";
import { silentLog } from "../../src-main/lib/log.ts";
import type { Port } from "../../src-main/lib/port.ts";
import { openSerialPort } from "../../src-main/hosts/serial/serial-port.ts";
import { socatPair, until, type SocatPair } from "./harness.ts";

const ports: Port[] = [];
const pairs: Pick<SocatPair, "close">[] = [];

async function pair(): Promise<SocatPair> {
  const made = await socatPair();
  pairs.push(made);
  return made;
}

async function open(path: string, baud = 115200): Promise<Port> {
  const port = await openSerialPort({ path, baud, log: silentLog });
  ports.push(port);
  return port;
}

/** Everything a port hears, and how it ended: undefined = not yet, null = closed by us. */
function listen(port: Port) {
  const heard = { bytes: [] as number[], end: undefined as ToolkitError | null | undefined, ends: 0 };
  port.onData((chunk) => {
    for (const byte of chunk) heard.bytes.push(byte);
  });
  port.onClose((error) => {
    heard.end = error ?? null;
    heard.ends += 1;
  });
  return heard;
}

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) % 251);

afterEach(async () => {
  await Promise.all(ports.splice(0).map((port) => port.close()));
  await Promise.all(pairs.splice(0).map((one) => one.close()));
});

describe("a serial port over a pseudo-terminal pair", () => {
  it("carries 64 KiB both ways at once without a stall, twenty times", async () => {
    const { a, b } = await pair();
    const [left, right] = [await open(a), await open(b)];
    const [atLeft, atRight] = [listen(left), listen(right)];
    for (let round = 0; round < 20; round++) {
      const [toRight, toLeft] = [pattern(65536, round), pattern(65536, round + 100)];
      await Promise.all([left.write(toRight), right.write(toLeft)]);
      const both = () => atRight.bytes.length >= 65536 && atLeft.bytes.length >= 65536;
      await until(both, 5000, `stalled in round ${String(round)}`);
      expect(Buffer.from(atRight.bytes.splice(0)).equals(toRight)).toBe(true);
      expect(Buffer.from(atLeft.bytes.splice(0)).equals(toLeft)).toBe(true);
    }
  });

  it("hears while a write waits for room", async () => {
    // This socat only talks: it never takes what the port writes, so that the write has to wait.
    const dir = mkdtempSync(join(tmpdir(), "sr01-mute-"));
    const socat = spawn("socat", ["-u", "STDIN", `PTY,raw,echo=0,link=${join(dir, "a")}`], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const close = (): Promise<void> => {
      socat.kill("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
      return Promise.resolve();
    };
    pairs.push({ close });
    await until(() => existsSync(join(dir, "a")), 5000, "socat made no pseudo-terminal");
    const port = await open(join(dir, "a"));
    const heard = listen(port);
    const writing = port.write(pattern(500_000, 3)).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let n = 1; n <= 3; n++) {
      socat.stdin.write(Uint8Array.of(n));
      await until(() => heard.bytes.length === n, 1000, `deaf for byte ${String(n)} while a write waits`);
    }
    await port.close();
    expect(await writing).toMatchObject({ code: "link-lost" });
  });

  it("tells a hang-up once, as link-lost, within a second and without a busy loop, twenty times", async () => {
    for (let round = 0; round < 20; round++) {
      const line = await pair();
      const port = await open(line.a);
      const heard = listen(port);
      await port.write(pattern(64, round));
      await line.close();
      const since = performance.now();
      await until(() => heard.end !== undefined, 1000, `no end told in round ${String(round)}`);
      expect(performance.now() - since).toBeLessThan(1000);
      expect(heard.end?.code).toBe("link-lost");
      const cpu = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { user, system } = process.cpuUsage(cpu);
      expect((user + system) / 1000, "CPU milliseconds within 100 ms after the hang-up").toBeLessThan(50);
      expect(heard.ends).toBe(1);
      await expect(port.write(pattern(1, 0))).rejects.toMatchObject({ code: "link-lost" });
    }
  });

  it("says nothing about a loss when we close, and leaves the port free", async () => {
    const { a } = await pair();
    const port = await open(a);
    const heard = listen(port);
    await port.close();
    await port.close();
    expect(heard).toMatchObject({ end: null, ends: 1 });
    await (await open(a)).close();
  });

  it("locks: a second opening is busy, the first goes on", async () => {
    const { a, b } = await pair();
    const [first, other] = [await open(a), await open(b)];
    await expect(open(a)).rejects.toMatchObject({ code: "busy" });
    const heard = listen(other);
    await first.write(Uint8Array.of(1, 2, 3));
    await until(() => heard.bytes.length === 3, 1000, "the first opening is deaf");
  });

  it("ends a write at once when the port is closed in the middle of it", async () => {
    const { a } = await pair();
    const port = await open(a);
    // Nobody reads the far end: the line takes some KiB and then no more.
    const writing = port.write(pattern(1_000_000, 1)).catch((error: unknown) => error);
    const queued = port.write(pattern(10, 1)).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const since = performance.now();
    await port.close();
    expect(await writing).toMatchObject({ code: "link-lost" });
    expect(await queued).toMatchObject({ code: "link-lost" });
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it("changes its speed, usual or not, and goes on", async () => {
    const { a, b } = await pair();
    const [port, other] = [await open(a, 9600), await open(b)];
    const heard = listen(other);
    for (const baud of [19200, 230400, 12345]) {
      await port.setBaud(baud);
      expect(port.baud).toBe(baud);
      await port.write(Uint8Array.of(7));
      // A change of speed throws away what is still in the buffers.
      await until(() => heard.bytes.splice(0).length === 1, 1000, `no byte at ${String(baud)}`);
    }
  });

  it("opens nothing when it was stopped before or meanwhile, and leaves the port free", async () => {
    const { a } = await pair();
    await expect(
      openSerialPort({ path: a, baud: 9600, log: silentLog, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "cancelled" });
    const stop = new AbortController();
    const opening = openSerialPort({ path: a, baud: 9600, log: silentLog, signal: stop.signal });
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: "cancelled" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await open(a);
  });

  it("names what is wrong with a path", async () => {
    await expect(open("/dev/ttyNOTHERE")).rejects.toMatchObject({ code: "bad-input", field: "port" });
    await expect(open("/dev/null")).rejects.toMatchObject({ code: "bad-input", field: "port" });
    await expect(open(import.meta.filename)).rejects.toMatchObject({ code: "bad-input", field: "port" });
  });
});

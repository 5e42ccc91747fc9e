import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it, test } from "vitest";
import { at, cleanUp, errorOf, farEnd, folder, image, line, pair, simulatedUnit } from "./bench.ts";
import { runCli, startCli, until, type RunningCli } from "./harness.ts";

afterEach(cleanUp);

/** Slow enough that a flash of 64 KiB would take 20 s and more. */
const slow = { ftDelayMs: 30 };
const slowSize = ["--receive-size", "128"];

/** A flash of 64 KiB that is under way. */
async function flashing(path: string, file: string, ...more: string[]): Promise<RunningCli> {
  const running = await startCli(["flash", file, ...at(path), "--json", ...more]);
  await line(running, (one) => (one["sentBytes"] as number) > 1000, "the transfer");
  return running;
}

const isAborted = (one: Record<string, unknown>): boolean => one["event"] === "file" && one["state"] === "aborted";

describe("a flash that is stopped", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s: exit 130, says where, unit told, port free",
    async (signal) => {
      const { a, b } = await pair();
      const unit = await simulatedUnit(b, slow, ...slowSize);
      const running = await flashing(a, await image("1.3.0", 65_536));
      const { code, lines } = await running.stop(signal);
      expect(code).toBe(130);
      expect(lines.at(-1)).toMatchObject({
        phase: "done",
        fileBytes: 65_536,
        firmwareBefore: "1.2.3",
        firmwareAfter: "1.2.3",
        verified: false,
        error: { code: "cancelled", data: { sentBytes: expect.any(Number) as number, totalBytes: 65_536 } },
      });
      const sentBytes = (errorOf(lines)?.["data"] as { sentBytes: number }).sentBytes;
      expect(errorOf(lines)?.["message"]).toContain(`ended at ${String(sentBytes)} of 65536 bytes`);
      const told = await line(unit, isAborted, "ABORT");
      expect(told["receivedBytes"]).toBe(sentBytes);
      expect((await runCli(["identify", ...at(a), "--json"])).code).toBe(0);
    },
  );

  test("in words: the same place", async () => {
    const { a, b } = await pair();
    const unit = await simulatedUnit(b, slow, ...slowSize);
    const file = await image("1.3.0", 65_536);
    const child = spawn(process.execPath, [resolve("bin/sr01.js"), "flash", file, ...at(a), "--data", folder()]);
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    await line(unit, (one) => one["state"] === "started", "the transfer");
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number | null];
    expect(code).toBe(130);
    expect(stderr).toMatch(/Stopped on request\. The transfer ended at \d+ of 65536 bytes\. The unit runs 1\.2\.3\./);
  });

  test("while the unit restarts: said that it has the whole file", async () => {
    const { a, b } = await pair();
    await simulatedUnit(b, { rebootMs: 60_000 });
    const running = await startCli(["flash", await image("1.3.0", 2048), ...at(a), "--json"]);
    await line(running, (one) => one["phase"] === "reboot", "the restart");
    const { code, lines } = await running.stop("SIGINT");
    expect([code, lines.at(-1)]).toEqual([
      130,
      expect.objectContaining({ phase: "done", firmwareAfter: null, verified: false }),
    ]);
    expect(errorOf(lines)).toMatchObject({
      code: "cancelled",
      message: expect.stringMatching(/has the whole file; it was not verified/) as string,
    });
  });

  test("by kill -9: the next identify and the next flash work at once", async () => {
    const { a, b } = await pair();
    const unit = await simulatedUnit(b, { ftDelayMs: 10 }, ...slowSize);
    const running = await flashing(a, await image("1.3.0", 65_536));
    expect((await running.stop("SIGKILL")).signal).toBe("SIGKILL");
    expect((await runCli(["identify", ...at(a), "--json"])).code).toBe(0);
    const again = await runCli(["flash", await image("1.3.0", 2048), ...at(a), "--json"]);
    expect([again.code, again.lines.at(-1)?.["verified"]]).toEqual([0, true]);
    expect(unit.lines.filter(isAborted)).toHaveLength(1);
  });

  test("by a reader that leaves (`| head -1`): the unit is told and the port is free", async () => {
    const { a, b } = await pair();
    const unit = await simulatedUnit(b, slow, ...slowSize);
    const command = [process.execPath, resolve("bin/sr01.js"), "flash", await image("1.3.0", 65_536), ...at(a)];
    const args = [...command, "--json", "--data", folder()];
    const shell = spawn("bash", ["-c", '"$@" | head -1; echo "${PIPESTATUS[0]}"', "bash", ...args]);
    let stdout = "";
    shell.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    await once(shell, "close");
    const [first = "", code] = stdout.trim().split("\n");
    expect(JSON.parse(first)).toMatchObject({ phase: "check" });
    expect(code).toBe("130");
    const started = unit.lines.filter((one) => one["state"] === "started").length;
    expect(unit.lines.filter(isAborted)).toHaveLength(started);
    expect((await runCli(["identify", ...at(a), "--json"])).code).toBe(0);
  });

  test("while it still listens: nothing was sent", async () => {
    const { a, b } = await pair();
    const { heard } = await farEnd(b);
    const file = await image("1.3.0", 2048);
    const running = await startCli(["flash", file, "--port", a, "--listen-ms", "60000", "--json"]);
    const { code, lines } = await running.stop("SIGINT");
    expect([code, lines.at(-1)]).toEqual([130, { error: { code: "cancelled", message: "Stopped on request." } }]);
    expect(heard).toEqual([]);
  });
});

describe("a line that hangs up", () => {
  /** Pulls the adapter and gives the end, which must come within 2 s. */
  async function pulled(running: RunningCli, wires: { close(): Promise<void> }) {
    await wires.close();
    const since = performance.now();
    const end = await running.ended;
    expect(performance.now() - since).toBeLessThan(2000);
    return end;
  }

  test("during identify", async () => {
    const wires = await pair();
    const { heard } = await farEnd(wires.b);
    const dataDir = mkdtempSync(join(tmpdir(), "sr01-data-"));
    const running = runCli(["identify", ...at(wires.a), "--json"], { dataDir });
    await until(() => heard.length > 0, 10_000, "nothing was sent");
    const since = performance.now();
    await wires.close();
    const { code, lines } = await running;
    expect(performance.now() - since).toBeLessThan(2000);
    expect([code, errorOf(lines)?.["code"]]).toEqual([4, "link-lost"]);
    rmSync(dataDir, { recursive: true });
  });

  test("after a pulse went out: said that it may have moved", async () => {
    const wires = await pair();
    const unit = await simulatedUnit(wires.b, { loseAckAfterOut: 1000 });
    const running = runCli(["relay", "pulse", ...at(wires.a), "--json"]);
    await line(unit, (one) => one["event"] === "output", "the pulse");
    await wires.close();
    const { code, lines } = await running;
    expect([code, errorOf(lines)]).toEqual([
      4,
      expect.objectContaining({ code: "link-lost", data: expect.objectContaining({ maybeExecuted: true }) as unknown }),
    ]);
  });

  test("during a flash; the simulated unit ends too, and well", async () => {
    const wires = await pair();
    const unit = await simulatedUnit(wires.b, slow, ...slowSize);
    const { code, lines } = await pulled(await flashing(wires.a, await image("1.3.0", 65_536)), wires);
    expect(code).toBe(4);
    expect(lines.at(-1)).toMatchObject({ phase: "done", verified: false, firmwareAfter: null });
    expect(errorOf(lines)).toMatchObject({ code: "link-lost" });
    expect((await unit.ended).code).toBe(0);
  });
});

test("a port that another process holds is busy, and that process goes on", async () => {
  const { a, b } = await pair();
  const unit = await simulatedUnit(b);
  const { code, lines } = await runCli(["identify", ...at(b), "--json"]);
  expect([code, errorOf(lines)]).toEqual([
    3,
    expect.objectContaining({ code: "busy", message: expect.stringMatching(/Another program/) as string }),
  ]);
  expect((await runCli(["identify", ...at(a), "--json"])).code).toBe(0);
  expect(unit.process.exitCode).toBeNull();
});

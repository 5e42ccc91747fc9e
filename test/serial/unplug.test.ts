import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, test } from "vitest";
import { at, cleanUp, errorOf, farEnd, folder, image, line, pair, simulatedUnit } from "./bench.ts";
import { runCli, startCli, until, type CliResult, type SocatPair } from "./harness.ts";

afterEach(cleanUp);

/** An adapter that keeps its name: a link to the present pair of pseudo-terminals, as udev makes them. */
async function adapter() {
  const path = join(folder(), "adapter");
  const plug = async (): Promise<SocatPair> => {
    const wires = await pair();
    rmSync(path, { force: true });
    symlinkSync(wires.a, path);
    return wires;
  };
  return { path, plug, wires: await plug() };
}

/** CPU time of a process in ms, and null when it is gone. A tick is 10 ms. */
function cpuMs(pid: number | undefined): number | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

function hasOpen(pid: number | undefined, path: string): boolean {
  const dir = `/proc/${String(pid)}/fd`;
  return readdirSync(dir).some((fd) => {
    try {
      return readlinkSync(join(dir, fd)) === path;
    } catch {
      return false;
    }
  });
}

interface Running {
  process: { pid?: number | undefined };
  ended: Promise<CliResult>;
}

/** Pulls the adapter: what the command says, how long it took to end, and the CPU time it still used. */
async function pull(running: Running, wires: SocatPair) {
  const { pid } = running.process;
  const before = cpuMs(pid) ?? 0;
  let after = before;
  const watch = setInterval(() => (after = cpuMs(pid) ?? after), 5);
  const since = performance.now();
  await wires.close();
  const { code, lines } = await running.ended;
  clearInterval(watch);
  return { code, error: errorOf(lines), tookMs: performance.now() - since, cpuMs: after - before };
}

/** A command whose first line comes only at its end: started, and known to have sent something. */
async function sending(args: string[], far: string): Promise<Running> {
  const { heard } = await farEnd(far);
  const dataDir = folder();
  const child = spawn(process.execPath, ["bin/sr01.js", "--json", ...args, "--data", dataDir]);
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const ended = once(child, "close").then(([code]): CliResult => {
    const lines = stdout
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    return { code: code as number | null, signal: null, stdout, stderr: "", lines };
  });
  await until(() => heard.length > 0, 10_000, "nothing was sent");
  return { process: child, ended };
}

describe("an adapter that is pulled: told within two seconds, no busy loop, and the next command works", () => {
  it.each(["identify", "status", "relay pulse", "doctor"])("%s", async (verb) => {
    const { path, plug, wires } = await adapter();
    const running = await sending([...verb.split(" "), ...at(path)], wires.b);
    const end = await pull(running, wires);
    expect(end).toMatchObject({ code: 4, error: { code: "link-lost" } });
    expect(end.tookMs).toBeLessThan(2000);
    expect(end.cpuMs).toBeLessThan(500);
    const again = await plug();
    await simulatedUnit(again.b);
    expect((await runCli(["identify", ...at(path), "--json"])).code).toBe(0);
  });

  test("flash", async () => {
    const { path, plug, wires } = await adapter();
    await simulatedUnit(wires.b, { ftDelayMs: 30 }, "--receive-size", "128");
    const file = await image("1.3.0", 65_536);
    const running = await startCli(["flash", file, ...at(path), "--json"]);
    await line(running, (one) => (one["sentBytes"] as number) > 1000, "the transfer");
    const end = await pull(running, wires);
    expect(end).toMatchObject({ code: 4, error: { code: "link-lost" } });
    expect(end.tookMs).toBeLessThan(2000);
    expect(end.cpuMs).toBeLessThan(500);
    const again = await plug();
    await simulatedUnit(again.b);
    const { code, lines } = await runCli(["flash", await image("1.3.0", 4096), ...at(path), "--json"]);
    expect([code, lines.at(-1)?.["verified"]]).toEqual([0, true]);
  });

  test("while it listens, before anything is sent", async () => {
    const { path, plug, wires } = await adapter();
    const child = spawn(process.execPath, [
      ...["bin/sr01.js", "--json", "identify", "--port", path, "--listen-ms", "30000", "--data", folder()],
    ]);
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    const ended = once(child, "close").then(([code]): CliResult => {
      const lines = [JSON.parse(stdout) as Record<string, unknown>];
      return { code: code as number | null, signal: null, stdout, stderr: "", lines };
    });
    await until(() => hasOpen(child.pid, realpathSync(path)), 10_000, "the port was not opened");
    expect(await pull({ process: child, ended }, wires)).toMatchObject({
      code: 4,
      error: { code: "link-lost", data: { verdict: { code: "pulled" } } },
    });
    await simulatedUnit((await plug()).b);
    expect((await runCli(["identify", ...at(path), "--json"])).code).toBe(0);
  });
});

describe("why a port does not open, as this machine shows it", () => {
  const portOf = (result: CliResult) => result.lines.at(-1)?.["port"] as Record<string, unknown> | undefined;

  test("busy: names the program that has it", async () => {
    const { a, b } = await pair();
    const unit = await simulatedUnit(b);
    const result = await runCli(["doctor", ...at(b), "--json"]);
    expect(result.code).toBe(3);
    expect(portOf(result)?.["verdict"]).toMatchObject({
      ...{ code: "busy", program: { pid: unit.process.pid, name: "node" } },
    });
    expect((await runCli(["identify", ...at(a), "--json"])).code).toBe(0);
  });

  test("absent: one verdict, one next step, in the error of every command too", async () => {
    const result = await runCli(["doctor", "--port", "/dev/ttyNOTHERE", "--json"]);
    expect(result.code).toBe(2);
    const verdict = portOf(result)?.["verdict"] as Record<string, unknown>;
    expect(["absent", "no-adapter"]).toContain(verdict["code"]);
    const { code, lines } = await runCli(["identify", "--port", "/dev/ttyNOTHERE", "--json"]);
    expect([code, errorOf(lines)]).toEqual([
      2,
      expect.objectContaining({ field: "port", data: expect.objectContaining({ verdict }) as unknown }),
    ]);
    expect(errorOf(lines)?.["message"]).toContain(verdict["nextStep"]);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "no permission: names the node's real group (needs root, to become nobody)",
    async () => {
      const { a } = await pair();
      const dataDir = folder();
      chmodSync(dataDir, 0o777);
      chmodSync(join(a, ".."), 0o755);
      const child = spawn(process.execPath, ["bin/sr01.js", "doctor", ...at(a), "--json"], {
        ...{ uid: 65_534, gid: 65_534, env: { ...process.env, SR01_DATA: dataDir, HOME: dataDir } },
      });
      let stdout = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      const [code] = (await once(child, "close")) as [number];
      const { port } = JSON.parse(stdout) as { port: { verdict: Record<string, unknown> } };
      expect(code).toBe(2);
      expect(port.verdict).toMatchObject({
        code: "no-permission",
        message: expect.stringMatching(/belongs to the group \w+/) as string,
        commands: [expect.stringMatching(/^sudo (chown|usermod)/) as string],
      });
    },
  );
});

describe("doctor at a healthy line", () => {
  test("identifies, measures, and lists what the machine tells", async () => {
    const { a, b } = await pair();
    await simulatedUnit(b);
    const { code, lines } = await runCli(["doctor", ...at(a), "--exchanges", "10", "--json"]);
    expect(code).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      port: {
        verdict: { code: "ready" },
        identity: { firmwareVersion: "1.2.3" },
        latency: { exchanges: 10, lost: 0 },
        // A pseudo-terminal is no adapter to keep it with.
        latencyKept: false,
        latencyTimerMs: null,
      },
    });
    expect((lines[0]?.["readiness"] as { id: string }[]).map(({ id }) => id)).toContain("serial-library");
    expect(lines[0]?.["liveDoor"]).toHaveLength(4);
  });

  test("with --set-latency-timer where there is none: unsupported", async () => {
    const { a } = await pair();
    const { code, lines } = await runCli(["doctor", ...at(a), "--set-latency-timer", "--json"]);
    expect([code, errorOf(lines)?.["code"]]).toEqual([9, "unsupported"]);
  });
});

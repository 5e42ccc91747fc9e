import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src-main/lib/log.ts";
import type { Port } from "../../src-main/lib/port.ts";
import { openSerialPort } from "../../src-main/hosts/serial/serial-port.ts";
import { runCli, socatPair, startCli, until, type RunningCli, type SocatPair } from "./harness.ts";

/** What a test leaves to be cleaned up; {@link cleanUp} runs it last in, first out. */
const leftovers: (() => Promise<unknown>)[] = [];

/** For `afterEach`: ends every process and line that the functions here made. */
export async function cleanUp(): Promise<void> {
  for (const end of leftovers.splice(0).reverse()) await end();
}

/** A folder of its own, removed at the end of the test. */
export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "sr01-bench-"));
  leftovers.push(() => Promise.resolve(rmSync(dir, { recursive: true, force: true })));
  return dir;
}

/** A pair of pseudo-terminals, closed at the end of the test. */
export async function pair(): Promise<SocatPair> {
  const made = await socatPair();
  leftovers.push(() => made.close());
  return made;
}

/** A long-running verb, ended at the end of the test. */
export async function start(args: readonly string[]): Promise<RunningCli> {
  const running = await startCli(["--json", ...args]);
  leftovers.push(() => running.stop("SIGKILL"));
  return running;
}

/** A simulated SR01 in a process of its own on `path`; faults as in `sim sr01 --faults`. */
export function simulatedUnit(path: string, faults: object = {}, ...more: string[]): Promise<RunningCli> {
  const file = join(folder(), "faults.json");
  writeFileSync(file, JSON.stringify({ rebootMs: 300, ...faults }));
  return start(["sim", "sr01", "--port", path, "--baud", "115200", "--faults", file, ...more]);
}

/** The device options of our end. */
export const at = (path: string): string[] => ["--port", path, "--baud", "115200", "--listen-ms", "50"];

/** Writes an image for the simulated SR01 and gives its path. */
export async function image(version: string, sizeBytes: number, ...more: string[]): Promise<string> {
  const file = join(folder(), "firmware.img");
  const made = await runCli(["sim", "image", file, "--version", version, "--size", String(sizeBytes), ...more]);
  if (made.code !== 0) throw new Error(made.stderr);
  return file;
}

/** The far end of a line, held open by us: it hears and says nothing. */
export async function farEnd(path: string): Promise<{ port: Port; heard: number[] }> {
  const port = await openSerialPort({ path, baud: 115_200, log: silentLog });
  leftovers.push(() => port.close());
  const heard: number[] = [];
  port.onData((chunk) => heard.push(...chunk));
  return { port, heard };
}

/** A line with a tap in its middle: `near` and `far` are its ends. */
export interface TappedLine {
  near: string;
  far: string;
  /** Every byte that went from near to far. */
  toFar: number[];
  /** Says something to near, as a third party on the line. */
  inject(bytes: Uint8Array): Promise<void>;
}

/** `towardsNear` may damage what far says. */
export async function tappedLine(towardsNear = (chunk: Uint8Array): Uint8Array => chunk): Promise<TappedLine> {
  const [left, right] = [await pair(), await pair()];
  const [nearSide, farSide] = [await farEnd(left.b), await farEnd(right.a)];
  const passOn = (port: Port, chunk: Uint8Array): void => void port.write(chunk).catch(() => undefined);
  nearSide.port.onData((chunk) => {
    passOn(farSide.port, chunk);
  });
  farSide.port.onData((chunk) => {
    passOn(nearSide.port, towardsNear(chunk));
  });
  return { near: left.a, far: right.b, toFar: nearSide.heard, inject: (bytes) => nearSide.port.write(bytes) };
}

/**
 * A second master, in shell and nothing of ours: sends a POLL to address 5 now and then on `path`, and captures all that it
 * hears there.
 */
export async function secondMaster(path: string): Promise<{ captured: number[] }> {
  const script = String.raw`exec 3<>"$0"; while :; do printf '\xff\x53\x05\x08\x00\x04\x60\x00\x00' >&3; sleep 0.1; done & exec cat <&3`;
  const shell = spawn("bash", ["-c", script, path], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const gone = once(shell, "exit");
  const captured: number[] = [];
  shell.stdout.on("data", (chunk: Buffer) => captured.push(...chunk));
  leftovers.push(async () => {
    if (shell.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
    await gone;
  });
  await once(shell, "spawn");
  return { captured };
}

/** Waits until a line of `running` fits, and gives it. */
export async function line(
  running: RunningCli,
  fits: (line: Record<string, unknown>) => boolean,
  what: string,
): Promise<Record<string, unknown>> {
  await until(() => running.lines.some(fits), 20_000, `${what} never came: ${JSON.stringify(running.lines)}`);
  return running.lines.find(fits) as Record<string, unknown>;
}

/** The error of a last line. */
export function errorOf(lines: readonly Record<string, unknown>[]): Record<string, unknown> | undefined {
  return lines.at(-1)?.["error"] as Record<string, unknown> | undefined;
}

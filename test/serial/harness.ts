import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

/** A line of two pseudo-terminals: what goes into `a` comes out of `b` and back. */
export interface SocatPair {
  a: string;
  b: string;
  /** Hangs both ends up, like an adapter that is pulled, and removes the links. */
  close(): Promise<void>;
}

/**
 * Joins two pseudo-terminals with socat in a folder of its own; resolves when both exist. Both ends are held open here,
 * so that several programs can use an end one after the other (not every socat stays when an end is closed for good).
 */
export async function socatPair(): Promise<SocatPair> {
  const dir = mkdtempSync(join(tmpdir(), "sr01-pair-"));
  const a = join(dir, "a");
  const b = join(dir, "b");
  const socat = spawn("socat", [`PTY,raw,echo=0,link=${a}`, `PTY,raw,echo=0,link=${b}`], { stdio: "ignore" });
  const gone = once(socat, "exit");
  await until(() => existsSync(a) && existsSync(b), 5000, "socat made no pair of pseudo-terminals");
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const held = [openSync(a, flags), openSync(b, flags)];
  let closed = false;
  return {
    a,
    b,
    close: async () => {
      if (closed) return;
      closed = true;
      socat.kill("SIGKILL");
      await gone;
      for (const fd of held) closeSync(fd);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** How a run of the command line ended. `lines` are the JSON objects of stdout (other lines are left out). */
export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  lines: Record<string, unknown>[];
}

/** Settings of a run. `dataDir` is a fresh temporary folder unless given; the time limit ends it with SIGKILL. */
export interface CliOptions {
  env?: Record<string, string>;
  dataDir?: string;
  timeoutMs?: number;
  input?: string;
}

/** A running command line. */
export interface RunningCli {
  process: ChildProcess;
  /** The first JSON object on stdout, e.g. `{"ready":true}`. */
  first: Record<string, unknown>;
  /** All JSON objects so far. */
  lines: Record<string, unknown>[];
  /** Sends a signal (default SIGTERM) unless it ended already, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<CliResult>;
  /** Resolves at the end, whatever the cause. */
  ended: Promise<CliResult>;
}

const entry = resolve(import.meta.dirname, "../../bin/sr01.js");

/** Runs `node bin/sr01.js …` to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return launch(args, options).ended;
}

/** Starts a long-running verb; resolves on its first JSON line, rejects with its output when it ends before. */
export async function startCli(args: readonly string[], options: CliOptions = {}): Promise<RunningCli> {
  const { child, lines, ended } = launch(args, { timeoutMs: 110_000, ...options });
  let over: CliResult | undefined;
  void ended.then((result) => (over = result));
  await until(() => lines.length > 0 || over !== undefined, 20_000, `no line from: ${args.join(" ")}`);
  const first = lines[0];
  if (!first) throw new Error(`ended before its first line: ${JSON.stringify(over)}`);
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<CliResult> => {
    if (!over) child.kill(signal);
    return ended;
  };
  return { process: child, first, lines, stop, ended };
}

function launch(args: readonly string[], { env = {}, dataDir, timeoutMs = 60_000, input }: CliOptions) {
  const dir = dataDir ?? mkdtempSync(join(tmpdir(), "sr01-data-"));
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, SR01_DATA: dir, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: Record<string, unknown>[] = [];
  let stdout = "";
  let stderr = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout += `${line}\n`;
    if (line.startsWith("{")) lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const limit = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const ended = once(child, "close").then(([code, signal]): CliResult => {
    clearTimeout(limit);
    if (dataDir === undefined) rmSync(dir, { recursive: true, force: true });
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr, lines };
  });
  return { child, lines, ended };
}

/** Waits until `check` is true, looking every 10 ms; fails with `what` after the time limit. */
export async function until(check: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!check()) {
    if (performance.now() > end) throw new Error(what);
    await pause(10);
  }
}

import { resolve } from "node:path";
import { Command } from "commander";
import { systemClock } from "../../lib/clock.ts";
import { errorShape, exitCodes, fail, toToolkitError, type ToolkitError } from "../../lib/errors.ts";
import { defaultDataDir, type Surroundings } from "../data-dir.ts";
import { createFileLog, type FileLog } from "../log.ts";
import type { CliAction, CliContext } from "./context.ts";
import { usageError, verbsFirst } from "./usage.ts";

/** Adds verbs to the program. */
export type RegisterCommands = (program: Command, action: CliAction) => void;

/** All that one run of the command line needs of its process. */
export interface CommandLine extends Surroundings {
  /** Arguments without node and the script. */
  args: readonly string[];
  version: string;
  commands: readonly RegisterCommands[];
  /** Write text as it is. */
  out: (text: string) => void;
  err: (text: string) => void;
  signal: AbortSignal;
  /** How long work may clean up after the signal. */
  graceMs?: number;
}

/**
 * Runs one command line to its end and gives the exit code (docs/architecture.md "Errors"). A failure is told as the last
 * line on stdout with `--json`, else in words on stderr. Work that resolves ends with 0, even when it was stopped.
 */
export async function runCommandLine(line: CommandLine): Promise<number> {
  // Wanted before anything is parsed: usage errors are told in the same way.
  const json = line.args.includes("--json");
  const logs: FileLog[] = [];
  const told = new WeakSet<ToolkitError>();
  const program = buildProgram(line, json, logs, told);
  try {
    await withGrace(program.parseAsync(verbsFirst(program, line.args), { from: "user" }), line);
    return 0;
  } catch (thrown) {
    const usage = usageError(thrown);
    if (usage === null) return 0;
    const error = usage ?? toToolkitError(thrown);
    return tellError(error, json && !told.has(error), line, logs);
  } finally {
    for (const log of logs) log.close();
  }
}

/** Tells a failure: as a JSON line, or in words on stderr where stdout is for people or has the error already. */
function tellError(error: ToolkitError, asLine: boolean, line: CommandLine, logs: readonly FileLog[]): number {
  const shape = errorShape(error);
  for (const log of logs) log.warn("cli.failed", { ...shape, stack: error.code === "bug" ? error.stack : undefined });
  if (asLine) line.out(`${JSON.stringify({ error: shape })}\n`);
  else line.err(`${shape.message} (${shape.code})\n`);
  return exitCodes[error.code];
}

function buildProgram(line: CommandLine, json: boolean, logs: FileLog[], told: WeakSet<ToolkitError>): Command {
  const program = new Command("sr01")
    .description("Akuvox SR01 security relay and its door phone: identify, test, set up, flash.")
    .version(line.version, "-V")
    .option("--json", "one JSON object a line on stdout, nothing else", false)
    .option("--data <dir>", "the data folder (default: SR01_DATA, else the user's own)")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => {
        (json ? line.err : line.out)(text);
      },
      // Usage errors are told once, by us.
      writeErr: () => undefined,
    });
  const action: CliAction =
    (work) =>
    async (...args) => {
      await work(createContext(program, line, logs, told), ...args);
    };
  for (const register of line.commands) register(program, action);
  shareSettings(program);
  return program;
}

/** Verbs that were made apart and added get the same rules as those made by the program. */
function shareSettings(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    shareSettings(child);
  }
}

function createContext(program: Command, line: CommandLine, logs: FileLog[], told: WeakSet<ToolkitError>): CliContext {
  const { json, data } = program.opts<{ json: boolean; data?: string }>();
  if (data === "") throw fail("bad-input", "--data wants the path of a folder.", { field: "data" });
  const dataDir = resolve(data ?? defaultDataDir(line));
  const log = createFileLog(dataDir, "info");
  logs.push(log);
  return {
    json,
    dataDir,
    signal: line.signal,
    clock: systemClock,
    log,
    env: line.env,
    emit: (value, words) => {
      if (json) line.out(`${JSON.stringify(value)}\n`);
      else if (words !== undefined) line.out(`${words}\n`);
    },
    failWith: (value, error) => {
      if (json) line.out(`${JSON.stringify({ ...value, error: errorShape(error) })}\n`);
      told.add(error);
      return error;
    },
    note: (words) => {
      line.err(`${words}\n`);
    },
  };
}

/** The work's own end; `cancelled` when it does not end within `graceMs` after the signal. */
function withGrace(work: Promise<unknown>, { signal, graceMs = 3000 }: CommandLine): Promise<void> {
  return new Promise((resolve, reject) => {
    let callOff = (): void => undefined;
    const onAbort = (): void => {
      callOff = systemClock.after(graceMs, () => {
        reject(fail("cancelled", "Stopped. Something did not end in time and was left."));
      });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    work
      .then(() => {
        resolve();
      }, reject)
      .finally(() => {
        callOff();
        signal.removeEventListener("abort", onAbort);
      });
  });
}

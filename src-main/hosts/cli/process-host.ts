import { homedir } from "node:os";
import { exitCodes, toToolkitError } from "../../lib/errors.ts";
import { runCommandLine, type RegisterCommands } from "./frame.ts";

/**
 * Runs the command line in this process and ends it. SIGINT, SIGTERM, SIGHUP and a closed stdout stop the work, which may
 * clean up for 3 s; a second signal ends at once. What was printed is flushed first.
 */
export async function runProcess(commands: readonly RegisterCommands[], version: string): Promise<never> {
  const stop = new AbortController();
  stopOnSignals(stop);
  stopOnClosedOutput(stop);
  const crashed = untilCrash();
  const run = runCommandLine({
    args: process.argv.slice(2),
    version,
    commands,
    env: process.env,
    platform: process.platform,
    homeDir: homedir(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    signal: stop.signal,
  });
  const code = await Promise.race([run, crashed]);
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(code);
}

function stopOnSignals(stop: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(exitCodes.cancelled);
      stop.abort();
    });
  }
}

/** The reader of our output may leave (`| head`): that stops the work, and is no crash. */
function stopOnClosedOutput(stop: AbortController): void {
  process.stdout.on("error", () => {
    stop.abort();
  });
  process.stderr.on("error", () => undefined);
}

/** An error that nobody caught is ours: told like any other, exit 70. */
function untilCrash(): Promise<number> {
  return new Promise((resolve) => {
    const tell = (thrown: unknown): void => {
      const { message } = toToolkitError(thrown);
      const error = { code: "bug", message };
      if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error })}\n`);
      else process.stderr.write(`${message} (bug)\n`);
      resolve(exitCodes.bug);
    };
    process.on("uncaughtException", tell);
    process.on("unhandledRejection", tell);
  });
}

/** Resolves when all that was written is with the system, or can never be. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 2000).unref();
    if (stream.destroyed || !stream.writable) resolve();
    else
      stream.write("", () => {
        resolve();
      });
  });
}

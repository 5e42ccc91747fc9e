import { chmodSync, closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { redact, redactText, type Log } from "../lib/log.ts";

/** Name of the log inside the data folder; the one before it has `.1` at its end. */
export const logFileName = "sr01-toolkit.log";

/** Levels of the log, from the most to the least. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A log with a file behind it. */
export interface FileLog extends Log {
  /** Closes the file; later lines are dropped. */
  close(): void;
}

/**
 * A log of JSON lines in the data folder, for this user only, at most two files of `maxBytes`. Secrets are redacted here
 * for everybody. It never throws: on a full disk or in a folder that cannot be written lines are lost, not work.
 */
export function createFileLog(dataDir: string, level: LogLevel, maxBytes = 5 * 1024 * 1024): FileLog {
  const file = rotatingFile(dataDir, maxBytes);
  const logger = pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, file);
  const at =
    (method: LogLevel): Log["info"] =>
    (event, facts = {}) => {
      try {
        logger[method](redact(plain(facts)), redactText(event));
      } catch {
        // Facts that cannot become JSON (a loop, a getter that throws) must not end the work they describe.
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), close: file.close };
}

/** Errors have no own enumerable members that tell anything; this keeps what they say. */
function plain(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(facts).map(([name, value]) =>
    value instanceof Error ? [name, { name: value.name, message: value.message }] : [name, value],
  );
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** A file that is renamed when it is full. Written at once, so that the last lines survive a crash. */
function rotatingFile(dataDir: string, maxBytes: number) {
  const path = join(dataDir, logFileName);
  let fd: number | undefined;
  let sizeBytes = 0;
  let state: "unopened" | "open" | "closed" = "unopened";
  const close = (): void => {
    quietly(() => {
      if (fd !== undefined) closeSync(fd);
    });
    fd = undefined;
  };
  const open = (): void => {
    quietly(() => {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      if (sizeOf(path) > maxBytes) renameSync(path, `${path}.1`);
      fd = openSync(path, "a", 0o600);
      chmodSync(path, 0o600);
      sizeBytes = sizeOf(path);
    });
  };
  const write = (line: string): void => {
    // Opened by the first line: a run that has nothing to tell leaves no folder behind.
    if (state === "unopened") {
      state = "open";
      open();
    }
    quietly(() => {
      if (fd === undefined) return;
      sizeBytes += writeSync(fd, line);
    });
    if (fd === undefined || sizeBytes <= maxBytes) return;
    close();
    open();
  };
  return {
    write,
    close: () => {
      state = "closed";
      close();
    },
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // The log is the last place to tell of its own failure.
  }
}

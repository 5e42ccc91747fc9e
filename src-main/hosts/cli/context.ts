import type { Clock } from "../../lib/clock.ts";
import type { ToolkitError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";

/** What every verb of the command line is given. The only way to stdout and stderr. */
export interface CliContext {
  /** `--json` was given: stdout holds one JSON object a line and nothing else. */
  readonly json: boolean;
  /** The user's data folder (`--data`). */
  readonly dataDir: string;
  /** Fires on SIGINT, SIGTERM and when stdout is gone (EPIPE); every wait takes it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Environment variables, for `--password-env NAME` and the like. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A result or progress object: a JSON line with `--json`, else `words` (or nothing when no words are given). */
  emit(value: Readonly<Record<string, unknown>>, words?: string): void;
  /**
   * For a failure that has a result as well: with `--json` one last line holds both, `{...value, error}`. Throw what it
   * gives back.
   */
  failWith(value: Readonly<Record<string, unknown>>, error: ToolkitError): ToolkitError;
  /** A remark for people, on stderr. */
  note(words: string): void;
}

/** Makes commander's action handler of a verb's work: gives it the context, turns its end into output and exit code. */
export type CliAction = <A extends unknown[]>(
  work: (cli: CliContext, ...args: A) => Promise<void>,
) => (...args: A) => Promise<void>;

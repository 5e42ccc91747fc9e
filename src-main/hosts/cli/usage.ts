import { CommanderError, type Command } from "commander";
import { fail, type ToolkitError } from "../../lib/errors.ts";

/** What commander threw: null when it only showed help or the version, `bad-input` for a usage error, else undefined. */
export function usageError(thrown: unknown): ToolkitError | null | undefined {
  if (!(thrown instanceof CommanderError)) return undefined;
  if (thrown.exitCode === 0) return null;
  if (thrown.code === "commander.help") return fail("bad-input", "Say what to do. The verbs: sr01 --help");
  const message = thrown.message.replace(/^error: /, "").trim();
  const field = /'(?:-\w, )?(?:--)?([a-z][a-z0-9-]*)/i.exec(message)?.[1];
  const sentence = message.charAt(0).toUpperCase() + message.slice(1) + (/[.!?)]$/.test(message) ? "" : ".");
  return fail("bad-input", sentence, { cause: thrown, ...(field === undefined ? {} : { field }) });
}

/**
 * The arguments with the verbs in front (`relay --port X pulse` becomes `relay pulse --port X`): commander stops looking
 * for a verb's sub-verb at the first option that it does not know.
 */
export function verbsFirst(program: Command, args: readonly string[]): string[] {
  const withValue = flagsWithValue(program);
  const verbs: string[] = [];
  const rest: string[] = [];
  let at = program;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    const child = at.commands.find((command) => command.name() === arg);
    if (child) {
      verbs.push(arg);
      at = child;
      continue;
    }
    const isOption = arg.startsWith("-") && arg !== "-" && arg !== "--";
    // From the first word that is no verb on there is nothing to move.
    if (!isOption) return [...verbs, ...rest, ...args.slice(i)];
    rest.push(arg);
    const value = args[i + 1];
    if (withValue.has(arg) && value !== undefined) {
      rest.push(value);
      i += 1;
    }
  }
  return [...verbs, ...rest];
}

function flagsWithValue(command: Command): Set<string> {
  const own = command.options
    .filter((option) => option.required || option.optional)
    .flatMap((option) => [option.long, option.short])
    .filter((flag) => flag !== undefined && flag !== null);
  return new Set([...own, ...command.commands.flatMap((child) => [...flagsWithValue(child)])]);
}

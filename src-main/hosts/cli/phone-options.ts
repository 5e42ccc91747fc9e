import { Option, type Command } from "commander";
import { fail, ToolkitError } from "../../lib/errors.ts";
import type { Phone } from "../../phone/client.ts";
import { createPhone } from "../../phone/client.ts";
import type { PhoneAuth } from "../../phone/login.ts";
import type { CliContext } from "./context.ts";
import { wholeOption } from "./options.ts";

/** Options of every verb that talks to a door phone. */
export interface PhoneCliOptions {
  host: string;
  auth: PhoneAuth;
  user: string;
  passwordEnv?: string;
  timeoutMs: number;
  /** Between two requests: the unit's web server serves one at a time. */
  gapMs: number;
}

/** Adds the options of {@link PhoneCliOptions} to a verb. A missing `--host` is `bad-input` naming it. */
export function addPhoneOptions(command: Command): Command {
  return command
    .requiredOption("--host <host:port>", "the door phone's address")
    .addOption(
      new Option("--auth <kind>", "how to log in; auto asks the unit and never sends Basic over plain HTTP")
        .choices(["auto", "digest", "basic", "none"])
        .default("auto"),
    )
    .option("--user <name>", "user name of the HTTP API", "")
    .option("--password-env <name>", "environment variable that holds the password")
    .addOption(wholeOption("--timeout-ms <ms>", "give up a request after", 100, 120_000).default(12_000))
    .addOption(wholeOption("--gap-ms <ms>", "pause between two requests", 0, 60_000).default(250));
}

/** The secret in an environment variable. `bad-input` on `field` when it is not set. */
export function secretFromEnv(cli: CliContext, name: string, field: string): string {
  const secret = cli.env[name];
  if (secret === undefined) throw fail("bad-input", `The environment variable ${name} is not set.`, { field });
  return secret;
}

/** Runs `work` with a client to the door phone of the options, which is closed at the end whatever happens. */
export async function withPhone<T>(
  cli: CliContext,
  options: PhoneCliOptions,
  work: (phone: Phone) => Promise<T>,
): Promise<T> {
  const { host, auth, user, timeoutMs, gapMs, passwordEnv } = options;
  const password = passwordEnv === undefined ? "" : secretFromEnv(cli, passwordEnv, "password-env");
  const { clock, log } = cli;
  const phone = createPhone({ host, auth, user, password, clock, log, timeoutMs, gapMs });
  try {
    return await work(phone);
  } catch (error) {
    throw namingOption(error);
  } finally {
    await phone.close();
  }
}

/** A missing user or password, told by the option that gives it. */
function namingOption(error: unknown): unknown {
  if (!(error instanceof ToolkitError) || error.code !== "bad-input") return error;
  if (error.field === "user")
    return fail("bad-input", `${error.message} Give --user and --password-env.`, { field: "user" });
  if (error.field === "password")
    return fail("bad-input", `${error.message} Give --password-env.`, { field: "password-env" });
  return error;
}

import { readFile, stat } from "node:fs/promises";
import { Option, type Command } from "commander";
import { fail } from "../../lib/errors.ts";
import type { SimPhoneSettings } from "../../sim/phone/settings.ts";
import { simPhoneModels } from "../../sim/phone/settings.ts";
import { createSimPhone, parseSimPhoneFile } from "../../sim/phone/sim-phone.ts";
import type { CliAction, CliContext } from "./context.ts";
import { secretFromEnv } from "./phone-options.ts";

interface SimPhoneCliOptions {
  listen: string;
  model?: string;
  auth?: SimPhoneSettings["auth"];
  user?: string;
  passwordEnv?: string;
  faults?: string;
}

const maxFileBytes = 256 * 1024;

/**
 * Adds `sim phone` (below `sim`, which is made when it is not there yet): a simulated door phone until it is stopped.
 * Without `--user` and `--password-env` the login is admin, admin.
 */
export function registerSimPhoneCommand(program: Command, action: CliAction): void {
  const sim =
    program.commands.find((one) => one.name() === "sim") ?? program.command("sim").description("simulated devices");
  sim
    .command("phone")
    .description("a simulated door phone, an HTTP server on this computer")
    .option("--listen <host:port>", "port 0: any free one", "127.0.0.1:0")
    .addOption(new Option("--model <name>", "default E18").choices(Object.keys(simPhoneModels)))
    .addOption(new Option("--auth <kind>", "default digest").choices(["digest", "basic", "none", "allowlist"]))
    .option("--user <name>", "default admin")
    .option("--password-env <name>", "environment variable that holds the password (default: it is admin)")
    .option("--faults <file>", "settings and faults as JSON")
    .action(action(runSimPhone));
}

async function runSimPhone(cli: CliContext, options: SimPhoneCliOptions): Promise<void> {
  const file = options.faults === undefined ? "{}" : await readSmallFile(options.faults);
  const { settings, faults } = parseSimPhoneFile(file);
  const { model, auth, user } = options;
  const password = options.passwordEnv === undefined ? null : secretFromEnv(cli, options.passwordEnv, "password-env");
  const sim = await createSimPhone({
    clock: cli.clock,
    listen: options.listen,
    faults,
    settings: {
      ...settings,
      ...(model === undefined ? {} : { model }),
      ...(auth === undefined ? {} : { auth }),
      ...(user === undefined ? {} : { user }),
      ...(password === null ? {} : { password }),
    },
  });
  sim.onEvent((event) => {
    cli.emit({ ...event });
  });
  cli.emit({ ready: true, url: sim.url }, `Simulated door phone at ${sim.url}`);
  await untilStopped(cli.signal);
  await sim.close();
}

function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}

async function readSmallFile(path: string): Promise<string> {
  try {
    if ((await stat(path)).size <= maxFileBytes) return await readFile(path, "utf8");
  } catch (cause) {
    throw fail("bad-input", "The faults file cannot be read.", { field: "faults", cause });
  }
  throw fail("bad-input", "The faults file is too long.", { field: "faults" });
}

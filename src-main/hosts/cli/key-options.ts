import type { Command } from "commander";
import { fail } from "../../lib/errors.ts";
import { parseKey } from "../../osdp/secure-channel.ts";
import { readKeyFile } from "../secure-file.ts";
import type { CliContext } from "./context.ts";

/** Where a key comes from. Never the key itself: what stands in argv is seen by every user of the computer. */
export interface KeyOptions {
  keyFile?: string;
  keyEnv?: string;
}

/** Adds the options of {@link KeyOptions} to a verb. */
export function addKeyOptions(command: Command): Command {
  return command
    .option("--key-file <file>", "file with the unit's key, 32 hex digits")
    .option("--key-env <name>", "environment variable with the unit's key");
}

/** The key that was named, or null. `bad-input` names the option and shows neither the key nor what was given. */
export async function givenKey(cli: CliContext, { keyFile, keyEnv }: KeyOptions): Promise<Uint8Array | null> {
  if (keyFile !== undefined && keyEnv !== undefined) {
    throw fail("bad-input", "Say --key-file or --key-env, not both.", { field: "key-env" });
  }
  if (keyFile !== undefined) return keyOfFile(cli, keyFile, "key-file");
  return keyEnv === undefined ? null : parseKey(envValue(cli, keyEnv, "key-env"), "key-env");
}

/** Reads a key file and says when others can read it too. */
export async function keyOfFile(cli: CliContext, path: string, field: string): Promise<Uint8Array> {
  const { key, loose } = await readKeyFile(path, field);
  if (loose) cli.note(`WARNING: other users of this computer can read the file of --${field}. Next: chmod 600`);
  return key;
}

/** The passphrase of a sealed file, from the environment. */
export function passphraseOf(cli: CliContext, name: string): string {
  return envValue(cli, name, "passphrase-env");
}

function envValue(cli: CliContext, name: string, field: string): string {
  const value = cli.env[name];
  // The name is not repeated: somebody may have typed the secret in its place.
  if (value === undefined || value === "")
    throw fail("bad-input", `The variable that --${field} names is not set.`, { field });
  return value;
}

import { fail } from "../../lib/errors.ts";
import { parseKey } from "../../osdp/secure-channel.ts";
import { readSmallFile } from "../secure-file.ts";
import type { CliContext } from "./context.ts";

const field = "key-file";
const maxKeyFileBytes = 16 * 1024;
/** More devices than one line has. */
const maxKeys = 128;

/**
 * The keys for following sessions on a line: one of 32 hex digits a line; blank lines and lines that begin with `#` are
 * nothing. Without a file: none. Throws `bad-input` naming the option, never showing the content.
 */
export async function readFollowKeys(cli: CliContext, path: string | undefined): Promise<Uint8Array[]> {
  if (path === undefined) return [];
  const { text, mode } = await readSmallFile(path, maxKeyFileBytes, field);
  const keys = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"))
    .map((line) => parseKey(line, field));
  if (keys.length === 0) throw fail("bad-input", "There is no key in the key file.", { field });
  if (keys.length > maxKeys) throw fail("bad-input", `At most ${String(maxKeys)} keys are tried.`, { field });
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    cli.note("WARNING: other users of this computer can read the file of --key-file. Next: chmod 600");
  }
  return keys;
}

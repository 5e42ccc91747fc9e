import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { fail, ToolkitError } from "../../lib/errors.ts";
import { toHex } from "../../lib/bytes.ts";
import { parseKey } from "../../osdp/secure-channel.ts";

const maxKeyFileBytes = 1024;
const field = "key-file";

/** The key in a file of the simulated unit: 32 hex digits, blanks around them allowed. Throws `bad-input`, never showing it. */
export async function readSimKey(path: string): Promise<Uint8Array> {
  try {
    if ((await stat(path)).size > maxKeyFileBytes) throw fail("bad-input", "The key file is too long.", { field });
    return parseKey(await readFile(path, "utf8"), field);
  } catch (cause) {
    if (cause instanceof ToolkitError) throw cause;
    throw fail("bad-input", "The key file cannot be read.", { field, cause });
  }
}

/**
 * Replaces the file by one that holds `key` in hex: written beside it with mode 0600, flushed, renamed, so that a cut at
 * any moment leaves the old key or the new one. Throws `bad-input` (field `key-file`).
 */
export async function writeSimKey(path: string, key: Uint8Array): Promise<void> {
  const part = `${path}.${String(process.pid)}.part`;
  try {
    const handle = await open(part, "wx", 0o600);
    try {
      await handle.writeFile(`${toHex(key)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true });
    throw fail("bad-input", "The key file cannot be written.", { field, cause });
  }
}

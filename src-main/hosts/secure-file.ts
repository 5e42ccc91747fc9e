import { constants } from "node:fs";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { toHex } from "../lib/bytes.ts";
import { fail, ToolkitError } from "../lib/errors.ts";
import { parseKey } from "../osdp/secure-channel.ts";

/** Longest key file, bytes: 32 digits and some white space. */
const maxKeyFileBytes = 256;

/** A key as read. `loose`: other users of this computer may read the file too. */
export interface KeyFile {
  key: Uint8Array;
  loose: boolean;
}

/** Reads a key of 32 hex digits. `bad-input` names `field`, never the content nor the path (which may be a key by mistake). */
export async function readKeyFile(path: string, field: string): Promise<KeyFile> {
  const { text, mode } = await readSmallFile(path, maxKeyFileBytes, field);
  // Windows has no such bits: there they say nothing.
  return { key: parseKey(text, field), loose: process.platform !== "win32" && (mode & 0o077) !== 0 };
}

/** The text of a file of at most so many bytes. `bad-input` with the field. */
export async function readSmallFile(
  path: string,
  maxBytes: number,
  field: string,
): Promise<{ text: string; mode: number }> {
  const buffer = Buffer.alloc(maxBytes + 1);
  let handle: FileHandle | undefined;
  try {
    // A named pipe with nobody behind it must not hang us.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await handle.stat();
    if (!stat.isFile()) throw fail("bad-input", "That is no file.", { field });
    const { bytesRead } = await handle.read(buffer, 0, maxBytes + 1, 0);
    if (bytesRead > maxBytes) throw fail("bad-input", "The file is too long.", { field });
    return { text: buffer.toString("utf8", 0, bytesRead), mode: stat.mode };
  } catch (error) {
    throw error instanceof ToolkitError ? error : fileError(error, field);
  } finally {
    buffer.fill(0);
    await handle?.close();
  }
}

/** Writes a new key file, 32 hex digits, for this user alone; durable when it resolves. */
export function createKeyFile(path: string, key: Uint8Array, field: string): Promise<void> {
  return createSecureFile(path, `${toHex(key)}\n`, field);
}

/**
 * Writes a new file (0600) and brings it and its place in the folder to the disk. `bad-input` with the field when it
 * exists already or cannot be written; then nothing is left of it.
 */
export async function createSecureFile(path: string, text: string, field: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx", 0o600);
  } catch (error) {
    throw fileError(error, field);
  }
  try {
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    await syncFolder(dirname(path));
  } catch (error) {
    await handle.close().catch(() => undefined);
    await unlink(path).catch(() => undefined);
    throw fileError(error, field);
  }
}

/** Takes away a file that was made for nothing. Never throws. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

/** `bad-input` with the field when there is anything at this path. */
export async function refuseExisting(path: string, field: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw fileError(error, field);
  }
  await handle.close();
  throw exists(field);
}

/** A new name is durable only when its folder is. Windows cannot open folders and does without. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function exists(field: string): ToolkitError {
  return fail("bad-input", "There is such a file already; it is not overwritten.", { field });
}

function fileError(error: unknown, field: string): ToolkitError {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  if (code === "EEXIST") return exists(field);
  const words = code === "ENOENT" ? "There is no such file or folder." : `The file cannot be used (${code}).`;
  return fail("bad-input", words, { field, data: { seen: code } });
}

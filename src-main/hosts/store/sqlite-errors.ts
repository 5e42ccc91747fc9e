import { fail, ToolkitError } from "../../lib/errors.ts";

/** An error of SQLite or of the file system under it, as one of ours. `path` is for the person; ours pass unchanged. */
export function storeError(cause: unknown, path: string): ToolkitError {
  if (cause instanceof ToolkitError) return cause;
  const seen = cause instanceof Error ? cause.message : String(cause);
  const extras = { data: { path, seen }, cause };
  const mendable = { ...extras, field: "data" };
  switch (reasonOf(cause)) {
    case "full":
      return fail("bad-input", "The disk is full: nothing more can be kept. Make room and try again.", mendable);
    case "damaged":
      return fail("bad-input", `The data file ${path} is damaged. Move it away and start again.`, mendable);
    case "unwritable":
      return fail("bad-input", `The data folder cannot be used: ${path}. Choose another one with --data.`, mendable);
    case "busy":
      return fail("busy", "Another program is working on the data file.", extras);
    case "other":
      return fail("bug", `The data file answered: ${seen}`, extras);
  }
}

/** SQLite's primary result codes (https://sqlite.org/rescode.html) and errno names, in the five words that matter here. */
function reasonOf(cause: unknown): "full" | "damaged" | "unwritable" | "busy" | "other" {
  const { errcode, code } = (cause ?? {}) as { errcode?: number; code?: string };
  const primary = typeof errcode === "number" ? errcode & 0xff : undefined;
  if (primary === 13 || code === "ENOSPC" || code === "EDQUOT") return "full";
  if (primary === 11 || primary === 26) return "damaged";
  if (primary === 5 || primary === 6) return "busy";
  if (primary === 3 || primary === 8 || primary === 10 || primary === 14) return "unwritable";
  return primary === undefined && code !== undefined && /^E[A-Z]+$/.test(code) ? "unwritable" : "other";
}

/** SQLITE_BUSY or SQLITE_LOCKED. */
export function isBusy(cause: unknown): boolean {
  return reasonOf(cause) === "busy";
}

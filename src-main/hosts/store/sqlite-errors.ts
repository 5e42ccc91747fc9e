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

type Reason = "full" | "damaged" | "unwritable" | "busy" | "other";

/** SQLite's primary result codes and their fixed texts (https://sqlite.org/rescode.html), and errno names of the system. */
const reasons: readonly { reason: Reason; codes: readonly number[]; text: RegExp; errno: readonly string[] }[] = [
  { reason: "full", codes: [13], text: /disk is full/, errno: ["ENOSPC", "EDQUOT"] },
  { reason: "damaged", codes: [11, 26], text: /disk image is malformed|not a database/, errno: [] },
  { reason: "busy", codes: [5, 6], text: /(database|table) is locked/, errno: [] },
  {
    reason: "unwritable",
    codes: [3, 8, 10, 14],
    text: /permission denied|readonly database|disk I\/O error|unable to open database/,
    errno: ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "EISDIR", "ENOENT", "EIO", "ELOOP", "ENAMETOOLONG"],
  },
];

/** Some calls of @photostructure/sqlite throw without SQLite's number: then its text tells. */
function reasonOf(cause: unknown): Reason {
  const { errcode, code, message = "" } = (cause ?? {}) as { errcode?: number; code?: string; message?: string };
  const fits = (row: (typeof reasons)[number]): boolean => {
    if (errcode !== undefined) return row.codes.includes(errcode & 0xff);
    if (code === "ERR_SQLITE_ERROR") return row.text.test(message);
    return code !== undefined && row.errno.includes(code);
  };
  return reasons.find(fits)?.reason ?? "other";
}

/** SQLITE_BUSY or SQLITE_LOCKED. */
export function isBusy(cause: unknown): boolean {
  return reasonOf(cause) === "busy";
}

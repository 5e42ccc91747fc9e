import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { isBusy, storeError } from "./sqlite-errors.ts";
import { openDatabase } from "./sqlite.ts";

/** Whether this program's window may write, and the way to give the place up. */
export interface WindowClaim {
  /** Another window works on this data folder. */
  readonly readOnly: boolean;
  /** Lets the next window write. Safe to call twice. */
  release(): void;
}

/**
 * Claims the one writing window of a data folder. The claim is a lock that SQLite holds on a small file of its own, so the
 * system drops it with the process, whatever ended it. Errors as `openStore`.
 */
export function claimWindow(dataDir: string): WindowClaim {
  const path = join(dataDir, "sr01-toolkit-window.db");
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
    return lock(path);
  } catch (cause) {
    throw storeError(cause, path);
  }
}

function lock(path: string): WindowClaim {
  const db = openDatabase(path);
  let open = true;
  const release = (): void => {
    if (open) db.close();
    open = false;
  };
  try {
    db.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
    return { readOnly: false, release };
  } catch (cause) {
    release();
    if (!isBusy(cause)) throw cause;
    return { readOnly: true, release: () => undefined };
  }
}

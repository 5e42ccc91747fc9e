import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { migrations, type Migration } from "../../records/migrations.ts";
import type { SqlRow, SqlValue, Store } from "../../records/store.ts";
import { isBusy, storeError } from "./sqlite-errors.ts";
import { openDatabase, type SqliteDatabase, type SqliteStatement } from "./sqlite.ts";

/** Name of the store inside the data folder. */
export const storeFileName = "sr01-toolkit.db";

const busyTimeoutMs = 5000;

/**
 * Opens (or makes) the store of a data folder, for this user only, and brings its layout up to date. Errors:
 * `unsupported` for a file of a newer program (left untouched), `bad-input` field `data` for a damaged file, a full disk
 * or a folder that cannot be written, `busy` when another program holds it for more than 5 s.
 */
export function openStore(dataDir: string, options: { log: Log }): Store {
  const path = join(dataDir, storeFileName);
  try {
    makePrivate(dataDir, path);
    const store = prepareStore(openDatabase(path), path);
    options.log.debug("store.open", { path });
    return store;
  } catch (cause) {
    const error = storeError(cause, path);
    options.log.error("store.open-failed", { path, code: error.code, seen: String(cause) });
    throw error;
  }
}

/** The same store in memory, for Training and tests; gone when it is closed. */
export function openMemoryStore(): Store {
  return prepareStore(openDatabase(":memory:"), ":memory:");
}

function makePrivate(dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  if (process.platform !== "win32") chmodSync(path, 0o600);
}

function prepareStore(db: SqliteDatabase, path: string): Store {
  try {
    db.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    const newest = migrations.at(-1)?.version ?? 0;
    if (versionOf(db) > newest) {
      throw fail("unsupported", "The data folder was used by a newer version of this program. Update the program.", {
        field: "data",
        data: { path, fileVersion: versionOf(db), knownVersion: newest },
      });
    }
    whileBusy(() => {
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    });
    migrate(db, migrations);
    return createStore(db, path);
  } catch (cause) {
    db.close();
    throw cause;
  }
}

/** Runs the steps that the file has not seen, each in a transaction of its own; two programs may do so at once. */
export function migrate(db: SqliteDatabase, steps: readonly Migration[]): void {
  for (const step of steps) {
    if (step.version <= versionOf(db)) continue;
    db.exec("BEGIN IMMEDIATE");
    try {
      if (step.version > versionOf(db)) db.exec(`${step.sql}; PRAGMA user_version = ${String(step.version)}`);
      db.exec("COMMIT");
    } catch (cause) {
      rollBack(db);
      throw cause;
    }
  }
}

function versionOf(db: SqliteDatabase): number {
  return Number(db.prepare("PRAGMA user_version").all()[0]?.["user_version"] ?? 0);
}

/** Two programs that make the file at the same moment meet a lock for which SQLite's own waiting does not count. */
function whileBusy(work: () => void): void {
  const end = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      work();
      return;
    } catch (cause) {
      if (!isBusy(cause) || performance.now() > end) throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function rollBack(db: SqliteDatabase): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself (full disk, lost file); the first error is the one to tell.
  }
}

function createStore(db: SqliteDatabase, path: string): Store {
  const statements = new Map<string, SqliteStatement>();
  let open = true;
  let inside: "none" | "plain" | "durable" = "none";

  const guarded = <T>(work: () => T): T => {
    if (!open) throw fail("bug", "The store is closed.");
    try {
      return work();
    } catch (cause) {
      throw storeError(cause, path);
    }
  };
  const prepare = (sql: string): SqliteStatement => {
    const known = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  const within = <T>(kind: "plain" | "durable", work: () => T): T => {
    db.exec("BEGIN IMMEDIATE");
    inside = kind;
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (cause) {
      rollBack(db);
      throw cause;
    } finally {
      inside = "none";
    }
  };

  return {
    run: (sql: string, ...params: SqlValue[]) => guarded(() => Number(prepare(sql).run(...params).changes)),
    all: (sql: string, ...params: SqlValue[]) => guarded(() => prepare(sql).all(...params) as SqlRow[]),
    transaction: (work) => guarded(() => (inside === "none" ? within("plain", work) : work())),
    durable: (work) =>
      guarded(() => {
        if (inside === "durable") return work();
        // SQLite cannot change its promise in the middle of a transaction.
        if (inside === "plain") throw fail("bug", "A durable change was asked for inside a plain transaction.");
        db.exec("PRAGMA synchronous = FULL");
        try {
          return within("durable", work);
        } finally {
          db.exec("PRAGMA synchronous = NORMAL");
        }
      }),
    close: () => {
      if (!open) return;
      open = false;
      statements.clear();
      db.close();
    },
  };
}

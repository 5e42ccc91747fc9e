import { createRequire } from "node:module";
import type { SqlValue } from "../../records/store.ts";

/** The part of the `node:sqlite` API that is used; @photostructure/sqlite has the same. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** A prepared statement of that API. */
export interface SqliteStatement {
  run(...params: SqlValue[]): { changes: number | bigint };
  all(...params: SqlValue[]): Record<string, unknown>[];
}

interface SqliteModule {
  DatabaseSync: new (path: string) => SqliteDatabase;
}

let loaded: SqliteModule | undefined;

/** Opens a database file (or `:memory:`) with node's own SQLite where it has one (Node 22.13, Electron), else the package. */
export function openDatabase(path: string): SqliteDatabase {
  loaded ??= builtIn() ?? (createRequire(import.meta.url)("@photostructure/sqlite") as SqliteModule);
  return new loaded.DatabaseSync(path);
}

/** node's own module, without its "experimental" line on stderr: it would stand in every run of the command line. */
function builtIn(): SqliteModule | undefined {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    const lookUp = process.getBuiltinModule as ((name: string) => unknown) | undefined;
    return lookUp?.("node:sqlite") as SqliteModule | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

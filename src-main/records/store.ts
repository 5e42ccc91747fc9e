/** A value as SQLite keeps it. */
export type SqlValue = string | number | bigint | Uint8Array | null;
/** A row: column name -> value. */
export type SqlRow = Record<string, SqlValue>;

/** The record seam: a small SQL database (SQLite). The real side is hosts/store, tests use the same in memory. Synchronous. */
export interface Store {
  /** Runs one statement with its parameters; returns how many rows it changed. */
  run(sql: string, ...params: SqlValue[]): number;
  /** All rows of a query. */
  all(sql: string, ...params: SqlValue[]): SqlRow[];
  /** Runs `work` in one transaction (BEGIN IMMEDIATE): all of it or nothing. */
  transaction<T>(work: () => T): T;
  /** As `transaction`, and the result is on the disk when it returns (synchronous=FULL). */
  durable<T>(work: () => T): T;
  /** Closes the file. Safe to call twice. */
  close(): void;
}

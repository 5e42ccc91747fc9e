import { fail } from "../lib/errors.ts";
import type { SqlRow, SqlValue } from "./store.ts";

/** The text in a column. Throws `bug` when the row holds none: rows are only read by the functions that wrote them. */
export function text(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw unexpected(column, value);
  return value;
}

/** The text in a column, or null. */
export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

/** The number in a column, or null. */
export function numberOrNull(row: SqlRow, column: string): number | null {
  const value = row[column];
  if (value === null) return null;
  if (typeof value !== "number" && typeof value !== "bigint") throw unexpected(column, value);
  return Number(value);
}

/** The value kept as JSON in a column; null for an empty one. The caller names the shape that it wrote. */
export function json<T>(row: SqlRow, column: string): T | null {
  const kept = textOrNull(row, column);
  return kept === null ? null : (JSON.parse(kept) as T);
}

/** A value as JSON for a column; null stays null. Throws `bad-input` above 256 KiB. */
export function toJson(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const kept = JSON.stringify(value);
  if (kept.length > 262_144) throw fail("bad-input", "That is too much to keep in one record.");
  return kept;
}

function unexpected(column: string, value: SqlValue | undefined): Error {
  return fail("bug", `The store holds ${value === undefined ? "nothing" : typeof value} in ${column}.`);
}

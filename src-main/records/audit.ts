import { redact } from "../lib/log.ts";
import { json, numberOrNull, text, toJson } from "./columns.ts";
import type { Store } from "./store.ts";

/** One line of the audit list: when (ISO 8601 in UTC), who (name of the OS user), what, and facts without secrets. */
export interface AuditEntry {
  at: string;
  who: string;
  what: string;
  facts: Readonly<Record<string, unknown>>;
}

/** An entry with its number; numbers only grow. */
export interface NumberedAuditEntry extends AuditEntry {
  number: number;
}

/** Adds an entry; on the disk when it returns. The list takes no change and no deletion (triggers in the store refuse). */
export function appendAudit(store: Store, entry: AuditEntry): void {
  const facts = toJson(redact(entry.facts)) ?? "{}";
  store.durable(() => {
    const sql = "INSERT INTO audit (at, who, what, facts) VALUES (?, ?, ?, ?)";
    store.run(sql, entry.at, entry.who, entry.what, facts);
  });
}

/** Entries after the number `after`, oldest first, at most `limit`. */
export function listAudit(store: Store, after: number, limit: number): NumberedAuditEntry[] {
  return store.all("SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?", after, limit).map((row) => ({
    number: numberOrNull(row, "number") ?? 0,
    at: text(row, "at"),
    who: text(row, "who"),
    what: text(row, "what"),
    facts: json<Record<string, unknown>>(row, "facts") ?? {},
  }));
}

import { text } from "./columns.ts";
import type { Store } from "./store.ts";

/** A door that may be open because of us. `since` is ISO 8601 in UTC. */
export interface MayBeOpen {
  id: string;
  what: string;
  reason: string;
  since: string;
}

/** Writes down that a door may be open; on the disk when it returns. A repeat with the same id changes nothing. */
export function addMayBeOpen(store: Store, entry: MayBeOpen): void {
  store.durable(() => {
    const sql = "INSERT INTO may_be_open (id, what, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
    store.run(sql, entry.id, entry.what, entry.reason, entry.since);
  });
}

/** All doors that nobody has seen shut since, oldest first. */
export function listMayBeOpen(store: Store): MayBeOpen[] {
  return store.all("SELECT * FROM may_be_open WHERE cleared_at IS NULL ORDER BY since, id").map((row) => ({
    id: text(row, "id"),
    what: text(row, "what"),
    reason: text(row, "reason"),
    since: text(row, "since"),
  }));
}

/** A person saw the door shut and locked. Returns false when it was not listed. */
export function clearMayBeOpen(store: Store, id: string, who: string, at: string): boolean {
  const sql = "UPDATE may_be_open SET cleared_by = ?, cleared_at = ? WHERE id = ? AND cleared_at IS NULL";
  return store.durable(() => store.run(sql, who, at, id)) > 0;
}

import { text } from "./columns.ts";
import type { Store } from "./store.ts";

/** Gives an adapter (by its key) the technician's own name; an empty label takes it away. */
export function setAdapterLabel(store: Store, key: string, label: string): void {
  if (label === "") {
    store.run("DELETE FROM adapter_labels WHERE key = ?", key);
    return;
  }
  const sql =
    "INSERT INTO adapter_labels (key, label) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET label = excluded.label";
  store.run(sql, key, label);
}

/** The label of one adapter, or null. */
export function getAdapterLabel(store: Store, key: string): string | null {
  const row = store.all("SELECT label FROM adapter_labels WHERE key = ?", key)[0];
  return row ? text(row, "label") : null;
}

/** All labels by adapter key. */
export function listAdapterLabels(store: Store): Map<string, string> {
  const rows = store.all("SELECT key, label FROM adapter_labels ORDER BY key");
  return new Map(rows.map((row) => [text(row, "key"), text(row, "label")]));
}

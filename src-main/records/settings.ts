import { json, toJson } from "./columns.ts";
import type { Store } from "./store.ts";

/** The value kept under a name, or null. Its shape is the writer's; the caller checks it. */
export function getSetting(store: Store, name: string): unknown {
  const row = store.all("SELECT value FROM settings WHERE name = ?", name)[0];
  return row ? json<unknown>(row, "value") : null;
}

/** Keeps a JSON value under a name, e.g. `door`; null forgets it. Never a secret: those go to `Secrets`. */
export function setSetting(store: Store, name: string, value: unknown): void {
  const kept = toJson(value);
  if (kept === null) store.run("DELETE FROM settings WHERE name = ?", name);
  else
    store.run(
      "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      ...[name, kept],
    );
}

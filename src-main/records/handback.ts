import { json, text } from "./columns.ts";
import type { SqlRow, Store } from "./store.ts";

/** A door that was worked at and is not handed back yet: ticked steps in the order of ticking. */
export interface HandBack {
  door: string;
  since: string;
  done: string[];
}

/** Work at a door starts: it must be handed back, all steps again. On the disk when it returns. */
export function beginHandBack(store: Store, door: string, since: string): void {
  store.durable(() => {
    const sql =
      "INSERT INTO hand_back (door, since, done) VALUES (?, ?, '[]') ON CONFLICT (door) DO UPDATE SET done = '[]'";
    store.run(sql, door, since);
  });
}

/** The door that waits longest to be handed back, or null. Finishing it brings up the next one, if there is any. */
export function getHandBack(store: Store): HandBack | null {
  const row = store.all("SELECT * FROM hand_back ORDER BY since, door LIMIT 1")[0];
  return row ? toHandBack(row) : null;
}

/** Ticks a step of a door. Returns the new state, or null when the door is not waiting. */
export function tickHandBack(store: Store, door: string, step: string): HandBack | null {
  return store.durable(() => {
    const row = store.all("SELECT * FROM hand_back WHERE door = ?", door)[0];
    if (!row) return null;
    const waiting = toHandBack(row);
    if (waiting.done.includes(step)) return waiting;
    const done = [...waiting.done, step];
    store.run("UPDATE hand_back SET done = ? WHERE door = ?", JSON.stringify(done), door);
    return { ...waiting, done };
  });
}

/** The door is handed back. Returns false when it was not waiting. */
export function finishHandBack(store: Store, door: string): boolean {
  return store.durable(() => store.run("DELETE FROM hand_back WHERE door = ?", door)) > 0;
}

function toHandBack(row: SqlRow): HandBack {
  return { door: text(row, "door"), since: text(row, "since"), done: json<string[]>(row, "done") ?? [] };
}

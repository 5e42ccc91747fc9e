import { text, textOrNull } from "./columns.ts";
import type { Store } from "./store.ts";

/** A door phone that was connected before. Its password is never here. `lastSeenAt` is ISO 8601 in UTC. */
export interface KnownPhoneRecord {
  host: string;
  user: string;
  model: string;
  firmware: string;
  mac: string | null;
  lastSeenAt: string;
}

/** Keeps a phone, or brings it up to date; one record for each host and user. */
export function saveKnownPhone(store: Store, phone: KnownPhoneRecord): void {
  const { host, user, model, firmware, mac, lastSeenAt } = phone;
  store.run(
    `INSERT INTO known_phones (host, user, model, firmware, mac, last_seen_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (host, user) DO UPDATE SET model = excluded.model, firmware = excluded.firmware,
       mac = excluded.mac, last_seen_at = excluded.last_seen_at`,
    ...[host, user, model, firmware, mac, lastSeenAt],
  );
}

/** All kept phones, the one seen last first; at most 200. */
export function listKnownPhones(store: Store): KnownPhoneRecord[] {
  return store.all("SELECT * FROM known_phones ORDER BY last_seen_at DESC, host, user LIMIT 200").map((row) => ({
    host: text(row, "host"),
    user: text(row, "user"),
    model: text(row, "model"),
    firmware: text(row, "firmware"),
    mac: textOrNull(row, "mac"),
    lastSeenAt: text(row, "last_seen_at"),
  }));
}

/** One step of the store's layout: its number (the file's user_version after it) and its SQL. Never edited, only added to. */
export interface Migration {
  version: number;
  sql: string;
}

/** All steps in order. A file above the last one was written by a newer program and is left alone. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE known_phones (
  host TEXT NOT NULL, user TEXT NOT NULL, model TEXT NOT NULL, firmware TEXT NOT NULL, mac TEXT,
  last_seen_at TEXT NOT NULL, PRIMARY KEY (host, user)
) STRICT;
CREATE TABLE adapter_labels (key TEXT PRIMARY KEY NOT NULL, label TEXT NOT NULL) STRICT;
CREATE TABLE jobs (
  id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
  about TEXT NOT NULL, owner TEXT NOT NULL, phase TEXT, sent_bytes INTEGER, total_bytes INTEGER,
  started_at TEXT NOT NULL, ended_at TEXT, result TEXT, error TEXT,
  CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;
CREATE INDEX jobs_by_end ON jobs (ended_at);
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, facts TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit list is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit list is append-only'); END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'the audit list is append-only'); END;
CREATE TABLE may_be_open (
  id TEXT PRIMARY KEY NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL,
  cleared_by TEXT, cleared_at TEXT
) STRICT;
CREATE TABLE hand_back (
  door TEXT PRIMARY KEY NOT NULL, since TEXT NOT NULL, done TEXT NOT NULL
) STRICT;
CREATE TABLE settings (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
`,
  },
];

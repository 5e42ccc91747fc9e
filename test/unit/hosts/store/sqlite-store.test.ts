import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migrate, openMemoryStore, openStore, storeFileName } from "../../../../src-main/hosts/store/sqlite-store.ts";
import { openDatabase } from "../../../../src-main/hosts/store/sqlite.ts";
import { fail } from "../../../../src-main/lib/errors.ts";
import { silentLog } from "../../../../src-main/lib/log.ts";
import { migrations } from "../../../../src-main/records/migrations.ts";

let dir = "";
const open = () => openStore(dir, { log: silentLog });
const file = (): string => join(dir, storeFileName);

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), "sr01-store-")), "data");
});
afterEach(() => {
  rmSync(join(dir, ".."), { recursive: true, force: true });
});

describe("the store's file", () => {
  it("is this user's alone, journalled, and keeps what was written", () => {
    const store = open();
    store.run("INSERT INTO settings VALUES ('a', '1')");
    expect(store.all("PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
    expect(store.all("PRAGMA foreign_keys")).toEqual([{ foreign_keys: 1 }]);
    expect(store.all("PRAGMA busy_timeout")).toEqual([{ timeout: 5000 }]);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(`${file()}-wal`).mode & 0o777).toBe(0o600);
    store.close();
    store.close();
    const again = open();
    expect(again.all("SELECT * FROM settings")).toEqual([{ name: "a", value: "1" }]);
    again.close();
  });

  it("of a newer program is left as it is", () => {
    open().close();
    const db = openDatabase(file());
    db.exec("PRAGMA user_version = 999");
    db.close();
    const before = readFileSync(file());
    expect(open).toThrow(expect.objectContaining({ code: "unsupported", field: "data" }));
    expect(readFileSync(file()).equals(before)).toBe(true);
  });

  it("that is damaged is named and left as it is", () => {
    mkdirSync(dir);
    const rubbish = "no database at all ".repeat(500);
    writeFileSync(file(), rubbish);
    expect(open).toThrow(expect.objectContaining({ code: "bad-input", field: "data" }));
    expect(readFileSync(file(), "utf8")).toBe(rubbish);
  });

  it("in a place that is no folder is named", () => {
    writeFileSync(dir, "a file");
    expect(open).toThrow(expect.objectContaining({ code: "bad-input", field: "data" }));
  });

  it("on a full disk says so and stays whole", () => {
    const store = open();
    store.all(`PRAGMA max_page_count = ${String(store.all("PRAGMA page_count")[0]?.["page_count"])}`);
    expect(() => {
      for (let i = 0; i < 100; i++) store.run("INSERT INTO settings VALUES (?, ?)", String(i), "x".repeat(3000));
    }).toThrow(
      expect.objectContaining({ code: "bad-input", message: expect.stringMatching(/disk is full/) as string }),
    );
    expect(store.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    store.close();
  });
});

describe("transactions", () => {
  it("are all or nothing, and pass our own errors on", () => {
    const store = openMemoryStore();
    const broken = (): void => {
      store.transaction(() => {
        store.run("INSERT INTO settings VALUES ('a', '1')");
        throw fail("not-verified", "no");
      });
    };
    expect(broken).toThrow(expect.objectContaining({ code: "not-verified" }));
    expect(store.all("SELECT * FROM settings")).toEqual([]);
    expect(store.transaction(() => store.run("INSERT INTO settings VALUES ('a', '1')"))).toBe(1);
  });

  it("durable ones are FULL, others NORMAL; they nest, but no promise is broken", () => {
    const store = open();
    const level = (): unknown => store.all("PRAGMA synchronous")[0]?.["synchronous"];
    expect(store.durable(() => store.durable(level))).toBe(2);
    expect(store.transaction(() => store.transaction(level))).toBe(1);
    expect(level()).toBe(1);
    expect(() => store.transaction(() => store.durable(level))).toThrow(expect.objectContaining({ code: "bug" }));
    expect(() =>
      store.durable(() => {
        throw fail("busy", "no");
      }),
    ).toThrow(expect.objectContaining({ code: "busy" }));
    expect(level()).toBe(1);
    store.close();
  });

  it("after the end are refused", () => {
    const store = openMemoryStore();
    store.close();
    expect(() => store.all("SELECT 1")).toThrow(expect.objectContaining({ code: "bug" }));
  });
});

describe("migrations", () => {
  it("are numbered without a gap", () => {
    expect(migrations.map((step) => step.version)).toEqual(migrations.map((_step, i) => i + 1));
  });

  it("run once each, and a broken one leaves the state before it", () => {
    const db = openDatabase(":memory:");
    const good = { version: 1, sql: "CREATE TABLE a (x)" };
    migrate(db, [good]);
    const broken = { version: 2, sql: "CREATE TABLE b (x); CREATE TABLE a (x)" };
    expect(() => {
      migrate(db, [good, broken]);
    }).toThrow(/already exists/);
    expect(db.prepare("PRAGMA user_version").all()).toMatchObject([{ user_version: 1 }]);
    expect(db.prepare("SELECT name FROM sqlite_master").all()).toMatchObject([{ name: "a" }]);
    migrate(db, [good, { version: 2, sql: "CREATE TABLE b (x)" }]);
    expect(db.prepare("PRAGMA user_version").all()).toMatchObject([{ user_version: 2 }]);
    db.close();
  });

  it("make nothing outside the data folder", () => {
    open().close();
    expect(existsSync(file())).toBe(true);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openMemoryStore } from "../../../src-main/hosts/store/sqlite-store.ts";
import { getAdapterLabel, listAdapterLabels, setAdapterLabel } from "../../../src-main/records/adapter-labels.ts";
import { appendAudit, listAudit } from "../../../src-main/records/audit.ts";
import { beginHandBack, finishHandBack, getHandBack, tickHandBack } from "../../../src-main/records/handback.ts";
import { listKnownPhones, saveKnownPhone } from "../../../src-main/records/known-phones.ts";
import { addMayBeOpen, clearMayBeOpen, listMayBeOpen } from "../../../src-main/records/may-be-open.ts";
import { getSetting, setSetting } from "../../../src-main/records/settings.ts";
import type { Store } from "../../../src-main/records/store.ts";

let store: Store;
beforeEach(() => {
  store = openMemoryStore();
});
afterEach(() => {
  store.close();
});

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();

describe("known door phones", () => {
  const phone = { host: "10.0.0.5", user: "admin", model: "E18", firmware: "18.1", mac: null, lastSeenAt: at(0) };

  it("are kept once for each host and user, the last seen first", () => {
    saveKnownPhone(store, phone);
    saveKnownPhone(store, { ...phone, host: "10.0.0.6", lastSeenAt: at(1) });
    saveKnownPhone(store, { ...phone, firmware: "18.2", mac: "0C:11:05:00:00:01", lastSeenAt: at(2) });
    expect(listKnownPhones(store)).toEqual([
      { ...phone, firmware: "18.2", mac: "0C:11:05:00:00:01", lastSeenAt: at(2) },
      { ...phone, host: "10.0.0.6", lastSeenAt: at(1) },
    ]);
  });

  it("hold no more than they show: a password handed in by mistake is in no column", () => {
    saveKnownPhone(store, { ...phone, password: "canary-7731" } as typeof phone);
    expect(JSON.stringify(store.all("SELECT * FROM known_phones"))).not.toContain("canary-7731");
  });
});

describe("labels of adapters", () => {
  it("are set, changed and taken away", () => {
    setAdapterLabel(store, "usb-place/1", "left");
    setAdapterLabel(store, "usb-place/2", "right");
    setAdapterLabel(store, "usb-place/1", "far left");
    expect(listAdapterLabels(store)).toEqual(
      new Map([
        ["usb-place/1", "far left"],
        ["usb-place/2", "right"],
      ]),
    );
    setAdapterLabel(store, "usb-place/2", "");
    expect(getAdapterLabel(store, "usb-place/2")).toBeNull();
    expect(getAdapterLabel(store, "usb-place/1")).toBe("far left");
  });
});

describe("the audit list", () => {
  const entry = (what: string) => ({ at: at(0), who: "ada", what, facts: { host: "10.0.0.5" } });

  it("keeps its order and is read on from a number", () => {
    for (const what of ["one", "two", "three"]) appendAudit(store, entry(what));
    const all = listAudit(store, 0, 100);
    expect(all.map((line) => line.what)).toEqual(["one", "two", "three"]);
    expect(listAudit(store, all[0]?.number ?? 0, 1).map((line) => line.what)).toEqual(["two"]);
    expect(all[0]).toMatchObject({ who: "ada", facts: { host: "10.0.0.5" } });
  });

  it("keeps no secret", () => {
    appendAudit(store, { ...entry("connect"), facts: { password: "canary-1", url: "http://a:canary-2@b/" } });
    expect(JSON.stringify(store.all("SELECT * FROM audit"))).not.toMatch(/canary/);
  });

  const attempts = [
    "UPDATE audit SET who = 'eve'",
    "DELETE FROM audit",
    "INSERT OR REPLACE INTO audit (number, at, who, what, facts) VALUES (1, '', 'eve', '', '{}')",
  ];
  it.each(attempts)("refuses %s", (sql) => {
    appendAudit(store, entry("one"));
    expect(() => store.run(sql)).toThrow(/append-only/);
    expect(listAudit(store, 0, 10)).toMatchObject([{ who: "ada", what: "one" }]);
  });
});

describe("doors that may be open", () => {
  it("stay until a person saw them shut, and then tell who it was", () => {
    addMayBeOpen(store, { id: "b", what: "Front door", reason: "cable pulled", since: at(1) });
    addMayBeOpen(store, { id: "a", what: "Gate", reason: "program ended", since: at(0) });
    addMayBeOpen(store, { id: "a", what: "Gate", reason: "again", since: at(9) });
    expect(listMayBeOpen(store).map((door) => [door.id, door.reason])).toEqual([
      ["a", "program ended"],
      ["b", "cable pulled"],
    ]);
    expect(clearMayBeOpen(store, "a", "ada", at(5))).toBe(true);
    expect(clearMayBeOpen(store, "a", "eve", at(6))).toBe(false);
    expect(listMayBeOpen(store).map((door) => door.id)).toEqual(["b"]);
    const kept = store.all("SELECT cleared_by, cleared_at FROM may_be_open WHERE id = 'a'");
    expect(kept).toEqual([{ cleared_by: "ada", cleared_at: at(5) }]);
  });
});

describe("handing a door back", () => {
  it("remembers ticked steps until it is finished, and starts over when work starts again", () => {
    expect(getHandBack(store)).toBeNull();
    beginHandBack(store, "Front door", at(0));
    tickHandBack(store, "Front door", "laptop-off");
    tickHandBack(store, "Front door", "laptop-off");
    expect(tickHandBack(store, "Front door", "phone-back")?.done).toEqual(["laptop-off", "phone-back"]);
    beginHandBack(store, "Front door", at(5));
    expect(getHandBack(store)).toEqual({ door: "Front door", since: at(0), done: [] });
    expect(finishHandBack(store, "Front door")).toBe(true);
    expect(getHandBack(store)).toBeNull();
    expect(tickHandBack(store, "Front door", "laptop-off")).toBeNull();
  });

  it("forgets no door because of another one", () => {
    beginHandBack(store, "Front door", at(0));
    beginHandBack(store, "Gate", at(1));
    expect(getHandBack(store)?.door).toBe("Front door");
    finishHandBack(store, "Front door");
    expect(getHandBack(store)?.door).toBe("Gate");
  });
});

describe("settings", () => {
  it("keep any JSON value, forget on null and are bounded", () => {
    setSetting(store, "door", { site: "Mill Lane", door: "Front" });
    setSetting(store, "door", { site: "Mill Lane", door: "Back" });
    expect(getSetting(store, "door")).toEqual({ site: "Mill Lane", door: "Back" });
    setSetting(store, "door", null);
    expect(getSetting(store, "door")).toBeNull();
    expect(() => {
      setSetting(store, "big", "x".repeat(300_000));
    }).toThrow(expect.objectContaining({ code: "bad-input" }));
  });
});

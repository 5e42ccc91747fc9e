import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openMemoryStore } from "../../../src-main/hosts/store/sqlite-store.ts";
import * as jobs from "../../../src-main/records/jobs.ts";
import type { Store } from "../../../src-main/records/store.ts";

let store: Store;
beforeEach(() => {
  store = openMemoryStore();
});
afterEach(() => {
  store.close();
});

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
const start = (id: string, minute = 0, owner = "me"): void => {
  jobs.startJob(store, { id, kind: "flash", about: { file: "a.rom" }, owner, startedAt: at(minute) });
};
const done = { state: "done", endedAt: at(9), result: { type: "flash", verified: true }, error: null } as const;

describe("the journal of jobs", () => {
  it("keeps a job from start to end", () => {
    start("one");
    jobs.noteJobProgress(store, "one", { phase: "transfer", sentBytes: 128, totalBytes: 65536 });
    expect(jobs.openJobs(store)).toEqual([
      {
        ...{ id: "one", kind: "flash", state: "running", about: { file: "a.rom" }, owner: "me", startedAt: at(0) },
        ...{ phase: "transfer", sentBytes: 128, totalBytes: 65536, endedAt: null, result: null, error: null },
      },
    ]);
    jobs.endJob(store, "one", done);
    expect(jobs.openJobs(store)).toEqual([]);
    expect(jobs.getJob(store, "one")).toMatchObject({ ...done, phase: "transfer", sentBytes: 128 });
    expect(jobs.getJob(store, "two")).toBeNull();
  });

  it("lets nothing change after the end", () => {
    start("one");
    jobs.endJob(store, "one", done);
    jobs.noteJobProgress(store, "one", { phase: "late", sentBytes: 1, totalBytes: 1 });
    jobs.endJob(store, "one", { ...done, state: "failed", endedAt: at(10) });
    expect(jobs.dismissJob(store, "one", at(11))).toBe(false);
    expect(jobs.getJob(store, "one")).toMatchObject({ ...done, phase: null });
  });

  it("tells work that was left from work that another program still does", () => {
    start("dead", 0, "pid 1");
    start("alive", 1, "pid 2");
    expect(jobs.openJobs(store).map((job) => job.id)).toEqual(["alive", "dead"]);
    expect(jobs.openJobs(store, (owner) => owner === "pid 2").map((job) => job.id)).toEqual(["dead"]);
  });

  it("ends a dismissed job as cancelled, once", () => {
    start("left");
    expect(jobs.dismissJob(store, "left", at(3))).toBe(true);
    expect(jobs.dismissJob(store, "left", at(4))).toBe(false);
    expect(jobs.openJobs(store)).toEqual([]);
    expect(jobs.jobHistory(store, 10)).toMatchObject([
      { id: "left", state: "cancelled", endedAt: at(3), error: { code: "cancelled" } },
    ]);
  });

  it("tells the last ended ones, newest first", () => {
    for (const [id, minute] of [
      ["a", 1],
      ["b", 3],
      ["c", 2],
    ] as const) {
      start(id);
      jobs.endJob(store, id, { ...done, endedAt: at(minute) });
    }
    start("running");
    expect(jobs.jobHistory(store, 2).map((job) => job.id)).toEqual(["b", "c"]);
  });

  it("keeps no secret", () => {
    const about = { host: "x", url: "http://u:canary-1@h/" };
    jobs.startJob(store, { id: "s", kind: "phone.connect", about, owner: "me", startedAt: at(0) });
    const error = { code: "device-auth", message: "no", data: { password: "canary-2" } } as const;
    jobs.endJob(store, "s", { state: "failed", endedAt: at(1), result: { token: "canary-3" }, error });
    expect(JSON.stringify(store.all("SELECT * FROM jobs"))).not.toMatch(/canary/);
  });
});

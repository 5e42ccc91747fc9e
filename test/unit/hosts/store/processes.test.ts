import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimWindow } from "../../../../src-main/hosts/store/claim-window.ts";
import { openStore } from "../../../../src-main/hosts/store/sqlite-store.ts";
import { silentLog } from "../../../../src-main/lib/log.ts";
import { bundleForNode } from "./bundle.ts";

let program = "";
let dir = "";
const children: ChildProcess[] = [];

function start(mode: string): ChildProcess & { stdout: NonNullable<ChildProcess["stdout"]> } {
  const child = spawn(process.execPath, [program, mode, dir], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

beforeAll(async () => {
  program = await bundleForNode(join(import.meta.dirname, "child.ts"), "store-child");
}, 60_000);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sr01-store-"));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  rmSync(dir, { recursive: true, force: true });
});

describe("the store and other processes", () => {
  it(
    "opens after each of ten kill -9 in the middle of writing, and holds only whole records",
    { timeout: 60_000 },
    async () => {
      let rows = 0;
      for (let round = 0; round < 10; round++) {
        const child = start("write");
        await once(child.stdout, "data");
        await pause(20 + round * 7);
        await kill(child);
        const store = openStore(dir, { log: silentLog });
        expect(store.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
        const jobs = store.all("SELECT id, length(about) AS size FROM jobs ORDER BY id");
        const audit = store.all("SELECT what FROM audit ORDER BY what");
        expect(audit.map((line) => line["what"])).toEqual(jobs.map((job) => job["id"]));
        for (const job of jobs) expect(job["size"]).toBe(2013);
        expect(jobs.length).toBeGreaterThan(rows);
        rows = jobs.length;
        store.close();
      }
    },
  );

  it("is made by six programs at the same moment", { timeout: 60_000 }, async () => {
    const ends = Array.from({ length: 6 }, () => start("open")).map((child) => once(child, "exit"));
    expect((await Promise.all(ends)).map(([code]) => code as number)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("lets one window write; the claim ends with its process, whatever ended it", { timeout: 30_000 }, async () => {
    const child = start("window");
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(JSON.parse(line.toString())).toEqual({ readOnly: false });
    const second = claimWindow(dir);
    expect(second.readOnly).toBe(true);
    second.release();
    await kill(child);
    const third = claimWindow(dir);
    expect(third.readOnly).toBe(false);
    expect(claimWindow(dir).readOnly).toBe(true);
    third.release();
    third.release();
    const fourth = claimWindow(dir);
    expect(fourth.readOnly).toBe(false);
    fourth.release();
  });
});

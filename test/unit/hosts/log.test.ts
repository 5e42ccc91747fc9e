import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFileLog, logFileName } from "../../../src-main/hosts/log.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sr01-log-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});
const file = (): string => join(dir, logFileName);

describe("the log file", () => {
  it("holds JSON lines of its level, for this user only", () => {
    const log = createFileLog(dir, "info");
    log.debug("small");
    log.info("line.open", { path: "/dev/ttyUSB0", bytes: Uint8Array.of(1, 2) });
    log.error("failed", { error: new Error("broken"), code: "link-lost" });
    log.close();
    log.info("after the end");
    const lines = readFileSync(file(), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { msg: "line.open", path: "/dev/ttyUSB0", bytes: "<2 bytes>" },
      { msg: "failed", error: { name: "Error", message: "broken" }, code: "link-lost" },
    ]);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it("holds no secret", () => {
    const log = createFileLog(dir, "debug");
    log.info("GET http://u:canary-1@h/?password=canary-2", { password: "canary-3", deep: { token: "canary-4" } });
    log.warn("failed", { error: new Error("for http://u:canary-5@h/") });
    expect(readFileSync(file(), "utf8")).not.toMatch(/canary/);
  });

  it("is two files at most, each bounded", () => {
    const log = createFileLog(dir, "info", 2000);
    for (let i = 0; i < 100; i++) log.info("x".repeat(200));
    log.close();
    for (const path of [file(), `${file()}.1`]) expect(statSync(path).size).toBeLessThan(2600);
    expect(existsSync(`${file()}.2`)).toBe(false);
  });

  it("never ends the program: a folder that is none, a full disk, facts that loop", () => {
    writeFileSync(join(dir, "occupied"), "");
    createFileLog(join(dir, "occupied"), "info").info("lost");
    const log = createFileLog(dir, "info");
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    log.info("loops", loop);
    log.info("throws", {
      get bad(): string {
        throw new Error("no");
      },
    });
    expect(readFileSync(file(), "utf8")).toContain("loops");
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleForNode } from "../store/bundle.ts";

let program = "";
let dir = "";
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "sr01-cli-"));
  program = await bundleForNode(join(import.meta.dirname, "child.ts"), "cli-child");
}, 60_000);
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a verb; `firstOutput` resolves when it printed something. */
function start(verb: string) {
  const child = spawn(process.execPath, [program, verb, "--json"], { env: { ...process.env, SR01_DATA: dir } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const since = performance.now();
  const ended = once(child, "close").then(([code]) => ({
    code: code as number | null,
    lines: stdout.split("\n").filter((line) => line !== ""),
    stderr,
    tookMs: performance.now() - since,
  }));
  return { child, firstOutput: once(child.stdout, "data"), ended };
}

describe("the command line as a process", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "%s lets the work tidy up, then ends with 130 and the error line",
    async (signal) => {
      const { child, firstOutput, ended } = start("tidy");
      await firstOutput;
      child.kill(signal);
      const { code, lines } = await ended;
      expect(code).toBe(130);
      expect(lines.slice(0, 2)).toEqual(['{"ready":true}', '{"tidied":true}']);
      expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ error: { code: "cancelled" } });
    },
  );

  it("a second Ctrl-C ends at once", async () => {
    const { child, firstOutput, ended } = start("deaf");
    await firstOutput;
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGINT");
    const { code, tookMs } = await ended;
    expect(code).toBe(130);
    expect(tookMs).toBeLessThan(2500);
  });

  it("work that does not hear the first one is left after three seconds", { timeout: 20_000 }, async () => {
    const { child, firstOutput, ended } = start("deaf");
    await firstOutput;
    child.kill("SIGTERM");
    const { code, lines } = await ended;
    expect(code).toBe(130);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ error: { code: "cancelled" } });
  });

  it("a reader that leaves stops the work without a crash", async () => {
    const { child, firstOutput, ended } = start("flood");
    await firstOutput;
    child.stdout.destroy();
    const { code, stderr } = await ended;
    expect(stderr).toBe("stopped\n");
    expect(code).toBe(0);
  });

  it("all that was printed arrives before the end", async () => {
    const { ended } = start("much");
    const { code, lines } = await ended;
    expect(code).toBe(0);
    expect(lines).toHaveLength(5000);
  });

  it("an error that nobody caught is a bug: exit 70 and the error line", async () => {
    const { ended } = start("crash");
    const { code, lines } = await ended;
    expect(code).toBe(70);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ error: { code: "bug" } });
  });
});

import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const repo = fileURLToPath(new URL("../..", import.meta.url));
let root = "";
/** A folder laid out like the project, with stand-ins for what is built and installed. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sr01-start-"));
  for (const folder of ["bin", "build", "out/main", "out/renderer", "node_modules/electron/dist"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, "package.json"), '{"type":"module","scripts":{"build":"echo building"}}');
  for (const file of ["bin/start.js", "bin/sr01.js", "build/git-hooks.js"])
    copyFileSync(join(repo, file), join(root, file));
  for (const file of ["out/main/electron.js", "out/renderer/index.html"]) writeFileSync(join(root, file), "");
  writeFileSync(join(root, "out/main/cli.js"), 'console.log("cli", ...process.argv.slice(2)); process.exitCode = 4;');
});
afterEach(() => rmSync(root, { recursive: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}
function run(
  file: string,
  args: string[] = [],
  options: { env?: Record<string, string>; interrupt?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const env: NodeJS.ProcessEnv = { ...process.env };
    delete env.CI;
    delete env.ELECTRON_OVERRIDE_DIST_PATH;
    const child = spawn(process.execPath, [join(root, file), ...args], { env: { ...env, ...options.env } });
    const ended = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Uint8Array) => {
      ended.stdout += new TextDecoder().decode(chunk);
      if (options.interrupt !== undefined && ended.stdout.includes(options.interrupt)) child.kill("SIGINT");
    });
    child.stderr.on("data", (chunk: Uint8Array) => (ended.stderr += new TextDecoder().decode(chunk)));
    child.on("close", (code) => resolve({ code, ...ended }));
  });
}
function fakeElectron(dist: string): void {
  writeFileSync(join(dist, "electron"), '#!/bin/sh\necho "electron $@"\n');
  chmodSync(join(dist, "electron"), 0o755);
}
const absent = "Electron's binary is not on this machine: opening the same app in a browser.";

describe("npm start", () => {
  it("says that Electron is absent and opens the web host, options and exit code passed through", async () => {
    const { code, stdout } = await run("bin/start.js", ["--training", "--port", "0"]);
    expect([code, stdout]).toEqual([4, `${absent}\ncli web --training --port 0\n`]);
  });

  it("takes a named but missing binary for absent", async () => {
    writeFileSync(join(root, "node_modules/electron/path.txt"), "electron");
    expect((await run("bin/start.js")).stdout).toContain(absent);
  });

  it("starts Electron where its binary is there", async () => {
    writeFileSync(join(root, "node_modules/electron/path.txt"), "electron");
    fakeElectron(join(root, "node_modules/electron/dist"));
    expect(await run("bin/start.js", ["--data", "x"])).toEqual({
      code: 0,
      stdout: `electron ${root}/ --data x\n`,
      stderr: "",
    });
  });

  it.runIf(process.platform === "linux")("takes Electron from another folder when told so", async () => {
    mkdirSync(join(root, "elsewhere"));
    fakeElectron(join(root, "elsewhere"));
    const { stdout } = await run("bin/start.js", [], { env: { ELECTRON_OVERRIDE_DIST_PATH: join(root, "elsewhere") } });
    expect(stdout).toBe(`electron ${root}/\n`);
  });

  it("builds first when something is missing", async () => {
    rmSync(join(root, "out/renderer/index.html"));
    const { stdout } = await run("bin/start.js");
    expect(stdout).toContain("Building first");
    expect(stdout.indexOf("\nbuilding\n")).toBeLessThan(stdout.indexOf("cli web"));
  });

  it("hands an interrupt on and ends as its child does", async () => {
    const waiting =
      'process.on("SIGINT", () => process.exit(130)); setInterval(() => {}, 1e3); console.log("waiting");';
    writeFileSync(join(root, "out/main/cli.js"), waiting);
    expect((await run("bin/start.js", [], { interrupt: "waiting" })).code).toBe(130);
  });
});

describe("the command line's entry", () => {
  it("runs what was built", async () => {
    expect(await run("bin/sr01.js", ["ports"])).toEqual({ code: 4, stdout: "cli ports\n", stderr: "" });
  });

  it.each([
    { args: ["ports"], stdout: "", stderr: "The program is not built yet. Run: npm run build\n" },
    {
      args: ["ports", "--json"],
      stdout: '{"error":{"code":"bug","message":"The program is not built yet. Run: npm run build"}}\n',
      stderr: "",
    },
  ])("says with $args when nothing was built", async ({ args, stdout, stderr }) => {
    rmSync(join(root, "out"), { recursive: true });
    expect(await run("bin/sr01.js", args)).toEqual({ code: 70, stdout, stderr });
  });
});

describe("git hooks", () => {
  const cli = "node_modules/simple-git-hooks";
  it.each([
    {
      name: "in a checkout",
      git: true,
      env: {},
      cli: 'console.log("[INFO] set");require("fs").writeFileSync("ran","");',
      ran: true,
      stderr: "",
    },
    {
      name: "outside a checkout",
      git: false,
      env: {},
      cli: 'require("fs").writeFileSync("ran","")',
      ran: false,
      stderr: "",
    },
    {
      name: "in CI",
      git: true,
      env: { CI: "true" },
      cli: 'require("fs").writeFileSync("ran","")',
      ran: false,
      stderr: "",
    },
    {
      name: "when they cannot",
      git: true,
      env: {},
      cli: "process.exit(3)",
      ran: false,
      stderr: "The git hooks could not be installed.\n",
    },
  ])("$name", async ({ git, env, cli: script, ran, stderr }) => {
    mkdirSync(join(root, cli));
    writeFileSync(join(root, cli, "package.json"), "{}");
    writeFileSync(join(root, cli, "cli.js"), script);
    if (git) writeFileSync(join(root, ".git"), "gitdir: elsewhere");
    expect(await run("build/git-hooks.js", [], { env })).toEqual({ code: 0, stdout: "", stderr });
    expect((await run("build/git-hooks.js", [], { env })).code).toBe(0);
    expect(readdirHas("ran")).toBe(ran);
  });
  const readdirHas = (name: string): boolean => {
    try {
      rmSync(join(root, name));
      return true;
    } catch {
      return false;
    }
  };
});

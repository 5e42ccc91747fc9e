import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasDisplay, openBrowser, redirectPage } from "../../src-main/hosts/web/open-browser.ts";

const url = "http://127.0.0.1:4100/?token=the-secret";
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sr01-open-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stand-in for a browser: writes its arguments down and stays, as a window does. */
function fakeBrowser(name: string): void {
  const file = join(folder, name);
  writeFileSync(
    file,
    `#!/bin/sh\nprintf '%s\\n' "$@" > "${folder}/args.tmp"\nmv "${folder}/args.tmp" "${folder}/args"\nexec sleep 30\n`,
  );
  chmodSync(file, 0o755);
}
async function argsOf(): Promise<string[]> {
  for (let i = 0; i < 100 && !existsSync(join(folder, "args")); i++) await new Promise((done) => setTimeout(done, 20));
  return readFileSync(join(folder, "args"), "utf8").trim().split("\n");
}
const machine = (env: Record<string, string> = {}, uid = 1000) => ({
  platform: "linux",
  env: { PATH: `${folder}:/usr/bin:/bin`, DISPLAY: ":7", ...env },
  getuid: () => uid,
});

describe("opening a browser", () => {
  it.each([
    ["linux", {}, false],
    ["linux", { DISPLAY: ":0" }, true],
    ["linux", { WAYLAND_DISPLAY: "wayland-0" }, true],
    ["linux", { DISPLAY: "" }, false],
    ["linux", { DISPLAY: "", WAYLAND_DISPLAY: "wayland-0" }, true],
    ["darwin", {}, true],
    ["win32", {}, true],
  ])("%s with %j has a display: %s", (platform, env, display) => {
    expect(hasDisplay({ platform, env })).toBe(display);
  });

  it.each([
    { name: "no display", env: { DISPLAY: "" }, path: undefined },
    { name: "no browser", env: {}, path: "" },
    { name: "relative and empty PATH entries are not searched", env: {}, path: "::.:bin:" },
  ])("$name: nothing is opened", async ({ env, path }) => {
    const there = machine(env);
    expect(await openBrowser(url, { ...there, env: { ...there.env, PATH: path ?? there.env.PATH } })).toBeUndefined();
  });

  it.each([
    { uid: 1000, sandboxed: true },
    { uid: 0, sandboxed: false },
  ])("a window of its own as user $uid, the token in no argument, nothing left behind", async ({ uid, sandboxed }) => {
    fakeBrowser("chromium");
    fakeBrowser("xdg-open");
    const opened = await openBrowser(url, machine({}, uid));
    const args = await argsOf();
    expect(opened?.by).toBe("chromium");
    expect(args.join(" ")).not.toContain("the-secret");
    expect(args.includes("--no-sandbox")).toBe(!sandboxed);
    const file = fileURLToPath(args.find((arg) => arg.startsWith("--app="))?.slice("--app=".length) ?? "");
    expect(args).toContain(`--user-data-dir=${join(dirname(file), "profile")}`);
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(readFileSync(file, "utf8")).toBe(redirectPage(url));
    await opened?.close();
    await opened?.close();
    expect(existsSync(dirname(file))).toBe(false);
    expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain(dirname(file));
  });

  it("else the person's own browser", async () => {
    fakeBrowser("xdg-open");
    const there = machine();
    const opened = await openBrowser(url, { ...there, env: { ...there.env, PATH: `${folder}:${shellOnly()}` } });
    const [file = "", ...others] = await argsOf();
    expect([opened?.by, others, readFileSync(file, "utf8")]).toEqual(["xdg-open", [], redirectPage(url)]);
    await opened?.close();
    expect(existsSync(file)).toBe(false);
  });

  it("writes the address so that nothing in it can end the script", () => {
    expect(redirectPage("http://x/</script><script>")).not.toMatch(/<\/script><script>/);
  });
});

/** A folder with what the stand-in needs and no browser. */
function shellOnly(): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of ["mv", "sleep"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec /bin/${name} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

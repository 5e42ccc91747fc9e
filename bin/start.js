#!/usr/bin/env node
// `npm start`: the app in Electron's window, or, where Electron's binary is absent, the same app in a browser.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);

// Asked of the files: `import("electron")` would try to download a missing binary.
function findElectron() {
  const folder = join(root, "node_modules", "electron");
  const pathFile = join(folder, "path.txt");
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const name = existsSync(pathFile) ? readFileSync(pathFile, "utf8").trim() : override ? usualName() : undefined;
  const binary = name === undefined ? undefined : join(override ?? join(folder, "dist"), name);
  return binary !== undefined && existsSync(binary) ? binary : undefined;
}

function usualName() {
  if (process.platform === "win32") return "electron.exe";
  return process.platform === "darwin" ? "Electron.app/Contents/MacOS/Electron" : "electron";
}

function build() {
  const built = ["out/main/cli.js", "out/main/electron.js", "out/renderer/index.html"];
  if (built.every((file) => existsSync(join(root, file)))) return 0;
  console.log("Building first, this takes a moment …");
  const npm = spawnSync("npm", ["run", "build"], { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  return npm.status ?? 70;
}

function run(program, programArgs) {
  const child = spawn(program, programArgs, { stdio: "inherit" });
  // A terminal sends Ctrl-C to both of us, and twice would mean "at once"; anybody else tells only this process.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const name of ["SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  child.once("error", (error) => {
    console.error(`Could not start ${program}: ${error.message}`);
    process.exitCode = 70;
  });
  child.once("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 70);
  });
}

const failed = build();
if (failed !== 0) {
  process.exitCode = failed;
} else {
  const electron = findElectron();
  if (electron) {
    run(electron, [root, ...args]);
  } else {
    console.log("Electron's binary is not on this machine: opening the same app in a browser.");
    run(process.execPath, [join(root, "bin", "sr01.js"), "web", ...args]);
  }
}

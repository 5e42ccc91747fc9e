// `npm run bench -- <name> [--json]`: measured benchmarks. Builds first when there is no build.
import { existsSync } from "node:fs";
import { spawnSync } from "node:child_process";

const built = new URL("../out/main/bench.js", import.meta.url);
if (!existsSync(built)) spawnSync("npm", ["run", "build"], { stdio: "inherit", shell: process.platform === "win32" });
await import(built.href);

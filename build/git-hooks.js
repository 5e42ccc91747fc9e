// Puts the hooks of package.json ("simple-git-hooks") into a git checkout. Never lets `npm ci` fail.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const cli = fileURLToPath(new URL("../node_modules/simple-git-hooks/cli.js", import.meta.url));
const atWork = existsSync(new URL("../.git", import.meta.url)) && !process.env.CI && existsSync(cli);
if (atWork) {
  const done = spawnSync(process.execPath, [cli], { cwd: root, encoding: "utf8" });
  if (done.status !== 0 || done.stdout.includes("[ERROR]")) console.warn("The git hooks could not be installed.");
}

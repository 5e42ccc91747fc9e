// Run before the tests: what they need beyond npm's packages is found, fetched where we may, or named.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = new URL("..", import.meta.url);

/** What is looked for: under these names in PATH, at these places, or where an environment variable points. */
const needs = [
  {
    what: "chromium",
    why: "the browser tests",
    env: "CHROMIUM_PATH",
    names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    places: [
      "/usr/bin/chromium",
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ],
  },
  { what: "socat", why: "the serial tests", names: ["socat"], places: ["/usr/bin/socat"] },
];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isFound({ env, names, places }) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const inPath = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const given = env === undefined ? undefined : process.env[env];
  return [...(given ? [given] : []), ...inPath, ...places].some(isExecutable);
}

const missingNeeds = () => needs.filter((need) => !isFound(need));

function fetchPackages(names) {
  console.log(`test needs: missing ${names.join(", ")}; installing with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // apt-get's own chatter goes to stderr, so that stdout keeps to the tests.
  const apt = (...args) => spawnSync("apt-get", args, { env, stdio: ["ignore", 2, 2] }).status === 0;
  return apt("update") && apt("install", "-y", ...names);
}

let missing = missingNeeds();
const mayInstall = process.platform === "linux" && process.getuid?.() === 0 && isExecutable("/usr/bin/apt-get");
if (missing.length > 0 && mayInstall) {
  fetchPackages(missing.map(({ what }) => what));
  missing = missingNeeds();
}
for (const { what, why, env } of missing) {
  const orSet = env === undefined ? "" : `, or set ${env} to its path`;
  console.error(`test needs: ${what} is missing (for ${why}). Install it${orSet}.`);
}
if (missing.length > 0) {
  console.error(`On Debian or Ubuntu: sudo apt-get install ${missing.map(({ what }) => what).join(" ")}`);
  process.exit(1);
}

const built = ["out/main/cli.js", "out/renderer/index.html"];
if (!built.every((path) => existsSync(new URL(path, root)))) {
  console.log("test needs: the program is not built; building it");
  execFileSync(process.platform === "win32" ? "npm.cmd" : "npm", ["run", "--silent", "build"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
}

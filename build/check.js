// `npm run check`: types, lint, format, boundaries and unit tests, in two lanes so that two cores are used.
// `--static` leaves the unit tests out (they are part of `npm test`). Prints a step's output when it ends.
import { spawn } from "node:child_process";

const unit = ["unit", "npx vitest run --project unit"];
const lanes = [
  [
    ["types", "npx vue-tsc --noEmit -p tsconfig.json"],
    ["boundaries", "npx depcruise --config .dependency-cruiser.cjs src-main src-renderer"],
    ["format", "npx prettier --check --log-level warn ."],
  ],
  [["lint", "npx eslint . --max-warnings 0"], ...(process.argv.includes("--static") ? [] : [unit])],
];

/** Runs one step; true when it passed. */
function step([name, command]) {
  return new Promise((resolve) => {
    const begun = performance.now();
    const [program, ...args] = command.split(" ");
    const child = spawn(program, args, { shell: process.platform === "win32", stdio: ["ignore", "pipe", "pipe"] });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("close", (code) => {
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.log(`${code === 0 ? "passed" : "FAILED"}  ${name} (${seconds} s)`);
      const text = Buffer.concat(output).toString();
      if (code !== 0) process.stdout.write(text);
      else if (name === "unit") console.log(text.trimEnd().split("\n").at(-1));
      resolve(code === 0);
    });
  });
}

async function lane(steps) {
  const passed = [];
  for (const one of steps) passed.push(await step(one));
  return passed.every(Boolean);
}

const results = await Promise.all(lanes.map(lane));
process.exit(results.every(Boolean) ? 0 : 1);

#!/usr/bin/env node
// The stable entry of the command line. The program itself is built from src-main/hosts/cli/main.ts.
import { existsSync } from "node:fs";

const main = new URL("../out/main/cli.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  const message = "The program is not built yet. Run: npm run build";
  if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: { code: "bug", message } })}\n`);
  else process.stderr.write(`${message}\n`);
  process.exitCode = 70;
}

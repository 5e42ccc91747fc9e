import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "vite";

const root = resolve(import.meta.dirname, "../../../..");

/**
 * Makes one JavaScript file of a TypeScript entry, so that a test can run it in a process of its own (Node 20 runs no
 * TypeScript). The file lies inside the project, where it finds the installed packages.
 */
export async function bundleForNode(entry: string, name: string): Promise<string> {
  const outDir = join(root, "node_modules/.cache/sr01-tests");
  mkdirSync(outDir, { recursive: true });
  await build({
    configFile: false,
    root,
    logLevel: "silent",
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: "node20.19",
      rollupOptions: { output: { format: "es", entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });
  return join(outDir, `${name}.mjs`);
}

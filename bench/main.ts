import { benchCodec } from "./codec.ts";
import { benchFlashWire } from "./flash-wire.ts";
import type { Bench } from "./report.ts";

/** Every benchmark by name. */
const benches: Readonly<Record<string, Bench>> = { "flash-wire": benchFlashWire, codec: benchCodec };

const args = process.argv.slice(2).filter((arg) => arg !== "--json");
const json = process.argv.includes("--json");
const name = args[0] ?? "";
const bench = benches[name];
if (!bench) {
  process.stderr.write(`Which one? ${Object.keys(benches).join(", ")}\n`);
  process.exitCode = 2;
} else {
  const missed = await bench(args.slice(1), (row, words) => {
    process.stdout.write(`${json ? JSON.stringify(row) : words}\n`);
  });
  for (const words of missed) process.stderr.write(`MISSED: ${words}\n`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

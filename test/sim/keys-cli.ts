import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { registerComsetCommand } from "../../src-main/hosts/cli/comset-command.ts";
import type { CliAction, CliContext } from "../../src-main/hosts/cli/context.ts";
import { registerKeysCommand } from "../../src-main/hosts/cli/keys-command.ts";
import { registerPairCommand } from "../../src-main/hosts/cli/pair-command.ts";
import { registerScanCommand } from "../../src-main/hosts/cli/scan-command.ts";
import { registerSr01Commands } from "../../src-main/hosts/cli/sr01-commands.ts";
import type { UnitSeams } from "../../src-main/hosts/cli/unit.ts";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { errorShape, exitCodes, toToolkitError, type ToolkitError } from "../../src-main/lib/errors.ts";
import type { Log } from "../../src-main/lib/log.ts";
import { MemoryPort } from "../../src-main/lib/port.ts";
import { systemClock } from "../../src-main/lib/clock.ts";
import { memorySecrets, type Secrets } from "../../src-main/records/secrets.ts";
import { createLine } from "../../src-main/sim/line.ts";
import { createSimSr01, type SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";

/** Keys that must be found nowhere. */
export const canary = "ca11ab1eca11ab1eca11ab1eca11ab1e";
export const ownKey = "00112233445566778899aabbccddeeff";

/** A key store that keeps nothing. */
export const noStore: Secrets = {
  availability: () => Promise.resolve({ available: false, reason: "none here" }),
  get: () => Promise.resolve(null),
  set: () => Promise.resolve(false),
  delete: () => Promise.resolve(),
};

/** The verbs of the command line in this process, on a simulated line with an SR01 at its end; real time, for real files. */
export function makeCli(sim: Partial<SimSr01Options> = {}, secrets: Secrets = memorySecrets()) {
  const clock = systemClock;
  const line = createLine({ clock, baud: 115_200, soon: setImmediate });
  const unit = createSimSr01({ port: line.b, clock, ...sim });
  const dir = mkdtempSync(join(tmpdir(), "sr01-keys-"));
  const dump: string[] = [];
  const sent: string[] = [];
  line.tap(({ from, bytes }) => {
    if (from === "a") sent.push(Buffer.from(bytes).toString("hex"));
  });
  const bench: { newKeys: string[]; port: MemoryPort | null } = { newKeys: [canary], port: null };
  let random = 1;
  const seams: UnitSeams = {
    openPort: (_, __, baud) => Promise.resolve((bench.port = lent(line.a, baud))),
    secrets: () => secrets,
    randomBytes: (count) => {
      if (count === 16 && bench.newKeys.length > 0) return fromHex(bench.newKeys.shift() ?? "");
      return Uint8Array.from({ length: count }, () => (random = (random * 75 + 74) % 65_537) & 0xff);
    },
  };
  const run = async (text: string, env: Record<string, string> = {}) => {
    const lines: Record<string, unknown>[] = [];
    const notes: string[] = [];
    const take = (event: string, facts?: unknown): void => void dump.push(`${event} ${JSON.stringify(facts)}`);
    const log: Log = { debug: take, info: take, warn: take, error: take };
    const cli: CliContext = {
      ...{ json: true, dataDir: dir, signal: new AbortController().signal, clock, log, env },
      emit: (value) => lines.push({ ...value }),
      note: (words) => notes.push(words),
      failWith: (value, error) => {
        lines.push({ ...value, error: errorShape(error) });
        return error;
      },
    };
    const action: CliAction =
      (work) =>
      (...given) =>
        work(cli, ...given);
    const program = new Command("sr01").exitOverride();
    for (const register of [
      registerSr01Commands,
      registerPairCommand,
      registerKeysCommand,
      registerComsetCommand,
      registerScanCommand,
    ]) {
      register(program, action, seams);
    }
    let error: ToolkitError | null = null;
    try {
      await program.parseAsync(text.split(" "), { from: "user" });
    } catch (thrown) {
      error = toToolkitError(thrown);
      dump.push(JSON.stringify([errorShape(error), error.stack, String(error.cause)]));
    }
    dump.push(JSON.stringify(lines), ...notes);
    const last = lines.at(-1) ?? {};
    return { lines, last, notes: notes.join("\n"), error, code: error ? exitCodes[error.code] : 0 };
  };
  return { run, unit, line, clock, dir, secrets, sent, bench, dump, file: (name: string) => join(dir, name) };
}

/** The line's end as an opened port: closing gives it back, the line stays. */
function lent(end: MemoryPort, baud: number): MemoryPort {
  const port = new MemoryPort(end.path, baud);
  end.baud = baud;
  port.onSend = (bytes) => end.write(bytes);
  port.setBaud = (rate) => {
    port.baud = rate;
    return end.setBaud(rate);
  };
  end.onData((chunk) => {
    port.deliver(chunk);
  });
  return port;
}

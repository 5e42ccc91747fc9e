import { Command } from "commander";
import { describe, expect, test } from "vitest";
import type { CliAction, CliContext } from "../../src-main/hosts/cli/context.ts";
import { registerLineQualityCommand } from "../../src-main/hosts/cli/line-quality-command.ts";
import { errorShape, exitCodes, toToolkitError } from "../../src-main/lib/errors.ts";
import { silentLog } from "../../src-main/lib/log.ts";
import { lineQualityReportSchema } from "../../src-main/services/model/diagnose.ts";
import { memorySecrets } from "../../src-main/records/secrets.ts";
import type { SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { makeSim } from "./harness.ts";

/** The verb in virtual time, on a simulated line. */
async function run(text: string, sim: Partial<SimSr01Options> = {}) {
  const bench = makeSim({ sim });
  const lines: Record<string, unknown>[] = [];
  const words: string[] = [];
  const cli: CliContext = {
    ...{ json: true, dataDir: "", signal: new AbortController().signal, clock: bench.clock, log: silentLog, env: {} },
    emit: (value, said) => {
      lines.push({ ...value });
      if (said !== undefined) words.push(said);
    },
    note: (said) => words.push(said),
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
  const seams = {
    openPort: () => Promise.resolve(bench.line.a),
    secrets: () => memorySecrets(),
    randomBytes: (count: number) => new Uint8Array(count).fill(7),
  };
  registerLineQualityCommand(program, action, seams);
  const args = [
    "line-quality",
    "--port",
    "near",
    "--listen-ms",
    "20",
    ...text.split(" ").filter((part) => part !== ""),
  ];
  const ended = program.parseAsync(args, { from: "user" }).then(
    () => 0,
    (thrown: unknown) => exitCodes[toToolkitError(thrown).code],
  );
  return {
    code: await bench.clock.run(ended),
    lines,
    last: lines.at(-1) ?? {},
    words: words.join("\n"),
    sim: bench.sim,
  };
}

describe("line-quality", () => {
  test("progress lines, the report last, exit 0 for a pass", async () => {
    const { code, lines, last, words } = await run("--plain");
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ phase: "measure", baud: 9600, done: 1, packets: 300 });
    expect(lineQualityReportSchema.parse(last)).toMatchObject({ kind: "screening", verdict: "pass" });
    expect(words).toContain("no acceptance");
  });

  test("all speeds", async () => {
    const { code, last, sim, words } = await run("--plain --bauds all");
    expect(code).toBe(0);
    expect(last).toMatchObject({ fastestSafe: 230_400, restored: true, baud: 9600 });
    expect(sim.state().baud).toBe(9600);
    expect(words).toContain("fastest safe speed 230400 bit/s; the unit is at 9600 bit/s again.");
  });

  test("too few packets to tell, and a bad line: exit 10 with the report", async () => {
    const few = await run("--plain --packets 30");
    expect(few.code).toBe(10);
    expect(few.last).toMatchObject({ verdict: "marginal", rates: [{ packets: 30 }], error: { code: "not-verified" } });
    const bad = await run("--plain", { faults: { dropEvery: 9 } });
    expect(bad.code).toBe(10);
    expect(bad.last).toMatchObject({ verdict: "fail", error: { code: "not-verified" } });
    expect(bad.words).toContain("FAIL");
  });

  test.each(["--bauds 1234", "--bauds 9600,,19200", "--packets 5", "--plain --line alone --bauds all"])(
    "%s: bad input, nothing sent",
    async (text) => {
      expect((await run(text)).code).toBe(2);
    },
  );
});

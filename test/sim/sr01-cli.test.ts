import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CliContext } from "../../src-main/hosts/cli/context.ts";
import { runCommandLine } from "../../src-main/hosts/cli/frame.ts";
import { readSimKey, writeSimKey } from "../../src-main/hosts/cli/sim-key-file.ts";
import { registerSimSr01Command } from "../../src-main/hosts/cli/sim-sr01-command.ts";
import { usageError } from "../../src-main/hosts/cli/usage.ts";
import { fromHex, toHex } from "../../src-main/lib/bytes.ts";
import { systemClock } from "../../src-main/lib/clock.ts";
import { errorShape, exitCodes, toToolkitError } from "../../src-main/lib/errors.ts";
import { silentLog } from "../../src-main/lib/log.ts";
import { readImage } from "../../src-main/sr01/image.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sim-sr01-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Runs the verbs without the frame around them: exit code and last line as the frame would give them. */
async function run(...args: string[]): Promise<{ code: number; last: Record<string, unknown> }> {
  let last: Record<string, unknown> = {};
  const cli: CliContext = {
    json: true,
    dataDir: dir,
    signal: new AbortController().signal,
    clock: systemClock,
    log: silentLog,
    env: {},
    emit: (value) => {
      last = { ...value };
    },
    note: () => undefined,
    failWith: (_, error) => error,
  };
  const silent = { writeOut: () => undefined, writeErr: () => undefined };
  const program = new Command("sr01").exitOverride().configureOutput(silent);
  registerSimSr01Command(
    program,
    (work) =>
      (...given) =>
        work(cli, ...given),
  );
  for (const verb of program.commands.flatMap((sim) => [sim, ...sim.commands]))
    verb.exitOverride().configureOutput(silent);
  try {
    await program.parseAsync(args, { from: "user" });
    return { code: 0, last };
  } catch (thrown) {
    const error = usageError(thrown) ?? toToolkitError(thrown);
    return { code: exitCodes[error.code], last: { error: errorShape(error) } };
  }
}

describe("sim image", () => {
  test("writes the size asked for, the same bytes each time, and says what it wrote", async () => {
    const file = join(dir, "fw.img");
    const { code, last } = await run("sim", "image", file, "--version", "1.3.0", "--size", "4096", "--hardware", "1-4");
    const bytes = readFileSync(file);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect([code, last]).toEqual([0, { file, sizeBytes: 4096, sha256, version: "1.3.0" }]);
    expect(readImage(bytes)).toEqual({
      kind: "simulator",
      version: "1.3.0",
      hardware: { from: 1, to: 4 },
      problems: [],
    });
    expect(
      (await run("sim", "image", file, "--version", "1.3.0", "--size", "4096", "--hardware", "1-4")).last["sha256"],
    ).toBe(sha256);
    expect(readdirSync(dir).filter((name) => name !== "data")).toEqual(["fw.img"]);
  });

  test("64 KiB unless told otherwise", async () => {
    expect((await run("sim", "image", join(dir, "a"), "--version", "2.0.0")).last).toMatchObject({ sizeBytes: 65_536 });
  });

  test.each([
    ["hash", 1, 1],
    ["length", 1, 1],
    ["hardware", 0, 200],
  ])("--spoil %s", async (kind, problems, from) => {
    const file = join(dir, "bad.img");
    expect((await run("sim", "image", file, "--version", "1.3.0", "--spoil", kind)).code).toBe(0);
    const reading = readImage(readFileSync(file));
    expect(reading).toMatchObject({ kind: "simulator", hardware: { from } });
    expect(reading.problems).toHaveLength(problems);
  });

  test.each([
    ["version", ["--version", "1.3"]],
    ["hardware", ["--version", "1.3.0", "--hardware", "4-1"]],
    ["hardware", ["--version", "1.3.0", "--hardware", "all"]],
    ["size", ["--version", "1.3.0", "--size", "64"]],
    ["spoil", ["--version", "1.3.0", "--spoil", "smell"]],
    ["version", []],
  ])("a wrong %s is bad-input naming it: %j", async (field, args) => {
    const file = join(dir, "no.img");
    const { code, last } = await run("sim", "image", file, ...args);
    expect([code, last["error"]]).toEqual([2, expect.objectContaining({ code: "bad-input", field })]);
    expect(existsSync(file)).toBe(false);
  });

  test("somebody else's file is never replaced", async () => {
    const file = join(dir, "real.rom");
    writeFileSync(file, "a real ROM");
    const { code, last } = await run("sim", "image", file, "--version", "1.3.0");
    expect([code, last["error"]]).toEqual([2, expect.objectContaining({ field: "file" })]);
    expect(readFileSync(file, "utf8")).toBe("a real ROM");
  });
});

describe("sim sr01", () => {
  test.each([
    ["port", []],
    ["port", ["--port", "/nowhere/tty"]],
    ["firmware", ["--port", "x", "--firmware", "1"]],
    ["serial", ["--port", "x", "--serial", "xyz"]],
    ["receive-size", ["--port", "x", "--receive-size", "127"]],
    ["address", ["--port", "x", "--address", "127"]],
    ["faults", ["--port", "x", "--faults", "/nowhere/faults.json"]],
    ["key-file", ["--port", "x", "--key-file", "/nowhere/key"]],
  ])("a wrong %s is bad-input naming it: %j", async (field, args) => {
    const { code, last } = await run("sim", "sr01", ...args);
    expect([code, last["error"]]).toEqual([2, expect.objectContaining({ code: "bad-input", field })]);
  });

  test.each(["{", '{"dropReplys":1}', "[]"])("faults %s are refused", async (text) => {
    const faults = join(dir, "faults.json");
    writeFileSync(faults, text);
    const { code, last } = await run("sim", "sr01", "--port", "x", "--faults", faults);
    expect([code, last["error"]]).toEqual([2, expect.objectContaining({ code: "bad-input", field: "faults" })]);
  });
});

describe("its key file", () => {
  const digits = "00112233445566778899aabbccddeeff";

  test.each(["", "no key", digits.slice(1), `${digits}00`, "0".repeat(2000)])(
    "%j is bad-input, not shown",
    async (text) => {
      const file = join(dir, "key");
      writeFileSync(file, text);
      const { code, last } = await run("sim", "sr01", "--port", "x", "--key-file", file);
      expect([code, last["error"]]).toEqual([2, expect.objectContaining({ code: "bad-input", field: "key-file" })]);
      if (text.length > 10) expect(JSON.stringify(last)).not.toContain(text.slice(0, 31));
    },
  );

  test("read with blanks around it; replaced whole, for its owner only", async () => {
    const file = join(dir, "key");
    writeFileSync(file, ` ${digits.toUpperCase()}\n`);
    expect(toHex(await readSimKey(file))).toBe(digits);
    await writeSimKey(file, fromHex("ffeeddccbbaa99887766554433221100"));
    expect(readFileSync(file, "utf8")).toBe("ffeeddccbbaa99887766554433221100\n");
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["key"]);
  });

  test("a place that cannot be written is bad-input", async () => {
    await expect(writeSimKey(join(dir, "nowhere", "key"), fromHex(digits))).rejects.toMatchObject({
      field: "key-file",
    });
  });

  test("with --install the file need not be there: the port is what is wrong", async () => {
    const { last } = await run("sim", "sr01", "--port", "/nowhere/tty", "--install", "--key-file", join(dir, "none"));
    expect(last["error"]).toMatchObject({ field: "port" });
  });
});

test("inside the whole command line --version is the image's, wherever it stands", async () => {
  const lines: string[] = [];
  const file = join(dir, "whole.img");
  const code = await runCommandLine({
    args: ["sim", "image", "--version", "1.3.0", file, "--json", "--data", join(dir, "data")],
    version: "0.0.0",
    commands: [registerSimSr01Command],
    env: {},
    platform: process.platform,
    homeDir: dir,
    out: (text) => lines.push(text.trim()),
    err: () => undefined,
    signal: new AbortController().signal,
  });
  expect([code, JSON.parse(lines.at(-1) ?? "{}")]).toEqual([0, expect.objectContaining({ file, version: "1.3.0" })]);
});

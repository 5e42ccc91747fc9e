import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CliContext } from "../../../../src-main/hosts/cli/context.ts";
import { runCommandLine, type CommandLine, type RegisterCommands } from "../../../../src-main/hosts/cli/frame.ts";
import { addDeviceOptions, decimalOption, type DeviceOptions } from "../../../../src-main/hosts/cli/options.ts";
import { registerPortsCommand } from "../../../../src-main/hosts/cli/ports-command.ts";
import { sleep } from "../../../../src-main/lib/clock.ts";
import { errorCodes, exitCodes, fail } from "../../../../src-main/lib/errors.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sr01-cli-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** What the verbs of the tests were given. */
let seen: { options?: unknown; cli?: CliContext } = {};
const take = (cli: CliContext, ...rest: unknown[]): Promise<void> => {
  seen = { cli, options: rest.find((value) => typeof value === "object") };
  cli.emit({ ok: true }, "fine");
  return Promise.resolve();
};

const verbs: RegisterCommands = (program, action) => {
  addDeviceOptions(program.command("identify")).action(action(take));
  const relay = program.command("relay");
  addDeviceOptions(relay.command("pulse"))
    .addOption(decimalOption("--seconds <s>", "how long", 0.1, 60).default(1))
    .action(action(take));
  program.command("decode <file>").action(action(take));
  program
    .command("fail <code>")
    .action(
      action((_cli, code: (typeof errorCodes)[number]) =>
        Promise.reject(fail(code, "It broke.", { field: "part", data: { seen: 3 } })),
      ),
    );
  program.command("throw").action(action(() => Promise.reject(new Error("oops"))));
  program.command("wait").action(action((cli) => sleep(cli.clock, 60_000, cli.signal)));
  program.command("deaf").action(action((cli) => sleep(cli.clock, 60_000)));
  program.command("log").action(
    action((cli) => {
      cli.log.info("spoken");
      cli.note("aside");
      return Promise.resolve();
    }),
  );
};

async function run(args: string[], more: Partial<CommandLine> = {}) {
  let stdout = "";
  let stderr = "";
  seen = {};
  const code = await runCommandLine({
    args,
    version: "9.9.9",
    commands: [verbs],
    env: { SR01_DATA: dir },
    platform: "linux",
    homeDir: "/home/ada",
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    signal: new AbortController().signal,
    ...more,
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { code, stdout, stderr, lines, last: lines.at(-1) };
}

describe("options", () => {
  it("have defaults", async () => {
    expect((await run(["identify", "--port", "/dev/x"])).stdout).toBe("fine\n");
    const defaults: DeviceOptions = {
      ...{ port: "/dev/x", baud: 9600, address: 0, plain: false, listenMs: 2000, line: "bench", direction: "auto" },
    };
    expect(seen.options).toEqual(defaults);
  });

  const places = [
    "identify --port X --json --data D --address 5",
    "identify --json --address 5 --data D --port X",
    "--json identify --data=D --address=5 --port=X",
    "--data D --json identify --port X --address 5",
    "relay pulse --port X --json --data D --address 5",
    "relay --port X pulse --address 5 --data D --json",
    "relay --json --data D --address 5 --port X pulse",
  ];
  it.each(places)("may stand anywhere: %s", async (text) => {
    expect(await run(text.replaceAll("D", dir).split(" "))).toMatchObject({ code: 0, stdout: '{"ok":true}\n' });
    expect(seen.options).toMatchObject({ port: "X", address: 5 });
    expect(seen.cli).toMatchObject({ json: true, dataDir: dir });
  });

  const wrong: [string, string][] = [
    ["identify", "port"],
    ["identify --port", "port"],
    ["identify --port X --baud fast", "baud"],
    ["identify --port X --baud 0", "baud"],
    ["identify --port X --baud 1000001", "baud"],
    ["identify --port X --baud 9600.5", "baud"],
    ["identify --port X --baud 0x10", "baud"],
    ["identify --port X --address 127", "address"],
    ["identify --port X --address -1", "address"],
    ["identify --port X --listen-ms 1e3", "listen-ms"],
    ["identify --port X --line door", "line"],
    ["identify --port X --nonsense", "nonsense"],
    ["relay pulse --port X --seconds 0", "seconds"],
    ["relay pulse --port X --seconds Infinity", "seconds"],
    ["decode", "file"],
    ["nonsense", "nonsense"],
  ];
  it.each(wrong)("wrong use is bad-input, exit 2, with the field: %s", async (text, field) => {
    const { code, last, stderr } = await run([...text.split(" "), "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(last ?? "")).toMatchObject({ error: { code: "bad-input", field } });
    expect(stderr).toBe("");
    const words = await run(text.split(" "));
    expect(words).toMatchObject({ code: 2, stdout: "" });
    expect(words.stderr.trim().split("\n")).toHaveLength(1);
  });

  it.each([[[]], [["relay"]], [["decode", "a", "b"]]])("wrong use without a field: %j", async (args) => {
    const { code, last } = await run([...args, "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(last ?? "")).toMatchObject({ error: { code: "bad-input" } });
  });

  it("leave a lone dash and a number with a point alone", async () => {
    expect((await run(["decode", "-"])).code).toBe(0);
    await run(["relay", "pulse", "--port", "X", "--seconds", "2.5"]);
    expect(seen.options).toMatchObject({ seconds: 2.5 });
  });

  it("are the same for verbs that were made apart", async () => {
    const apart: RegisterCommands = (program) => program.addCommand(new Command("apart").requiredOption("--key <k>"));
    expect((await run(["apart", "--json"], { commands: [apart] })).code).toBe(2);
  });
});

describe("help and version", () => {
  it("end well, on stdout for people and never there with --json", async () => {
    expect((await run(["--help"])).stdout).toContain("identify");
    expect(await run(["-V"])).toMatchObject({ code: 0, stdout: "9.9.9\n" });
    const help = await run(["relay", "pulse", "--help", "--json"]);
    expect(help).toMatchObject({ code: 0, stdout: "" });
    expect(help.stderr).toContain("--seconds");
  });
});

describe("the end of a run", () => {
  it.each(errorCodes.map((code) => [code, exitCodes[code]] as const))("%s exits %i", async (errorCode, exit) => {
    const { code, lines, stderr } = await run(["fail", errorCode, "--json"]);
    expect(code).toBe(exit);
    const error = { code: errorCode, message: "It broke.", field: "part", data: { seen: 3 } };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([{ error }]);
    expect(stderr).toBe("");
    expect(await run(["fail", errorCode])).toMatchObject({ stdout: "", stderr: `It broke. (${errorCode})\n` });
  });

  it("an unexpected error is a bug, with its place in the log only", async () => {
    const { code, last } = await run(["throw", "--json"]);
    expect(code).toBe(70);
    expect(last).not.toContain("frame.test");
    expect(readFileSync(join(dir, "sr01-toolkit.log"), "utf8")).toContain("frame.test");
  });

  it("stopped work ends cancelled, work that is deaf after the grace, work that ended well stays well", async () => {
    const signal = AbortSignal.timeout(20);
    expect(await run(["wait", "--json"], { signal })).toMatchObject({ code: 130 });
    const since = performance.now();
    const deaf = await run(["deaf", "--json"], { signal: AbortSignal.timeout(20), graceMs: 50 });
    expect(deaf.code).toBe(130);
    expect(JSON.parse(deaf.last ?? "")).toMatchObject({ error: { code: "cancelled" } });
    expect(performance.now() - since).toBeLessThan(2000);
    expect((await run(["decode", "-"], { signal: AbortSignal.abort() })).code).toBe(0);
  });
});

describe("the data folder and the log", () => {
  it("take the log, which is never on stdout; a run with nothing to tell leaves nothing", async () => {
    const target = join(dir, "new");
    await run(["decode", "-", "--data", target]);
    expect(existsSync(target)).toBe(false);
    const { stdout, stderr } = await run(["log", "--data", target, "--json"]);
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "aside\n" });
    expect(readFileSync(join(target, "sr01-toolkit.log"), "utf8")).toContain("spoken");
  });

  it("that cannot be written hinders nothing", async () => {
    expect((await run(["log", "--data", "/dev/null/x"])).code).toBe(0);
    expect((await run(["log", "--data", "", "--json"])).code).toBe(2);
  });
});

describe("ports", () => {
  const port = { path: "/dev/ttyUSB0", vendorId: "0403", productId: "6001", serialNumber: null, chip: "FT232R" };
  const commands = (ports: (typeof port)[]): RegisterCommands[] => [
    (program, action) => {
      registerPortsCommand(program, action, () => Promise.resolve(ports.map((one) => ({ ...one, usbPlace: "1-1" }))));
    },
  ];

  it("are one JSON line with exactly the promised members, or words", async () => {
    const json = await run(["ports", "--json"], { commands: commands([port]) });
    expect(json.stdout).toBe(`${JSON.stringify({ ports: [port] })}\n`);
    expect((await run(["ports"], { commands: commands([port]) })).stdout).toBe("/dev/ttyUSB0  FT232R  0403:6001\n");
    expect((await run(["ports"], { commands: commands([]) })).stdout).toBe("No serial port found.\n");
  });
});

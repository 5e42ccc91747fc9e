import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../src-main/hosts/cli/frame.ts";
import { registerPhoneCommands } from "../../../src-main/hosts/cli/phone-commands.ts";
import { registerSimPhoneCommand } from "../../../src-main/hosts/cli/sim-phone-command.ts";
import type { SimPhone } from "../../../src-main/sim/phone/sim-phone.ts";
import { simPhone } from "./bench.ts";

const dir = mkdtempSync(join(tmpdir(), "sr01-phone-cli-"));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

interface Run {
  exit: number;
  lines: Record<string, unknown>[];
  err: string;
}

async function sr01(args: string[], env: Record<string, string> = {}, onLine?: (line: string) => void): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  const exit = await runCommandLine({
    args: [...args, "--json", "--data", dir],
    version: "0",
    commands: [registerPhoneCommands, registerSimPhoneCommand],
    env: { PW: "s3cret", ...env },
    platform: "linux",
    homeDir: dir,
    out: (text) => {
      out.push(text);
      onLine?.(text);
      if (onLine) stop.abort();
    },
    err: (text) => void err.push(text),
    signal: stop.signal,
  });
  return { exit, lines: out.map((line) => JSON.parse(line) as Record<string, unknown>), err: err.join("") };
}

const quick = ["--gap-ms", "0", "--timeout-ms", "2000"];
const phone = (sim: SimPhone, verb: string, ...rest: string[]): Promise<Run> =>
  sr01([
    "phone",
    verb,
    "--host",
    `127.0.0.1:${String(sim.port)}`,
    "--user",
    "tech",
    "--password-env",
    "PW",
    ...quick,
    ...rest,
    ...(verb === "set" ? ["--settle-ms", "20"] : []),
  ]);

const errorOf = (run: Run): unknown => (run.lines.at(-1)?.["error"] as { message?: string } | undefined)?.message;

describe("phone on the command line", () => {
  it("info, relays, status, trigger", async () => {
    const sim = await simPhone();
    expect((await phone(sim, "info")).lines).toEqual([
      { model: "E18", firmware: "18.30.10.118", mac: "0C:11:05:00:00:01", auth: "digest" },
    ]);
    const relays = await phone(sim, "relays");
    expect(relays.lines[0]).toMatchObject({
      fields: { "relayA.holdDelay": { value: "5", key: "Config.DoorSetting.RELAY.HoldDelayA", mark: "HW" } },
    });
    expect((await phone(sim, "status")).lines).toEqual([{ relays: { A: 0, B: 0 }, inputs: { A: 1, B: 1, C: 1 } }]);
    expect((await phone(sim, "trigger", "--relay", "SA")).lines).toEqual([{ relay: "SA", accepted: true }]);
    expect((await phone(sim, "trigger", "--relay", "B", "--seconds", "2")).lines).toEqual([
      { relay: "B", accepted: true },
    ]);
    expect(sim.state().triggers).toEqual({ SA: 1, B: 1 });
  });

  const holdDelay = { field: "relayA.holdDelay", key: "Config.DoorSetting.RELAY.HoldDelayA", old: "5", new: "7" };
  it("set writes exactly one key and reads it back; a dry run writes nothing", async () => {
    const sim = await simPhone();
    const before = sim.state().config;
    const dry = await phone(sim, "set", "relayA.holdDelay=7", "--dry-run");
    expect(dry.lines).toEqual([{ changes: [holdDelay], written: false, readBack: null }]);
    expect(sim.state().config).toEqual(before);
    const run = await phone(sim, "set", "relayA.holdDelay=7");
    expect([run.exit, run.lines]).toEqual([0, [{ changes: [holdDelay], written: true, readBack: "equal" }]]);
    expect(sim.state().config).toEqual({ ...before, [holdDelay.key]: "7" });
  });
  it("what does not stick ends with 10 after the result, and is put back", async () => {
    const sim = await simPhone({}, { faults: { notSticking: [holdDelay.key] } });
    const run = await phone(sim, "set", "relayA.holdDelay=7", "relayA.triggerDelay=1");
    expect(run.exit).toBe(10);
    expect(run.lines[0]).toMatchObject({ written: true, readBack: "differs" });
    expect(run.lines[1]).toMatchObject({ error: { code: "not-verified", data: { restored: true } } });
    expect(sim.state().config["Config.DoorSetting.RELAY.TriggerDelayA"]).toBe("0");
  });
  it("a dangerous change says so on stderr", async () => {
    const sim = await simPhone();
    expect((await phone(sim, "set", "relayA.mode=1", "--dry-run")).err).toMatch(/relayA\.mode can leave it open/);
  });
  it("passwords come from the environment and are in no output", async () => {
    const sim = await simPhone();
    const inArgs = await phone(sim, "set", "web.password=canary");
    expect([inArgs.exit, inArgs.lines.length]).toEqual([2, 1]);
    expect(JSON.stringify(inArgs)).not.toContain("canary");
    const host = [
      "--host",
      `127.0.0.1:${String(sim.port)}`,
      "--user",
      "tech",
      "--password-env",
      "PW",
      ...quick,
      "--settle-ms",
      "20",
    ];
    const run = await sr01(["phone", "set", "--from-env", "web.password=WEB", ...host], { WEB: "canary" });
    expect(run.lines[0]).toMatchObject({ changes: [{ field: "web.password", old: "", new: "**" }], readBack: "equal" });
    expect(JSON.stringify([run, await phone(sim, "relays")])).not.toContain("canary");
    expect(sim.state().config["Config.DoorSetting.WEBRELAY.Passwd"]).toBe("canary");
  });

  const ends: [string, string[], number, RegExp][] = [
    ["unknown field", ["set", "relayA.nonsense=1"], 2, /no field/],
    ["not offered", ["set", "relayD.holdDelay=5"], 9, /no Relay D/],
    ["bad value", ["set", "relayA.holdDelay=0"], 2, /1 to 60/],
    ["no assignment", ["set", "relayA.holdDelay"], 2, /FIELD=VALUE/],
    ["given twice", ["set", "relayA.holdDelay=5", "relayA.holdDelay=6"], 2, /twice/],
    ["nothing to set", ["set"], 2, /FIELD=VALUE/],
    ["no relay named", ["trigger"], 2, /relay/],
    ["seconds for SA", ["trigger", "--relay", "SA", "--seconds", "2"], 2, /Hold Delay/],
    ["a relay that is not there", ["trigger", "--relay", "D"], 9, /no Relay D/],
  ];
  it.each(ends)("%s", async (_, [verb = "", ...rest], exit, words) => {
    const sim = await simPhone();
    const run = await phone(sim, verb, ...rest);
    expect(errorOf(run)).toMatch(words);
    expect(run.exit).toBe(exit);
    expect(sim.state().triggers).toEqual({});
  });

  it("a wrong password and an allow-list both end with 7, and say which it is", async () => {
    const wrong = await sr01(
      [
        "phone",
        "relays",
        "--user",
        "tech",
        "--password-env",
        "BAD",
        "--host",
        `127.0.0.1:${String((await simPhone()).port)}`,
      ],
      { BAD: "nope" },
    );
    expect([wrong.exit, errorOf(wrong)]).toEqual([7, expect.stringMatching(/password: one of them is wrong/)]);
    const blocked = await phone(await simPhone({ auth: "allowlist" }), "relays");
    expect([blocked.exit, errorOf(blocked)]).toEqual([7, expect.stringMatching(/allow-list/)]);
  });
  it("what is missing is named, never asked for", async () => {
    const host = `127.0.0.1:${String((await simPhone()).port)}`;
    expect(errorOf(await sr01(["phone", "info"]))).toMatch(/--host/);
    expect(errorOf(await sr01(["phone", "info", "--host", host]))).toMatch(/--user/);
    expect(errorOf(await sr01(["phone", "info", "--host", host, "--user", "tech"]))).toMatch(/--password-env/);
    expect(errorOf(await sr01(["phone", "info", "--host", host, "--user", "t", "--password-env", "NOPE"]))).toMatch(
      /NOPE/,
    );
  });
});

describe("sim phone on the command line", () => {
  it("says where it is and ends when stopped", async () => {
    const file = join(dir, "faults.json");
    writeFileSync(file, '{"statusForm":"string"}');
    const run = await sr01(["sim", "phone", "--auth", "none", "--faults", file], {}, () => undefined);
    expect(run.exit).toBe(0);
    expect(run.lines).toEqual([{ ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string }]);
  });
  it("a faults file that is none", async () => {
    const run = await sr01(["sim", "phone", "--faults", join(dir, "missing.json")]);
    expect([run.exit, errorOf(run)]).toEqual([2, "The faults file cannot be read."]);
  });
});

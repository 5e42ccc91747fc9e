import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { cleanUp, errorOf, folder } from "./bench.ts";
import { runCli, startCli, type CliResult, type RunningCli } from "./harness.ts";

const password = "Canary-4711";
const key = "Config.DoorSetting.RELAY.HoldDelayA";
const said: string[] = [];
let dataDir = "";
let phone: RunningCli;
let allowList: RunningCli;

async function startPhone(...more: string[]): Promise<RunningCli> {
  const args = ["sim", "phone", "--json", "--user", "tech", "--password-env", "DOOR_PW", ...more];
  return startCli(args, { env: { DOOR_PW: password }, dataDir });
}

beforeAll(async () => {
  dataDir = folder();
  [phone, allowList] = await Promise.all([startPhone("--auth", "digest"), startPhone("--auth", "allowlist")]);
});
afterAll(async () => {
  await Promise.all([phone.stop("SIGKILL"), allowList.stop("SIGKILL")]);
  await cleanUp();
});

const hostOf = (sim: RunningCli): string => new URL(String(sim.first["url"])).host;

async function verb(sim: RunningCli, words: string[], secret = password): Promise<CliResult> {
  const login = ["--host", hostOf(sim), "--user", "tech", "--password-env", "DOOR_PW"];
  const result = await runCli(["phone", ...words, ...login, "--json"], { env: { DOOR_PW: secret }, dataDir });
  said.push(result.stdout, result.stderr);
  return result;
}

const eventsOf = (sim: RunningCli, name: string): Record<string, unknown>[] =>
  sim.lines.filter((one) => one["event"] === name);

test("sim phone says where it is", () => {
  expect(phone.first).toEqual({ ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string });
});

test("info and status: exactly the keys", async () => {
  const [info, status] = [await verb(phone, ["info"]), await verb(phone, ["status"])];
  expect([info.code, info.lines]).toEqual([
    0,
    [{ model: "E18", firmware: "18.30.10.118", mac: expect.any(String) as string, auth: "digest" }],
  ]);
  expect([status.code, status.lines]).toEqual([0, [{ relays: { A: 0, B: 0 }, inputs: { A: 1, B: 1, C: 1 } }]]);
});

test("set changes exactly one key: dry run, write, read back", async () => {
  const fieldsNow = async (): Promise<Record<string, { value: string }>> =>
    (await verb(phone, ["relays"])).lines[0]?.["fields"] as Record<string, { value: string }>;
  const before = await fieldsNow();
  expect(before["relayA.holdDelay"]).toEqual({ value: "5", key, mark: "HW" });
  const changes = [{ field: "relayA.holdDelay", key, old: "5", new: "7" }];

  const dry = await verb(phone, ["set", "relayA.holdDelay=7", "--dry-run"]);
  expect([dry.code, dry.lines]).toEqual([0, [{ changes, written: false, readBack: null }]]);
  expect(eventsOf(phone, "write")).toEqual([]);

  const real = await verb(phone, ["set", "relayA.holdDelay=7"]);
  expect([real.code, real.lines]).toEqual([0, [{ changes, written: true, readBack: "equal" }]]);
  expect(eventsOf(phone, "write")).toEqual([{ event: "write", keys: [key] }]);
  expect(await fieldsNow()).toEqual({ ...before, "relayA.holdDelay": { value: "7", key, mark: "HW" } });
});

test("trigger reaches the phone exactly once", async () => {
  const { code, lines } = await verb(phone, ["trigger", "--relay", "B", "--seconds", "1"]);
  expect([code, lines]).toEqual([0, [{ relay: "B", accepted: true }]]);
  const security = await verb(phone, ["trigger", "--relay", "SA"]);
  expect([security.code, security.lines]).toEqual([0, [{ relay: "SA", accepted: true }]]);
  expect(eventsOf(phone, "trigger")).toEqual([
    { event: "trigger", relay: "B", count: 1 },
    { event: "trigger", relay: "SA", count: 1 },
  ]);
});

describe("what goes wrong", () => {
  const ends: [string, string[], number, string, RegExp][] = [
    ["unknown field", ["set", "relayA.nonsense=1"], 2, "bad-input", /relayA\.nonsense/],
    ["a value out of range", ["set", "relayA.holdDelay=0"], 2, "bad-input", /1 to 60/],
    ["not offered here", ["set", "relayD.holdDelay=5"], 9, "unsupported", /Relay D/],
    ["a relay that is not there", ["trigger", "--relay", "D"], 9, "unsupported", /Relay D/],
  ];
  it.each(ends)("%s", async (_, words, exit, code, sentence) => {
    const moved = eventsOf(phone, "trigger").length + eventsOf(phone, "write").length;
    const run = await verb(phone, words);
    expect([run.code, errorOf(run.lines)]).toEqual([
      exit,
      expect.objectContaining({ code, message: expect.stringMatching(sentence) as string }),
    ]);
    expect(eventsOf(phone, "trigger").length + eventsOf(phone, "write").length).toBe(moved);
  });

  test("a wrong password exits 7 and says so", async () => {
    const { code, lines } = await verb(phone, ["relays"], "Wrong-0815");
    expect([code, errorOf(lines)?.["code"]]).toEqual([7, "device-auth"]);
    expect(errorOf(lines)?.["message"]).toMatch(/password/i);
    expect(errorOf(lines)?.["message"]).not.toMatch(/allow-list/i);
  });

  test("an allow-list exits 7 and says that", async () => {
    const { code, lines } = await verb(allowList, ["relays"]);
    expect([code, errorOf(lines)?.["code"]]).toEqual([7, "device-auth"]);
    expect(errorOf(lines)?.["message"]).toMatch(/allow-list/i);
  });

  test("Basic is never sent over plain HTTP unless it is asked for", async () => {
    const basic = await startPhone("--auth", "basic");
    try {
      const auto = await verb(basic, ["info"]);
      expect([auto.code, errorOf(auto.lines)?.["message"]]).toEqual([7, expect.stringMatching(/Basic/) as string]);
      const asked = await verb(basic, ["info", "--auth", "basic"]);
      expect([asked.code, asked.lines[0]?.["auth"]]).toEqual([0, "basic"]);
    } finally {
      await basic.stop("SIGKILL");
    }
  });

  test("a phone that is not there is a time-out or a lost link, never a crash", async () => {
    const gone = await startPhone();
    const host = hostOf(gone);
    await gone.stop("SIGKILL");
    const run = await runCli(["phone", "info", "--host", host, "--auth", "none", "--json"]);
    expect([4, 5]).toContain(run.code);
  });

  test.each([
    ["a variable that is not set", ["--user", "tech", "--password-env", "NOT_THERE"], "password-env", "NOT_THERE"],
    ["no password", ["--user", "tech"], "password-env", "--password-env"],
    ["no user", [], "user", "--user"],
  ])("%s is bad-input naming the option", async (_, login, field, named) => {
    const run = await runCli(["phone", "info", "--host", hostOf(phone), ...login, "--json"]);
    expect([run.code, errorOf(run.lines)]).toEqual([2, expect.objectContaining({ code: "bad-input", field })]);
    expect(errorOf(run.lines)?.["message"]).toContain(named);
  });
});

test("no password is in any output or file", async () => {
  const ended = await phone.stop("SIGTERM");
  expect(ended.code).toBe(0);
  const files = readdirSync(dataDir, { recursive: true, encoding: "utf8" })
    .map((name) => join(dataDir, name))
    .filter((path) => statSync(path).isFile());
  const all = [...said, ended.stdout, ended.stderr, ...files.map((path) => readFileSync(path, "latin1"))].join("\n");
  expect(all).toContain("relayA.holdDelay");
  for (const secret of [password, "Wrong-0815", Buffer.from(`tech:${password}`).toString("base64")]) {
    expect(all).not.toContain(secret);
  }
});

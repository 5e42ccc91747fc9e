import { afterAll, beforeAll, expect, test } from "vitest";
import { at, cleanUp, errorOf, line, pair, simulatedUnit } from "./bench.ts";
import { runCli, type CliResult, type RunningCli, type SocatPair } from "./harness.ts";

// One unit for the whole file, as on a bench: every test leaves its output off.
let wires: SocatPair;
let unit: RunningCli;
beforeAll(async () => {
  wires = await pair();
  unit = await simulatedUnit(wires.b, {}, "--address", "7");
});
afterAll(cleanUp);

const sr01 = (...args: string[]): Promise<CliResult> =>
  runCli([...args, ...at(wires.a), "--address", "7", "--plain", "--json"]);
const moves = (): unknown[] => unit.lines.filter((one) => one["event"] === "output").map((one) => one["on"]);

test("identify: exactly the keys, from the wire", async () => {
  const { code, lines } = await sr01("identify");
  expect(code).toBe(0);
  expect(lines).toEqual([
    {
      address: 7,
      baud: 115_200,
      vendor: "0c1105",
      model: 1,
      hardwareVersion: 1,
      serialNumber: "01020304",
      firmwareVersion: "1.2.3",
      capabilities: expect.toSatisfy((all: unknown[]) => all.length > 0) as unknown,
      secure: "none",
    },
  ]);
  for (const one of lines[0]?.["capabilities"] as object[]) {
    expect(Object.keys(one)).toEqual(["function", "compliance", "count"]);
  }
  expect(lines[0]?.["capabilities"]).toContainEqual({ function: 10, compliance: 1440 % 256, count: 5 });
});

const idle = { outputs: [0], inputs: [0, 0], tamper: false, powerFailure: false };

test("pulse of 2 s: reads on, then off by itself", async () => {
  expect((await sr01("status")).lines).toEqual([idle]);
  const pulse = await sr01("relay", "pulse", "--seconds", "2");
  expect([pulse.code, pulse.lines]).toEqual([0, [{ output: 0, command: "pulse", outputs: [1] }]]);
  await line(unit, (one) => one["event"] === "output" && one["on"] === false, "the end of the pulse");
  expect((await sr01("status")).lines).toEqual([idle]);
  expect(moves()).toEqual([true, false]);
});

test("a running pulse is seen by status and ended by off", async () => {
  const before = moves().length;
  await sr01("relay", "pulse", "--seconds", "60");
  expect((await sr01("status")).lines).toEqual([{ ...idle, outputs: [1] }]);
  expect((await sr01("relay", "off")).lines).toEqual([{ output: 0, command: "off", outputs: [0] }]);
  expect((await sr01("status")).lines).toEqual([idle]);
  expect(moves().slice(before)).toEqual([true, false]);
});

test("on stays on until off, and options stand anywhere after the verb", async () => {
  const before = moves().length;
  const device = [...at(wires.a), "--address", "7"];
  const on = await runCli(["relay", "--json", ...device, "on", "--output", "0", "--keep-open"]);
  expect([on.code, on.lines]).toEqual([0, [{ output: 0, command: "on", outputs: [1] }]]);
  expect(on.stderr).toMatch(/may be open/);
  const off = await runCli(["relay", "--output", "0", "off", "--line", "alone", ...device, "--json"]);
  expect([off.code, off.lines]).toEqual([0, [{ output: 0, command: "off", outputs: [0] }]]);
  expect(moves().slice(before)).toEqual([true, false]);
});

test("an output that is not there is refused, and nothing moves", async () => {
  const before = moves().length;
  const { code, lines } = await sr01("relay", "pulse", "--output", "3");
  expect([code, errorOf(lines)?.["code"]]).toEqual([6, "device-refused"]);
  expect(moves().length).toBe(before);
});

test("without --json: words for people, no JSON", async () => {
  const { code, stdout } = await runCli(["identify", ...at(wires.a), "--address", "7"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Serial number 01020304, firmware 1\.2\.3/);
});

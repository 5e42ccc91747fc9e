import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { at, cleanUp, errorOf, folder, image, pair, simulatedUnit } from "./bench.ts";
import { runCli, type RunningCli } from "./harness.ts";

const phasesOf = (lines: readonly Record<string, unknown>[]): unknown[] =>
  lines.map((one) => one["phase"]).filter((phase, n, all) => phase !== all[n - 1]);
const starts = (unit: RunningCli): number =>
  unit.lines.filter((one) => one["event"] === "file" && one["state"] === "started").length;

/** A file that says nothing of itself, as a ROM of unknown origin. */
function opaqueFile(sizeBytes: number): string {
  const file = join(folder(), "unknown.rom");
  writeFileSync(file, randomBytes(sizeBytes));
  return file;
}

describe("a flash that ends well", () => {
  afterAll(cleanUp);

  test.concurrent("64 KiB: phases in their order, the figures of the wire, the new version proven", async () => {
    const { a, b } = await pair();
    const unit = await simulatedUnit(b);
    const file = await image("1.3.0", 65_536);
    const { code, lines } = await runCli(["flash", file, ...at(a), "--json"]);
    expect(code).toBe(0);
    expect(phasesOf(lines)).toEqual(["check", "transfer", "finish", "reboot", "identify", "done"]);
    for (const one of lines.slice(0, -1)) {
      expect(one).toEqual({ phase: one["phase"], sentBytes: expect.any(Number) as number, totalBytes: 65_536 });
    }
    const sent = lines.slice(0, -1).map((one) => one["sentBytes"] as number);
    expect(sent).toEqual([...sent].sort((x, y) => x - y));
    const done = lines.at(-1) ?? {};
    const seconds = done["seconds"] as number;
    expect(done).toEqual({
      phase: "done",
      fileBytes: 65_536,
      seconds: expect.toSatisfy((s: number) => s > 1 && s < 30) as unknown,
      efficiency: expect.closeTo((65_536 * 10) / 115_200 / seconds, 3) as number,
      fragmentBytes: 1420,
      firmwareBefore: "1.2.3",
      firmwareAfter: "1.3.0",
      verified: true,
    });
    expect(starts(unit)).toBe(1);
    const { lines: after } = await runCli(["identify", ...at(a), "--json"]);
    expect(after[0]?.["firmwareVersion"]).toBe("1.3.0");
  });

  it.concurrent.each([
    [128, 108],
    [256, 236],
  ])("a unit that takes frames of %i bytes gets fragments of %i", async (receiveSize, fragmentBytes) => {
    const { a, b } = await pair();
    await simulatedUnit(b, {}, "--receive-size", String(receiveSize));
    const { code, lines } = await runCli(["flash", await image("1.3.0", 8192), ...at(a), "--json"]);
    expect([code, lines.at(-1)]).toEqual([0, expect.objectContaining({ fragmentBytes, verified: true })]);
  });
});

describe("one unit that runs 1.2.3 and keeps it", () => {
  let wires: { a: string };
  let unit: RunningCli;
  beforeAll(async () => {
    const made = await pair();
    wires = made;
    unit = await simulatedUnit(made.b);
  });
  afterAll(cleanUp);
  const flash = (file: string, ...more: string[]) => runCli(["flash", file, ...at(wires.a), "--json", ...more]);

  test("a random file is opaque: taken, and nothing is claimed", async () => {
    const { code, lines } = await flash(opaqueFile(3000));
    expect(code).toBe(0);
    expect(phasesOf(lines)).toEqual(["check", "transfer", "identify", "done"]);
    const figures = { fileBytes: 3000, firmwareBefore: "1.2.3", firmwareAfter: "1.2.3", verified: null };
    expect(lines.at(-1)).toMatchObject(figures);
    expect(lines.at(-1)).not.toHaveProperty("error");
  });

  test("with --expect it is proven that it is not what was asked: false, exit 10", async () => {
    const { code, lines } = await flash(opaqueFile(3000), "--expect", "9.9.9");
    expect(code).toBe(10);
    expect(lines.at(-1)).toMatchObject({ phase: "done", verified: false, firmwareAfter: "1.2.3" });
    expect(errorOf(lines)).toMatchObject({ code: "not-verified", message: expect.stringMatching(/9\.9\.9/) as string });
  });

  test("with --expect of the running version an opaque file is verified", async () => {
    const { code, lines } = await flash(opaqueFile(3000), "--expect", "1.2.3");
    expect([code, lines.at(-1)?.["verified"]]).toEqual([0, true]);
  });

  const refused: [string, () => Promise<string>, string[], string, RegExp][] = [
    ["an older version", () => image("1.2.2", 4096), [], "allow-downgrade", /1\.2\.2 is older/],
    [
      "a wrong downgrade typed",
      () => image("1.2.2", 4096),
      ["--allow-downgrade", "1.2.1"],
      "allow-downgrade",
      /1\.2\.2/,
    ],
    ["another --expect than the file states", () => image("1.3.0", 4096), ["--expect", "1.4.0"], "expect", /1\.3\.0/],
    ["an image for other hardware", () => image("1.3.0", 4096, "--spoil", "hardware"), [], "file", /hardware/],
    ["an image for hardware 7 to 9", () => image("1.3.0", 4096, "--hardware", "7-9"), [], "file", /hardware 7 to 9/],
  ];
  it.each(refused)("%s: exit 2 and the unit saw no fragment", async (_, make, more, field, words) => {
    const before = starts(unit);
    const { code, lines } = await flash(await make(), ...more);
    expect(code).toBe(2);
    expect(lines.at(-1)).toEqual({
      error: expect.objectContaining({
        code: "bad-input",
        field,
        message: expect.stringMatching(words) as string,
      }) as unknown,
    });
    expect(starts(unit)).toBe(before);
  });

  test("a downgrade that was typed out is done", async () => {
    const { code, lines } = await flash(await image("1.2.2", 4096), "--allow-downgrade", "1.2.2");
    expect([code, lines.at(-1)]).toEqual([0, expect.objectContaining({ firmwareAfter: "1.2.2", verified: true })]);
  });
});

describe("a flash that ends badly", () => {
  let file = "";
  beforeAll(async () => {
    file = await image("1.3.0", 8192);
  });
  afterAll(cleanUp);

  const ends: [string, object, number, string, RegExp, boolean | undefined][] = [
    ["not recognised", { ftStatusAt: { offset: 3000, detail: -2 } }, 6, "device-refused", /-2/, false],
    ["found damaged", { ftStatusAt: { offset: 3000, detail: -3 } }, 6, "device-refused", /-3/, false],
    ["broken off by the unit", { ftStatusAt: { offset: 0, detail: -1 } }, 6, "device-refused", /-1/, false],
    ["done too early", { earlyDone: true }, 8, "protocol", /before it had the whole file/, false],
    ["taken, but the old version runs", { keepsOldVersion: true }, 10, "not-verified", /runs 1\.2\.3/, false],
    [
      "another unit after the restart",
      { otherSerialAfterReboot: "99999999" },
      10,
      "not-verified",
      /serial number 99999999/,
      false,
    ],
  ];
  it.concurrent.each(ends)("%s: told in the last line", async (_, faults, exit, code, words, verified) => {
    const { a, b } = await pair();
    await simulatedUnit(b, faults);
    const result = await runCli(["flash", file, ...at(a), "--json"]);
    expect(result.code).toBe(exit);
    const done = result.lines.at(-1) ?? {};
    expect(done).toMatchObject({ phase: "done", fileBytes: 8192, firmwareBefore: "1.2.3", verified });
    expect(done["error"]).toMatchObject({ code, message: expect.stringMatching(words) as string });
  });
});

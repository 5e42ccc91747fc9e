import { afterAll, describe, expect, it } from "vitest";
import { encodeFrame, withMark } from "../../src-main/osdp/frame.ts";
import { at, cleanUp, errorOf, farEnd, image, pair, secondMaster, simulatedUnit, tappedLine } from "./bench.ts";
import { runCli, startCli, until } from "./harness.ts";

// Most of the time here is waiting: everything runs side by side, each test on a line of its own.
afterAll(cleanUp);

/** A whole POLL to address 5. */
const pollOfAnother = withMark(
  encodeFrame({
    ...{ address: 5, reply: false, sequence: 1, check: "crc", scb: null, code: 0x60, mac: null },
    data: new Uint8Array(0),
  }),
);
const factory = /^A factory SR01 does not speak OSDP as far as is known; the wiring may be right\./;

describe("nobody who speaks OSDP", () => {
  it.concurrent("silence: exit 5 within 12 s, factory units named first, then what to do", async () => {
    const { a, b } = await pair();
    const { heard } = await farEnd(b);
    const since = performance.now();
    const { code, lines } = await runCli(["identify", ...at(a), "--json"]);
    expect(performance.now() - since).toBeLessThan(12_000);
    expect([code, errorOf(lines)?.["code"]]).toEqual([5, "device-timeout"]);
    expect(errorOf(lines)?.["message"]).toMatch(factory);
    expect(errorOf(lines)?.["message"]).toMatch(/Device > RS485, Security > Security Relay/);
    expect(heard.length).toBeGreaterThan(0);
  });

  it.concurrent("answers that are rubbish, as at a wrong rate: the same words, nothing flashed", async () => {
    const tap = await tappedLine((chunk) => chunk.map((byte) => (byte * 7 + 3) & 0xff));
    const unit = await simulatedUnit(tap.far);
    const { code, lines } = await runCli(["flash", await image("1.3.0", 4096), ...at(tap.near), "--json"]);
    expect([code, errorOf(lines)?.["code"]]).toEqual([5, "device-timeout"]);
    expect(errorOf(lines)?.["message"]).toMatch(factory);
    expect(unit.lines.some((one) => one["event"] === "file")).toBe(false);
  });
});

describe("not a byte on the line", () => {
  it.concurrent.each(["hash", "length"])("of an image with a wrong %s", async (spoil) => {
    const { a, b } = await pair();
    const { port, heard } = await farEnd(b);
    const { code, lines } = await runCli(["flash", await image("1.3.0", 4096, "--spoil", spoil), ...at(a), "--json"]);
    expect([code, errorOf(lines)?.["code"], errorOf(lines)?.["field"]]).toEqual([2, "bad-input", "file"]);
    // The far end is no deaf one: what is sent now arrives, and it is the first.
    const near = await farEnd(a);
    await near.port.write(Uint8Array.of(1));
    await until(() => heard.length > 0, 2000, "the far end is deaf");
    expect(heard).toEqual([1]);
    await port.close();
  });

  it.concurrent.each(["identify", "relay pulse"])("while a second master sends: %s", async (verb) => {
    const { a, b } = await pair();
    const { captured } = await secondMaster(b);
    const { code, lines } = await runCli([
      ...verb.split(" "),
      "--port",
      a,
      "--baud",
      "115200",
      "--listen-ms",
      "2000",
      "--json",
    ]);
    expect([code, errorOf(lines)?.["code"]]).toEqual([3, "busy"]);
    expect(errorOf(lines)?.["message"]).toMatch(/Nothing was sent/);
    const near = await farEnd(a);
    await near.port.write(Uint8Array.of(1));
    await until(() => captured.length > 0, 2000, "the capture is deaf");
    expect(captured).toEqual([1]);
  });
});

describe("a second master that comes later", () => {
  it.concurrent("during a flash: we stop sending, say so, and do not even say ABORT", async () => {
    const tap = await tappedLine();
    await simulatedUnit(tap.far, { ftDelayMs: 20 }, "--receive-size", "128");
    const file = await image("1.3.0", 65_536);
    const flashing = await startCli(["flash", file, ...at(tap.near), "--json"]);
    await until(() => tap.toFar.length > 2000, 10_000, "the flash does not run");
    await tap.inject(pollOfAnother);
    const before = tap.toFar.length;
    const { code, lines } = await flashing.ended;
    expect(code).toBe(3);
    expect(lines.at(-1)).toMatchObject({
      phase: "done",
      verified: false,
      firmwareBefore: "1.2.3",
      firmwareAfter: null,
    });
    expect(errorOf(lines)).toMatchObject({
      code: "busy",
      message: expect.stringMatching(/we stopped sending.*ended at \d+ of 65536 bytes/) as string,
    });
    // One frame may have been on its way already.
    expect(tap.toFar.length - before).toBeLessThanOrEqual(128 + 1);
  });
});

import { describe, expect, test } from "vitest";
import { concatBytes } from "../../src-main/lib/bytes.ts";
import { systemClock, sleep } from "../../src-main/lib/clock.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { createLine, type LineOptions } from "../../src-main/sim/line.ts";
import { seededRandom } from "../../src-main/sim/prng.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);

function virtualLine(options: Partial<LineOptions> = {}) {
  const clock = new VirtualClock(settle);
  const line = createLine({ clock, ...options });
  const got = { a: [] as { at: number; bytes: Uint8Array }[], b: [] as { at: number; bytes: Uint8Array }[] };
  line.a.onData((bytes) => got.a.push({ at: clock.now(), bytes }));
  line.b.onData((bytes) => got.b.push({ at: clock.now(), bytes }));
  const whole = (end: "a" | "b") => concatBytes(...got[end].map(({ bytes }) => bytes));
  return { clock, line, got, whole };
}

describe("pacing", () => {
  test.each([9600, 38_400, 115_200, 230_400])("at %i bit/s no byte is early and the last is on time", async (baud) => {
    const { clock, line, got, whole } = virtualLine({ baud });
    const sent = counting(700);
    await clock.run(line.a.write(sent));
    expect(clock.now()).toBeCloseTo((700 * 10_000) / baud, 6);
    await clock.advance(0);
    expect(whole("b")).toEqual(sent);
    let count = 0;
    for (const { at, bytes } of got.b) {
      count += bytes.length;
      expect(at).toBeGreaterThanOrEqual((count * 10_000) / baud - 1e-6);
    }
    expect(got.b.at(-1)?.at).toBeCloseTo((700 * 10_000) / baud, 6);
    // Portions, not a timer a byte.
    expect(got.b.length).toBeLessThanOrEqual(Math.ceil((700 * 10_000) / baud / 4));
  });

  test("a second write waits for the first", async () => {
    const { clock, line, whole } = virtualLine({ baud: 9600 });
    const first = line.a.write(counting(96));
    const second = line.a.write(counting(96));
    await clock.run(first);
    expect(clock.now()).toBeCloseTo(100, 6);
    await clock.run(second);
    expect(clock.now()).toBeCloseTo(200, 6);
    expect(whole("b")).toHaveLength(192);
  });

  test("latency of an adapter comes on top, and an early drain tells nothing", async () => {
    const { clock, line, got } = virtualLine({ baud: 9600, latencyMs: { b: 16 }, earlyDrain: true });
    await clock.run(line.a.write(counting(96)));
    expect(clock.now()).toBe(0);
    await clock.advance(115.9);
    expect(got.b.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(96);
    await clock.advance(0.2);
    expect(got.b.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(96);
  });

  test("in real time: never early, and late by little", async () => {
    const line = createLine({ clock: systemClock, baud: 115_200, soon: setImmediate });
    const start = systemClock.now();
    const late: number[] = [];
    let count = 0;
    line.b.onData((bytes) => {
      count += bytes.length;
      late.push(systemClock.now() - start - (count * 10_000) / 115_200);
    });
    await line.a.write(counting(576));
    await sleep(systemClock, 1);
    expect(count).toBe(576);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(-1e-3);
    // 50 ms of line time; a shared machine may stall, so the bound is generous.
    expect(systemClock.now() - start).toBeLessThan(90);
  });
});

describe("one line, two ends", () => {
  test("half duplex: bytes sent at the same time are damaged, both ways, and only those", async () => {
    const { clock, line, whole } = virtualLine({ baud: 9600 });
    const sent = new Uint8Array(96).fill(0x55);
    void line.a.write(sent);
    await clock.advance(50);
    void line.b.write(sent);
    await clock.advance(200);
    const good = (bytes: Uint8Array, from: number, to: number) => bytes.slice(from, to).every((byte) => byte === 0x55);
    expect(good(whole("b"), 0, 47)).toBe(true);
    expect(good(whole("b"), 49, 96)).toBe(false);
    expect(good(whole("a"), 0, 47)).toBe(false);
    expect(good(whole("a"), 49, 96)).toBe(true);
    const { a, b } = line.counters();
    expect(a.collidedBytes).toBeGreaterThan(46);
    expect(b.collidedBytes).toBeGreaterThan(46);
  });

  test("an answer right behind the last bit collides with nothing", async () => {
    const { clock, line, whole } = virtualLine({ baud: 38_400 });
    let heard = 0;
    line.b.onData((bytes) => {
      heard += bytes.length;
      if (heard === 333) void line.b.write(counting(77));
    });
    await clock.run(line.a.write(counting(333)));
    await clock.advance(100);
    expect(whole("a")).toEqual(counting(77));
    expect(line.counters().a.collidedBytes + line.counters().b.collidedBytes).toBe(0);
  });

  test("full duplex: both arrive", async () => {
    const { clock, line, whole } = virtualLine({ halfDuplex: false });
    void line.a.write(counting(50));
    void line.b.write(counting(60));
    await clock.advance(200);
    expect([whole("b"), whole("a")]).toEqual([counting(50), counting(60)]);
  });

  test.each([
    ["receiver at another rate", (line: ReturnType<typeof createLine>) => line.b.setBaud(19_200), 200],
    [
      "sender changes its rate before its last bit is out",
      (line: ReturnType<typeof createLine>) => line.a.setBaud(19_200),
      100,
    ],
  ])("%s: rubbish", async (_, change, length) => {
    const { clock, line, whole } = virtualLine({ baud: 9600 });
    void line.a.write(counting(100));
    await change(line);
    await clock.advance(300);
    expect(whole("b").length).toBe(length);
    expect(whole("b")).not.toEqual(counting(length));
    expect(line.counters().a.garbledBytes).toBe(100);
  });

  test("a pulled cable swallows exactly what passes meanwhile", async () => {
    const { clock, line, whole } = virtualLine({ baud: 9600 });
    void line.a.write(counting(192));
    await clock.advance(50);
    line.cut(true);
    await clock.advance(100);
    line.cut(false);
    await clock.advance(100);
    expect(whole("b")).toEqual(concatBytes(counting(192).slice(0, 48), counting(192).slice(144)));
    expect(line.counters().a).toMatchObject({ sentBytes: 192, deliveredBytes: 96, cutBytes: 96 });
  });

  test.each([0, 1, 37, 191])("the cable can be pulled after exactly %i bytes", async (bytes) => {
    const { clock, line, whole } = virtualLine();
    line.cutAfter("a", bytes);
    void line.a.write(counting(192));
    await clock.advance(500);
    expect(line.isCut()).toBe(true);
    expect(whole("b")).toEqual(counting(192).slice(0, bytes));
  });

  test("a port that hangs up takes its unsent bytes with it", async () => {
    const { clock, line, whole } = virtualLine({ baud: 9600 });
    const write = line.a.write(counting(96));
    await clock.advance(50);
    line.a.hangUp();
    await expect(write).rejects.toMatchObject({ code: "link-lost" });
    await clock.advance(200);
    expect(whole("b").length).toBeLessThanOrEqual(48);
  });

  test("a tap hears both ways with times", async () => {
    const { clock, line } = virtualLine({ baud: 9600 });
    const heard: string[] = [];
    line.tap(({ from, atMs, bytes }) => heard.push(`${from} ${atMs.toFixed(3)} ${String(bytes.length)}`));
    void line.a.write(counting(2));
    await clock.advance(10);
    void line.b.write(counting(1));
    await clock.advance(10);
    expect(heard).toEqual(["a 2.083 2", "b 11.042 1"]);
  });
});

describe("noise", () => {
  const errors = async (faults: Partial<LineOptions["faults"] & object>, bytes: number, seed: number) => {
    const { clock, line, whole } = virtualLine({ baud: 230_400, sliceMs: 50, seed, faults });
    await clock.run(line.a.write(new Uint8Array(bytes)));
    await clock.advance(1);
    return { ...line.counters().a, ones: [...whole("b")].reduce((sum, byte) => sum + bits(byte), 0) };
  };

  test.each([1, 2, 3, 4, 5])("bit errors come at their rate (seed %i)", async (seed) => {
    const { damagedBits, ones } = await errors({ bitErrorRate: 1e-3 }, 50_000, seed);
    expect(ones).toBe(damagedBits);
    // 400 expected, standard deviation 20: five of them.
    expect(Math.abs(damagedBits - 400)).toBeLessThan(100);
  });

  test.each([1, 2, 3, 4, 5])("bytes are lost at their rate (seed %i)", async (seed) => {
    const { lostBytes, deliveredBytes } = await errors({ byteLossRate: 0.01 }, 50_000, seed);
    expect(lostBytes + deliveredBytes).toBe(50_000);
    expect(Math.abs(lostBytes - 500)).toBeLessThan(112);
  });

  test("the same seed gives the same noise, another seed another", async () => {
    const run = (seed: number) => errors({ bitErrorRate: 1e-3, byteLossRate: 1e-3 }, 20_000, seed);
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  test("noise may start and end while bytes are under way", async () => {
    const { clock, line, whole } = virtualLine({ baud: 9600 });
    void line.a.write(new Uint8Array(960));
    await clock.advance(300);
    line.setFaults({ bitErrorRate: 0.2 });
    await clock.advance(300);
    line.setFaults({ bitErrorRate: 0 });
    await clock.advance(600);
    const clean = (from: number, to: number) =>
      whole("b")
        .slice(from, to)
        .every((byte) => byte === 0);
    expect([clean(0, 287), clean(289, 575), clean(577, 960)]).toEqual([true, false, true]);
  });

  test("the generator is even", () => {
    const random = seededRandom(99);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const bin = Math.floor(random() * 10);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

function bits(byte: number): number {
  return byte.toString(2).replaceAll("0", "").length;
}

import { describe, expect, test } from "vitest";
import { fromHex } from "../../../src-main/lib/bytes.ts";
import { fail } from "../../../src-main/lib/errors.ts";
import { MemoryPort } from "../../../src-main/lib/port.ts";
import { VirtualClock } from "../../../src-main/lib/virtual-clock.ts";
import { findBaud, osdpRates } from "../../../src-main/osdp/baud-finder.ts";
import { seededRandom } from "../../../src-main/sim/prng.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const frames = {
  crc: fromHex("ff530008000560da99"),
  checksum: fromHex("53000800006100 44".replace(" ", "")),
};

/** A line that says something every `everyMs`: read well at `rate` only. */
function makeLine({ rate, everyMs = 50, frame = frames.crc }: { rate: number; everyMs?: number; frame?: Uint8Array }) {
  const clock = new VirtualClock(settle);
  const port = new MemoryPort("tap", 9600);
  const tried: number[] = [];
  const random = seededRandom(3);
  const setBaud = port.setBaud.bind(port);
  port.setBaud = (baud) => {
    tried.push(baud);
    return setBaud(baud);
  };
  const speak = (): void => {
    const garbled = Uint8Array.from({ length: frame.length * 3 }, () => Math.floor(random() * 256));
    port.deliver(port.baud === rate ? frame : garbled);
    clock.after(everyMs, speak);
  };
  clock.after(0, speak);
  return { clock, port, tried };
}

describe("the rate of a line", () => {
  test.each(osdpRates)("%i is found within five seconds of line, and nothing else is claimed", async (rate) => {
    const { clock, port } = makeLine({ rate });
    const found = await clock.run(findBaud(port, { clock }), 5000);
    expect(found.baud).toBe(rate);
    expect(port.baud).toBe(rate);
    expect(clock.now()).toBeLessThan(5000);
    expect(found.heard.length).toBeGreaterThan(0);
  });

  test("a slow line with checksums is found in a later round", async () => {
    const { clock, port, tried } = makeLine({ rate: 57_600, everyMs: 900, frame: frames.checksum });
    expect((await clock.run(findBaud(port, { clock }), 60_000)).baud).toBe(57_600);
    expect(tried.filter((baud) => baud === 57_600).length).toBeGreaterThan(1);
  });

  test("rates that the adapter cannot run at are left out; any other error ends it", async () => {
    const { clock, port } = makeLine({ rate: 19_200 });
    const setBaud = port.setBaud.bind(port);
    port.setBaud = (baud) => (baud === 38_400 ? Promise.reject(fail("bad-input", "cannot")) : setBaud(baud));
    expect((await clock.run(findBaud(port, { clock }))).baud).toBe(19_200);
    port.setBaud = () => Promise.reject(fail("link-lost", "gone"));
    await expect(clock.run(findBaud(port, { clock }))).rejects.toMatchObject({ code: "link-lost" });
  });

  test("noise alone is never a rate, and the signal ends the search", async () => {
    const { clock, port } = makeLine({ rate: 1 });
    const stop = new AbortController();
    const search = findBaud(port, { clock, signal: stop.signal });
    clock.after(120_000, () => {
      stop.abort();
    });
    await expect(clock.run(search)).rejects.toMatchObject({ code: "cancelled" });
    expect(clock.now()).toBeLessThan(120_100);
  });

  test("what is kept of the winner's bytes is bounded", async () => {
    const { clock, port } = makeLine({ rate: 1, everyMs: 5, frame: new Uint8Array(1000).fill(1) });
    clock.after(300, () => {
      port.deliver(frames.crc);
      port.deliver(frames.crc);
    });
    const { heard } = await clock.run(findBaud(port, { clock }));
    expect(heard.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(65_536);
    expect(heard.at(-1)?.bytes).toEqual(frames.crc);
  });
});

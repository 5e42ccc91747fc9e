import { describe, expect, test } from "vitest";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { openLink } from "../../src-main/sr01/keys.ts";
import { createOsdpSr01 } from "../../src-main/sr01/osdp-sr01.ts";
import type { WireProfile } from "../../src-main/sr01/profile.ts";
import { makeSim } from "./harness.ts";

const key = fromHex("00112233445566778899aabbccddeeff");
const randomBytes = (count: number) => new Uint8Array(count).fill(7);

/** A unit that was identified; after `swap` another one with the same key stands in its place. */
async function makeSwap(secured: boolean) {
  const bench = makeSim({ sim: { ...(secured ? { key } : {}), faults: { otherSerialAfterReboot: "0a0b0c0d" } } });
  const profile = createOsdpSr01({ bus: bench.bus, address: 0, clock: bench.clock });
  if (secured) bench.device.useKey({ kind: "scbk", key, randomBytes });
  await bench.clock.run(profile.identify());
  const swap = () => {
    bench.sim.unplug();
    bench.sim.plugIn();
  };
  return { ...bench, profile, swap };
}

describe.each([
  ["in clear", false],
  ["in a session", true],
])("another unit in the place of the identified one, %s", (_, secured) => {
  const acts: [string, (unit: WireProfile) => Promise<unknown>][] = [
    ["pulse", (unit) => unit.pulse(0, 1)],
    ["set", (unit) => unit.set(0, true)],
    ["status", (unit) => unit.status()],
    ["poll", (unit) => unit.poll()],
  ];
  test.each(acts)("%s does not reach it, however often it is asked", async (_name, act) => {
    const { profile, swap, sim, device, said, end } = await makeSwap(secured);
    swap();
    for (let i = 0; i < 3; i++) {
      if (i !== 1) device.forget();
      const { error } = await end(act(profile));
      expect(error).toMatchObject({ code: "not-verified", data: { before: "01020304", now: "0a0b0c0d" } });
    }
    expect(sim.state().counts.moves).toBe(0);
    expect(said().filter((words) => /^(OUT|OSTAT|POLL)/.test(words))).toEqual([]);
    await end(profile.identify());
    expect((await end(act(profile))).error).toBeNull();
  });

  test("a session or a number of the old unit never carries an order over", async () => {
    const { profile, swap, sim, end } = await makeSwap(secured);
    swap();
    const { error } = await end(profile.pulse(0, 1));
    expect(error).not.toBeNull();
    expect(sim.state().counts.moves).toBe(0);
  });
});

describe("the keys kept for a unit", () => {
  test("are chosen by the serial number that answers, tried in order, with no way back to clear", async () => {
    const bench = makeSim({ sim: { key, serialNumber: "00000042" } });
    const asked: string[] = [];
    const keysOf = (id: { serialNumber: string }) => {
      asked.push(id.serialNumber);
      return Promise.resolve([new Uint8Array(16), key]);
    };
    const { value } = await bench.end(openLink(bench.device, { kind: "kept-or-plain", keysOf }, randomBytes));
    expect(asked).toEqual(["00000042"]);
    expect(value).toMatchObject({ keyIndex: 1 });
    expect(bench.device.security).toBe("scbk");
  });

  test("none fits: named, and nothing can be sent in clear by accident", async () => {
    const bench = makeSim({ sim: { key } });
    const keysOf = () => Promise.resolve([new Uint8Array(16)]);
    const { error } = await bench.end(openLink(bench.device, { kind: "kept-or-plain", keysOf }, randomBytes));
    expect(error).toMatchObject({ code: "device-auth", data: { unit: { serialNumber: "01020304" } } });
  });
});

import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src-main/lib/bytes.ts";
import { KEYSET } from "../../src-main/osdp/commands.ts";
import { decodeFrame } from "../../src-main/osdp/frame.ts";
import { factoryKey } from "../../src-main/osdp/secure-channel.ts";
import type { SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { pair, type PairOrder, type PresentKeys } from "../../src-main/sr01/pair.ts";
import { makeSim, outcome } from "./harness.ts";
import { seededRandom } from "../../src-main/sim/prng.ts";

const ownKey = fromHex("00112233445566778899aabbccddeeff");
const newKey = fromHex("c0ffee00c0ffee00c0ffee00c0ffee00");
const foreign = fromHex("0123456789abcdef0123456789abcdef");
const nothing: PresentKeys = { keys: [], given: false, maybeFactory: false };

function makeBench(sim: Partial<SimSr01Options>, present: PresentKeys = nothing, change: Partial<PairOrder> = {}) {
  const bench = makeSim({ line: { baud: 115_200 }, sim });
  const random = seededRandom(7);
  const stored: string[] = [];
  const sessions: string[] = [];
  bench.sim.onEvent((event) => {
    if (event.event === "session") sessions.push(event.key);
    if (event.event === "keyset") sessions.push("keyset");
  });
  const order: PairOrder = {
    device: bench.device,
    clock: bench.clock,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    newKey,
    present: () => Promise.resolve(present),
    keep: (_, before) => {
      stored.push(before === "factory" ? before : toHex(before));
      // Nothing of the new key may have left by now.
      expect(bench.said().filter((words) => words.startsWith("KEYSET"))).toEqual([]);
      return Promise.resolve();
    },
    ...change,
  };
  const keysets = () => bench.sent.filter(({ bytes }) => decodeFrame(bytes.slice(1))?.code === KEYSET.code);
  const challenges = () => bench.said().filter((words) => words.startsWith("CHLNG")).length;
  return { ...bench, order, stored, sessions, keysets, challenges };
}

describe("pairing", () => {
  test("a factory unit: factory key, KEYSET in the session, new session with the new key", async () => {
    const bench = makeBench({ install: true });
    const { value, error } = await bench.end(pair(bench.order));
    expect(error).toBeNull();
    expect(value).toMatchObject({ before: "scbk-d", keySent: true, works: "new", error: null });
    expect(bench.stored).toEqual(["factory"]);
    expect(bench.sessions).toEqual(["scbk-d", "keyset", "scbk"]);
    expect(bench.device.security).toBe("scbk");
    expect(toHex(bench.keysets()[0]?.bytes ?? new Uint8Array(0))).not.toContain(toHex(newKey));
  });

  test("a key change: the present key, never the factory key", async () => {
    const bench = makeBench({ key: ownKey }, { keys: [ownKey], given: true, maybeFactory: false });
    const { value } = await bench.end(pair(bench.order));
    expect(value).toMatchObject({ before: "scbk", works: "new", error: null });
    expect(bench.stored).toEqual([toHex(ownKey)]);
    expect(bench.sessions).toEqual(["scbk", "keyset", "scbk"]);
  });

  test("the second of two kept keys opens it", async () => {
    const bench = makeBench({ key: ownKey }, { keys: [foreign, ownKey], given: false, maybeFactory: true });
    expect((await bench.end(pair(bench.order))).value).toMatchObject({ before: "scbk", works: "new" });
  });

  test("a unit that was reset says so itself, so the factory key follows the kept one", async () => {
    const bench = makeBench({ install: true }, { keys: [ownKey], given: false, maybeFactory: false });
    expect((await bench.end(pair(bench.order))).value).toMatchObject({ before: "scbk-d", works: "new" });
  });

  const refused: { name: string; sim: Partial<SimSr01Options>; present: PresentKeys; code: string; most: number }[] = [
    {
      name: "a unit with a foreign key is named; one look with the factory key, no more",
      ...{ sim: { key: foreign }, present: nothing, code: "device-auth", most: 1 },
    },
    {
      name: "with a key given no other is tried, the factory key of a reset unit included",
      ...{ sim: { install: true }, present: { keys: [ownKey], given: true, maybeFactory: false } },
      ...{ code: "device-auth", most: 1 },
    },
    {
      name: "a kept key that is refused by a unit with a key of its own: no factory key",
      ...{ sim: { key: foreign }, present: { keys: [ownKey], given: false, maybeFactory: false } },
      ...{ code: "device-auth", most: 1 },
    },
    {
      name: "a wrong cryptogram",
      ...{ sim: { install: true, faults: { wrongCryptogram: true } }, present: nothing, code: "device-auth", most: 1 },
    },
    {
      name: "RMAC_I with status FF is no loop",
      ...{ sim: { install: true, faults: { rmacStatusFF: true } }, present: nothing, code: "device-auth", most: 1 },
    },
    { name: "no secure channel", sim: {}, present: nothing, code: "unsupported", most: 0 },
    {
      name: "a unit that is silent",
      ...{ sim: { faults: { dropReplies: 9999 } }, present: nothing, code: "device-timeout", most: 0 },
    },
  ];
  test.each(refused)("before KEYSET: $name", async ({ sim, present, code, most }) => {
    const bench = makeBench(sim, present);
    const { error } = await bench.end(pair(bench.order));
    expect(error?.code).toBe(code);
    expect(bench.challenges()).toBe(most);
    expect(bench.stored).toEqual([]);
    expect(bench.keysets()).toEqual([]);
    if (code !== "device-timeout") expect(error?.data?.["unit"]).toMatchObject({ serialNumber: "01020304" });
  });

  test("a key that cannot be kept is not sent", async () => {
    const keep = () => Promise.reject(new Error("disk full"));
    const bench = makeBench({ install: true }, nothing, { keep });
    await expect(bench.clock.run(pair(bench.order))).rejects.toThrow("disk full");
    expect(bench.keysets()).toEqual([]);
  });

  test("stopped after the key was kept: nothing is sent, the old key works", async () => {
    const stop = new AbortController();
    const bench = makeBench({ install: true }, nothing, {
      signal: stop.signal,
      keep: () => {
        stop.abort();
        return Promise.resolve();
      },
    });
    const { value } = await bench.end(pair(bench.order));
    expect(value).toMatchObject({ keySent: false, works: "old", error: { code: "cancelled" } });
    expect(bench.keysets()).toEqual([]);
  });

  test("the factory key is refused as a new key", async () => {
    const bench = makeBench({ install: true }, nothing, { newKey: factoryKey.slice() });
    expect((await bench.end(pair(bench.order))).error?.code).toBe("bad-input");
    expect(bench.sent).toEqual([]);
  });
});

describe("from KEYSET on", () => {
  const rows: {
    name: string;
    sim: Partial<SimSr01Options>;
    works: "new" | "old" | null;
    code: string | null;
    /** Most KEYSET frames with the key in them, repeats of one and the same included. */
    keysets: number;
    challenges: number;
  }[] = [
    {
      name: "acknowledged in clear (HID)",
      sim: { faults: { keysetAckPlain: true } },
      works: "new",
      code: null,
      keysets: 1,
      challenges: 2,
    },
    {
      name: "the session ends with the ACK (libosdp)",
      sim: { faults: { keysetEndsSession: true } },
      works: "new",
      code: null,
      keysets: 1,
      challenges: 2,
    },
    {
      name: "stored and never acknowledged: the new key is tried and works",
      sim: { faults: { keysetStoresThenNoAck: true } },
      works: "new",
      code: null,
      keysets: 6,
      challenges: 2,
    },
    {
      name: "acknowledged, and the factory key stays: bounded",
      sim: { faults: { keysetAckThenKeepsOldKey: true } },
      works: "old",
      code: "not-verified",
      keysets: 1,
      challenges: 3,
    },
    {
      name: "refused (NAK 09)",
      sim: { storeKey: () => Promise.reject(new Error("flash worn out")) },
      works: "old",
      code: "device-refused",
      keysets: 1,
      challenges: 3,
    },
    {
      name: "not implemented (NAK 03)",
      sim: { faults: { nakNext: { code: 3, count: 1, command: 0x75 } } },
      works: "old",
      code: "device-refused",
      keysets: 1,
      challenges: 3,
    },
  ];
  test.each(rows)("$name", async ({ sim, works, code, keysets, challenges }) => {
    const bench = makeBench({ install: true, ...sim });
    const { value } = await bench.end(pair(bench.order));
    expect(value).toMatchObject({ keySent: true, works });
    expect(value?.error?.code ?? null).toBe(code);
    expect(bench.keysets().length).toBeLessThanOrEqual(keysets);
    expect(bench.challenges()).toBe(challenges);
    // One and the same frame: the key went out under one MAC only.
    expect(new Set(bench.keysets().map(({ bytes }) => toHex(bytes))).size).toBe(1);
  });

  /** What the line does from the first KEYSET on, and for how long. */
  const cuts: {
    name: string;
    onKeyset: (bench: ReturnType<typeof makeBench>) => void;
    works: string | null;
    code: string | null;
  }[] = [
    {
      name: "KEYSET lost for good: the old key works",
      onKeyset: ({ line, clock }) => {
        line.cut(true);
        clock.after(4000, () => {
          line.cut(false);
        });
      },
      works: "old",
      code: "device-timeout",
    },
    {
      name: "ACK lost, line back: the repeat is answered",
      onKeyset: ({ line, clock }) => {
        line.cutAfter("a", 48);
        clock.after(300, () => {
          line.cut(false);
        });
      },
      works: "new",
      code: null,
    },
    {
      name: "ACK lost and the line away for long: the new key is tried first",
      onKeyset: ({ line, clock }) => {
        line.cutAfter("a", 48);
        clock.after(5000, () => {
          line.cut(false);
        });
      },
      works: "new",
      code: null,
    },
    {
      name: "the line stays cut: both must be tried",
      onKeyset: ({ line }) => {
        line.cut(true);
      },
      works: null,
      code: "device-timeout",
    },
    {
      name: "the adapter is pulled: both must be tried",
      onKeyset: ({ line }) => {
        line.a.hangUp();
      },
      works: null,
      code: "link-lost",
    },
    {
      name: "the unit restarts under KEYSET",
      onKeyset: ({ sim, clock }) => {
        sim.unplug();
        clock.after(1500, () => {
          sim.plugIn();
        });
      },
      works: "old",
      code: "protocol",
    },
  ];
  test.each(cuts)("$name", async ({ onKeyset, works, code }) => {
    const bench = makeBench({ install: true });
    let first = true;
    bench.bus.wire.onTrace(({ direction, bytes }) => {
      if (direction !== "sent" || !first || decodeFrame(bytes.slice(1))?.code !== KEYSET.code) return;
      first = false;
      onKeyset(bench);
    });
    const { value } = await bench.end(pair(bench.order));
    expect(first).toBe(false);
    expect(value).toMatchObject({ works });
    expect(value?.error?.code ?? null).toBe(code);
    if (works === null) expect(value?.error?.message).toContain("both");
    expect(bench.challenges()).toBeLessThanOrEqual(6);
    // What it says is so: that key opens a session afterwards.
    const key = works === "new" ? newKey : factoryKey.slice();
    if (works !== null) {
      bench.device.useKey({ kind: works === "new" ? "scbk" : "scbk-d", key, randomBytes: bench.order.randomBytes });
      expect((await bench.clock.run(outcome(bench.device.start()))).error).toBeNull();
    }
  });

  test("another unit in its place gets no key and proves nothing", async () => {
    const bench = makeBench({ install: true, faults: { otherSerialAfterReboot: "0a0b0c0d" } }, nothing, {
      keep: async () => {
        bench.sim.unplug();
        bench.sim.plugIn();
        // So long that the session is over and the device is asked anew who it is.
        bench.device.forget();
      },
    });
    const { value } = await bench.end(pair(bench.order));
    expect(value).toMatchObject({ keySent: false, works: "old", error: { code: "not-verified" } });
    expect(bench.keysets()).toEqual([]);
  });
});

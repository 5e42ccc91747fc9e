import { describe, expect, test } from "vitest";
import { toHex } from "../../src-main/lib/bytes.ts";
import { CAP, FILETRANSFER, ID, KEYSET, MFG, OSTAT, OUT, POLL } from "../../src-main/osdp/commands.ts";
import { FTSTAT, PDCAP } from "../../src-main/osdp/replies.ts";
import { factoryKey } from "../../src-main/osdp/secure-channel.ts";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import type { SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { makeBench } from "./sr01-panel.ts";
import { makeSecureBench, nextKey, ownKey, type SecureBench } from "./sr01-secure-panel.ts";

const pulse = { orders: [{ output: 0, code: 5, timer: 1 }] };
const newKey = { type: 1, key: nextKey };
const id = (p: SecureBench) => p.send(ID, { type: 0 }, { clear: true, sequence: 0 });
const out = (p: SecureBench) => p.send(OUT, pulse);
const poll = (p: SecureBench) => p.send(POLL, {});
const keyset = (p: SecureBench) => p.send(KEYSET, newKey);
const proven = async (p: SecureBench, key: Uint8Array) => (await p.open(key)).join(" ");

interface Row {
  name: string;
  faults: Sr01Faults;
  /** From a standing session unless `from` says otherwise. */
  from?: "nothing";
  play: ((p: SecureBench) => Promise<string>)[];
  answers: string[];
  moves?: number;
}

const rows: Row[] = [
  {
    name: "wrongCryptogram",
    faults: { wrongCryptogram: true },
    from: "nothing",
    play: [
      (p) => p.challenge(1),
      (p) => Promise.resolve(toHex(p.heard()[0]?.frame.data.slice(16, 20) ?? new Uint8Array(0))),
    ],
    // 7deee447 by the book.
    answers: ["CCRYPT", "28bbb112"],
  },
  {
    name: "rmacStatusFF",
    faults: { rmacStatusFF: true },
    from: "nothing",
    play: [(p) => proven(p, ownKey)],
    answers: ["CCRYPT RMAC_I FF"],
  },
  {
    name: "refusesChallenge",
    faults: { refusesChallenge: { nak: 6 } },
    from: "nothing",
    play: [(p) => p.challenge(1), id],
    answers: ["NAK 6 clear", "PDID clear"],
  },
  {
    name: "nakNext for SCRYPT: NAK 05, as libosdp PDs answer a wrong cryptogram",
    faults: { nakNext: { code: 5, count: 1, command: 0x77 } },
    from: "nothing",
    play: [(p) => proven(p, ownKey), (p) => proven(p, ownKey)],
    answers: ["CCRYPT NAK 5 clear", "CCRYPT RMAC_I"],
  },
  { name: "wrongMac", faults: { wrongMac: 1 }, play: [out], answers: ["ACK?"], moves: 1 },
  {
    name: "plainNak06",
    faults: { plainNak06: 1 },
    play: [out, out],
    answers: ["NAK 6 clear", "NAK 6 clear"],
    moves: 0,
  },
  {
    name: "forgetsSession",
    faults: { forgetsSession: 1 },
    play: [out, (p) => proven(p, ownKey)],
    answers: ["NAK 6 clear", "CCRYPT RMAC_I"],
    moves: 0,
  },
  {
    name: "busyInSession",
    faults: { busyInSession: 1 },
    play: [out, (p) => p.again()],
    answers: ["BUSY clear", "ACK"],
    moves: 1,
  },
  {
    name: "keysetAckThenKeepsOldKey",
    faults: { keysetAckThenKeepsOldKey: true },
    play: [keyset, (p) => proven(p, nextKey), (p) => proven(p, ownKey)],
    answers: ["ACK", "CCRYPT RMAC_I FF", "CCRYPT RMAC_I"],
  },
  {
    name: "keysetAckPlain (HID)",
    faults: { keysetAckPlain: true },
    play: [keyset, poll, (p) => proven(p, nextKey)],
    answers: ["ACK clear", "NAK 6 clear", "CCRYPT RMAC_I"],
  },
  {
    name: "keysetEndsSession (libosdp)",
    faults: { keysetEndsSession: true },
    play: [keyset, poll, (p) => proven(p, nextKey)],
    answers: ["ACK", "NAK 6 clear", "CCRYPT RMAC_I"],
  },
  {
    name: "keysetStoresThenNoAck",
    faults: { keysetStoresThenNoAck: true },
    play: [keyset, (p) => proven(p, ownKey), (p) => proven(p, nextKey)],
    answers: ["silence", "CCRYPT RMAC_I FF", "CCRYPT RMAC_I"],
  },
  {
    name: "xstatInClearBlock15 (libosdp)",
    faults: { xstatInClearBlock15: true },
    play: [
      (p) => p.send(OSTAT, {}),
      (p) => Promise.resolve(toHex(p.heard()[0]?.frame.scb ?? new Uint8Array(0))),
      (p) => p.send(OSTAT, {}),
      poll,
    ],
    answers: ["OSTATR", "0215", "OSTATR", "ACK"],
  },
  {
    name: "nak04OwnNumber (libosdp)",
    faults: { nak04OwnNumber: true },
    play: [(p) => p.send(OSTAT, {}, { sequence: 1 }), (p) => Promise.resolve(String(p.heard()[0]?.frame.sequence))],
    answers: ["NAK 4", "2"],
  },
  {
    name: "dropsScOnBadCrc (libosdp)",
    faults: { dropsScOnBadCrc: true },
    play: [
      (p) => p.send(OUT, pulse, { spoil: (bytes) => bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) }),
      (p) => p.send(OUT, pulse, { sequence: 2 }),
    ],
    answers: ["silence", "NAK 6 clear"],
    moves: 0,
  },
  {
    name: "losesKeyAtReboot",
    faults: { losesKeyAtReboot: true },
    play: [
      (p) => {
        p.sim.unplug();
        p.sim.plugIn();
        return proven(p, ownKey);
      },
      async (p) => (await p.openInstall()).join(" "),
    ],
    answers: ["NAK 5 clear NAK 5 clear", "CCRYPT RMAC_I"],
  },
  {
    name: "replyWithChecksum, MAC and all",
    faults: { replyWithChecksum: true },
    play: [out, (p) => Promise.resolve(p.heard()[0]?.frame.check ?? "none"), poll],
    answers: ["ACK", "checksum", "OSTATR"],
  },
];

describe("what a secured unit does wrong, as data", () => {
  test.each(rows)("$name", async ({ faults, from, play, answers, moves }) => {
    const p = makeSecureBench();
    if (from !== "nothing") expect(await p.open()).toEqual(["CCRYPT", "RMAC_I"]);
    p.sim.setFaults(faults);
    const seen: string[] = [];
    for (const step of play) seen.push(await step(p));
    expect(seen).toEqual(answers);
    if (moves !== undefined) expect(p.sim.state().counts.moves).toBe(moves);
  });

  test.each([
    [9600, 250, "silence"],
    [9600, 180, "NAK 9"],
    [38_400, 250, "NAK 9"],
  ])("silentOver200msFrames (libosdp) at %i bit/s, %i bytes: %s", async (baud, bytes, answer) => {
    const bench = makeBench({ faults: { silentOver200msFrames: true } }, { baud });
    await bench.start();
    expect(await bench.ask(MFG, { vendor: "000001", data: new Uint8Array(bytes - 11) })).toBe(answer);
    expect(await bench.start()).toBe("PDID");
  });
});

describe("what it says of its keys", () => {
  const capability = async (options: Partial<SimSr01Options>) => {
    const bench = makeBench(options);
    await bench.start();
    const [caps] = await bench.send(CAP, { type: 0 });
    const row = PDCAP.decode(caps?.data ?? new Uint8Array(0)).capabilities.find((one) => one.function === 9);
    return [row?.compliance, row?.count, bench.sim.state().secure];
  };
  test.each([
    ["no key, not installed", {}, [0, 0, "none"]],
    ["own key", { key: ownKey }, [1, 0, "scbk"]],
    ["install", { install: true }, [1, 1, "scbk-d"]],
    ["install, whatever its key was", { install: true, key: ownKey }, [1, 1, "scbk-d"]],
  ] as const)("%s", async (_, options, wanted) => {
    expect(await capability(options as Partial<SimSr01Options>)).toEqual(wanted);
  });

  test("without a key and --install everything goes in clear, CHLNG is NAK 05", async () => {
    const bench = makeBench();
    await bench.start();
    expect(await bench.ask(OUT, pulse)).toBe("ACK");
    const p = makeSecureBench({ install: false });
    expect(await p.challenge(1)).toBe("CCRYPT");
    const none = makeSecureBench();
    none.sim.resetKey();
    expect(await none.challenge(0)).toBe("CCRYPT");
  });

  test("pairing: factory key, KEYSET, own key; a local reset brings the factory key back; events show no key", async () => {
    const stored: string[] = [];
    const storeKey = (key: Uint8Array): Promise<void> => {
      stored.push(toHex(key));
      return Promise.resolve();
    };
    const p = makeSecureBench({ install: true, storeKey });
    expect(await p.openInstall()).toEqual(["CCRYPT", "RMAC_I"]);
    expect(await keyset(p)).toBe("ACK");
    expect([stored, p.sim.state().secure]).toEqual([[toHex(nextKey)], "scbk"]);
    expect(await proven(p, nextKey)).toBe("CCRYPT RMAC_I");
    expect(await p.challenge(0)).toBe("NAK 5 clear");
    p.sim.resetKey();
    expect(await p.openInstall()).toEqual(["CCRYPT", "RMAC_I"]);
    const told = p.events.filter(({ event }) => ["session", "keyset", "key-reset"].includes(event));
    expect(told).toEqual([
      { event: "session", key: "scbk-d" },
      { event: "keyset" },
      { event: "session", key: "scbk" },
      { event: "key-reset" },
      { event: "session", key: "scbk-d" },
    ]);
    const everything = JSON.stringify([p.events, p.sim.state()]);
    for (const key of [nextKey, factoryKey as Uint8Array]) expect(everything).not.toContain(toHex(key));
  });
});

test("FTSTAT: others may be interleaved (bit 0), and bit 2 while a report waits", async () => {
  const p = makeSecureBench();
  await p.open();
  const actions: number[] = [];
  for (const offset of [0, 10, 20]) {
    if (offset === 10) p.sim.exitButton(true);
    const words = await p.send(FILETRANSFER, { type: 1, total: 100, offset, fragment: new Uint8Array(10) });
    expect(words).toBe("FTSTAT");
    actions.push(FTSTAT.decode(p.plain()).action);
    if (offset === 10) expect(await poll(p)).toBe("ISTATR");
  }
  expect(actions).toEqual([1, 5, 1]);
});

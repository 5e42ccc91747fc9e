import { describe, expect, test } from "vitest";
import { concatBytes, fromHex } from "../../src-main/lib/bytes.ts";
import { ACURXSIZE, CAP, CHLNG, COMSET, ID, KEYSET, MFG, OSTAT, OUT, POLL } from "../../src-main/osdp/commands.ts";
import { withMark, type Frame } from "../../src-main/osdp/frame.ts";
import { factoryKey } from "../../src-main/osdp/secure-channel.ts";
import type { SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { makeSecureBench, nextKey, ownKey, randomA, type SecureBench } from "./sr01-secure-panel.ts";

const pulse = { orders: [{ output: 0, code: 5, timer: 1 }] };
const newKey = { type: 1, key: nextKey };
const scb = (...bytes: number[]) => Uint8Array.from(bytes);
const wrongMac = (frame: Frame): Frame => ({ ...frame, mac: (frame.mac ?? scb()).map((byte) => byte ^ 1) });
const lastBit = (bytes: Uint8Array) => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
const long = { vendor: "0c1105", data: new Uint8Array(200) };

interface Row {
  /** What the panel, or the line on its way, does. */
  name: string;
  /** Before: a session unless told otherwise. */
  before?: "session" | "nothing" | "factory session";
  unit?: Partial<SimSr01Options>;
  play: ((p: SecureBench) => Promise<string> | string)[];
  /** What the unit answers, step by step. `clear`: without block and MAC. */
  answers: string[];
  /** How often the lock moved, and what the unit counted since the start. */
  moves?: number;
  counts?: Partial<{ commands: number; repeats: number; refused: number }>;
  session?: "scbk" | "scbk-d" | null;
}

const poll = (p: SecureBench) => p.send(POLL, {});
const out = (p: SecureBench) => p.send(OUT, pulse);
const again = (p: SecureBench) => p.again();
const id = (p: SecureBench) => p.send(ID, { type: 0 }, { clear: true, sequence: 0 });
const gone = ["NAK 6 clear", "NAK 6 clear"];

const lineRows: Row[] = [
  { name: "nothing wrong", play: [poll, out, poll], answers: ["ACK", "ACK", "OSTATR"], moves: 1 },
  {
    name: "a lost command: its repeat is the first that is heard",
    play: [(p) => (p.build(OUT, pulse), "lost"), (p) => p.send(OUT, pulse, { sequence: 2 })],
    answers: ["lost", "ACK"],
    moves: 1,
  },
  {
    name: "a doubled command: the stored reply, nothing twice, the chain stays",
    play: [out, again, again, poll],
    answers: ["ACK", "ACK", "ACK", "OSTATR"],
    moves: 1,
    counts: { commands: 4, repeats: 2, refused: 0 },
  },
  {
    name: "a command cut short, then its repeat",
    play: [
      (p) => p.send(OUT, pulse, { spoil: (bytes) => bytes.slice(0, 12) }),
      (p) => p.send(OUT, pulse, { sequence: 2 }),
    ],
    answers: ["silence", "ACK"],
    moves: 1,
    session: "scbk",
  },
  {
    name: "a bad CRC keeps the session (libosdp PDs drop it)",
    play: [(p) => p.send(OUT, pulse, { spoil: lastBit }), (p) => p.send(OUT, pulse, { sequence: 2 }), poll],
    answers: ["silence", "ACK", "OSTATR"],
    moves: 1,
    counts: { refused: 0 },
  },
  {
    name: "a damaged length, then a pause, then the repeat",
    play: [
      (p) => p.send(OUT, pulse, { spoil: (bytes) => bytes.map((byte, at) => (at === 3 ? 5 : byte)) }),
      (p) => p.send(OUT, pulse, { sequence: 2 }),
    ],
    answers: ["silence", "ACK"],
    moves: 1,
  },
  {
    name: "another unit's command",
    play: [(p) => p.send(OUT, pulse, { address: 5 }), (p) => p.send(OUT, pulse, { sequence: 2 })],
    answers: ["silence", "ACK"],
    moves: 1,
  },
  {
    name: "another unit's reply",
    play: [(p) => p.raw(fromHex("53820e000e021640fc2dd3d66371")), poll],
    answers: ["silence", "ACK"],
    counts: { refused: 0 },
  },
  {
    name: "rubbish with a start byte in front",
    play: [(p) => p.send(POLL, {}, { spoil: (bytes) => concatBytes(fromHex("0053ff"), bytes) }), poll],
    answers: ["ACK", "ACK"],
  },
  {
    name: "two marks (seen with readers), then none (seen with libosdp)",
    play: [
      (p) => p.send(POLL, {}, { spoil: withMark }),
      async (p) => {
        await p.clock.run(p.line.a.write(p.build(POLL, {})));
        await p.clock.advance(20);
        return p.words(
          p
            .heard()
            .map(({ frame }) => frame)
            .slice(-1),
        );
      },
    ],
    answers: ["ACK", "ACK"],
  },
];

const chainRows: Row[] = [
  {
    name: "a wrong MAC: not executed, session gone",
    play: [(p) => p.send(OUT, pulse, { edit: wrongMac }), poll],
    answers: gone,
    moves: 0,
    session: null,
  },
  {
    name: "a wrong MAC, repeated: the stored refusal",
    play: [(p) => p.send(OUT, pulse, { edit: wrongMac }), again],
    answers: gone,
    counts: { refused: 1, repeats: 1 },
  },
  {
    name: "one bit of the encrypted data turned, with a good CRC",
    play: [
      (p) =>
        p.send(OUT, pulse, {
          edit: (frame) => ({ ...frame, data: frame.data.map((b, at) => (at === 3 ? b ^ 4 : b)) }),
        }),
      poll,
    ],
    answers: gone,
    moves: 0,
  },
  {
    name: "an old OUT played again three exchanges later, its number the next one",
    play: [
      async (p) => {
        const old = p.build(OUT, pulse);
        const first = await p.raw(old);
        await poll(p);
        await poll(p);
        return `${first}, ${await p.raw(old)}`;
      },
    ],
    answers: ["ACK, NAK 6 clear"],
    moves: 1,
    session: null,
  },
  {
    name: "a wrong number with a good MAC: refused so that the panel can verify it",
    play: [(p) => p.send(OUT, pulse, { sequence: 1 }), (p) => p.send(OUT, pulse, { sequence: 3 })],
    answers: ["NAK 4", "NAK 4"],
    moves: 0,
    session: "scbk",
  },
  {
    name: "a wrong number and a wrong MAC",
    play: [(p) => p.send(OUT, pulse, { sequence: 1, edit: wrongMac }), poll],
    answers: gone,
    moves: 0,
  },
  {
    name: "the same number with another command",
    play: [out, (p) => p.send(MFG, long, { sequence: 2 })],
    answers: ["ACK", "NAK 4"],
    moves: 1,
  },
  {
    name: "OUT in clear",
    play: [(p) => p.send(OUT, pulse, { clear: true }), poll],
    answers: gone,
    moves: 0,
    session: null,
  },
  {
    name: "ID in clear with a running number",
    play: [(p) => p.send(ID, { type: 0 }, { clear: true }), poll],
    answers: gone,
  },
  {
    name: "number 0 in the middle, in clear: the start of something new",
    play: [id, (p) => p.send(POLL, {}, { sequence: 1 })],
    answers: ["PDID clear", "NAK 6 clear"],
    session: null,
  },
  {
    name: "number 0 in the middle, sealed",
    play: [(p) => p.send(OUT, pulse, { sequence: 0 })],
    answers: ["NAK 6 clear"],
    moves: 0,
  },
  {
    name: "silence for 8 s",
    play: [async (p) => (await p.clock.advance(8001), "8 s"), (p) => p.send(OUT, pulse)],
    answers: ["8 s", "NAK 6 clear"],
    moves: 0,
    session: null,
  },
  {
    name: "the unit restarts, the panel goes on",
    play: [(p) => (p.sim.unplug(), p.sim.plugIn(), "restart"), out],
    answers: ["restart", "NAK 6 clear"],
    moves: 0,
  },
  {
    name: "a padding that cannot be, under a good MAC",
    play: [
      (p) =>
        // The MAC is good, what comes out of the decryption is noise.
        p.sealedAs(OUT, 0x17, new Uint8Array(16)),
    ],
    answers: ["NAK 6 clear"],
    moves: 0,
  },
];

const blockRows: Row[] = [
  {
    name: "block 17 without data (some panels; libosdp PDs drop the session)",
    play: [(p) => p.sealedAs(POLL, 0x17), poll],
    answers: ["ACK", "ACK"],
  },
  {
    name: "block 15 with data in clear under a good MAC",
    play: [(p) => p.sealedAs(OUT, 0x15, OUT.encode(pulse)), poll],
    answers: gone,
    moves: 0,
  },
  { name: "a reply's block 16 on a command", play: [(p) => p.sealedAs(POLL, 0x16)], answers: ["NAK 6 clear"] },
  {
    name: "an unknown block",
    play: [(p) => p.send(POLL, {}, { scb: scb(2, 0x19) }), poll],
    answers: ["NAK 5 clear", "NAK 6 clear"],
  },
  {
    name: "checksums in a session are answered with checksums",
    play: [
      (p) => p.send(OUT, pulse, { check: "checksum" }),
      (p) => p.heard()[0]?.frame.check ?? "none",
      (p) => p.send(POLL, {}, { check: "checksum" }),
    ],
    answers: ["ACK", "checksum", "OSTATR"],
    moves: 1,
  },
  {
    name: "the broadcast address in a session",
    play: [(p) => p.send(OSTAT, {}, { address: 0x7f }), (p) => String(p.heard()[0]?.frame.address), poll],
    answers: ["OSTATR", "127", "ACK"],
  },
  {
    name: "a frame longer than it takes",
    unit: { receiveSize: 128 },
    play: [(p) => p.send(MFG, long), poll],
    answers: ["NAK 2", "ACK"],
  },
  { name: "an unknown command", play: [(p) => p.send({ ...POLL, code: 0x99 }, {}), poll], answers: ["NAK 3", "ACK"] },
  { name: "ACURXSIZE below 128", play: [(p) => p.send(ACURXSIZE, { bytes: 100 }), poll], answers: ["NAK 9", "ACK"] },
];

const busyRows: Row[] = [
  {
    name: "after BUSY the number before, with a fresh MAC over the same ICV (libosdp)",
    unit: { faults: { busyInSession: 1 } },
    play: [out, (p) => p.send(OUT, pulse, { sequence: 1 }), (p) => p.send(POLL, {}, { sequence: 2 })],
    answers: ["BUSY clear", "ACK", "OSTATR"],
    moves: 1,
  },
  {
    name: "after BUSY the identical bytes (the book)",
    unit: { faults: { busyInSession: 2 } },
    play: [out, again, again, poll],
    answers: ["BUSY clear", "BUSY clear", "ACK", "OSTATR"],
    moves: 1,
  },
  {
    name: "after BUSY the next number",
    unit: { faults: { busyInSession: 1 } },
    play: [out, (p) => p.send(OUT, pulse, { sequence: 3 }), poll],
    answers: ["BUSY clear", "ACK", "OSTATR"],
    moves: 1,
  },
  {
    name: "after NAK 01 the identical bytes: not executed before, the chain untouched",
    unit: { faults: { nakNext: { code: 1, count: 1 } } },
    play: [out, again, poll],
    answers: ["NAK 1 clear", "ACK", "OSTATR"],
    moves: 1,
  },
  {
    name: "after NAK 01 checksums for good (libosdp)",
    unit: { faults: { nakNext: { code: 1, count: 1 } } },
    play: [
      out,
      (p) => p.send(OUT, pulse, { sequence: 2, check: "checksum" }),
      (p) => p.send(POLL, {}, { check: "checksum" }),
    ],
    answers: ["NAK 1 clear", "ACK", "OSTATR"],
    moves: 1,
  },
];

const handshakeRows: Row[] = [
  {
    name: "CHLNG again in the middle, with the running number: the old session is over",
    play: [(p) => p.challenge(1, { sequence: 2 }), (p) => p.send(POLL, {}, { sequence: 3 })],
    answers: ["CCRYPT", "NAK 6 clear"],
    session: null,
  },
  {
    name: "the whole handshake again in the middle",
    play: [(p) => p.challenge(1), (p) => p.prove(ownKey), out],
    answers: ["CCRYPT", "RMAC_I", "ACK"],
    moves: 1,
    session: "scbk",
  },
  {
    name: "SCRYPT without CHLNG",
    before: "nothing",
    play: [id, (p) => p.prove(ownKey)],
    answers: ["PDID clear", "NAK 5 clear"],
  },
  {
    name: "SCRYPT with a wrong key, then with the right one",
    before: "nothing",
    play: [(p) => p.challenge(1), (p) => p.prove(nextKey), (p) => p.prove(ownKey)],
    answers: ["CCRYPT", "RMAC_I FF", "NAK 5 clear"],
    session: null,
  },
  {
    name: "SCRYPT doubled: the stored RMAC_I, the session stands",
    before: "nothing",
    play: [(p) => p.challenge(1), (p) => p.prove(ownKey), again, out],
    answers: ["CCRYPT", "RMAC_I", "RMAC_I", "ACK"],
    moves: 1,
  },
  {
    name: "CHLNG doubled: number 0 is new, and so is RND.B; the second counts",
    before: "nothing",
    play: [(p) => p.challenge(1), again, (p) => p.prove(ownKey)],
    answers: ["CCRYPT", "CCRYPT", "RMAC_I"],
    session: "scbk",
  },
  {
    name: "a wrong number between CHLNG and SCRYPT",
    before: "nothing",
    play: [
      (p) => p.challenge(1),
      (p) => p.send(ID, { type: 0 }, { sequence: 3 }),
      (p) => p.prove(ownKey, { sequence: 1 }),
    ],
    answers: ["CCRYPT", "NAK 4 clear", "RMAC_I"],
    session: "scbk",
  },
  {
    name: "CHLNG without its block",
    before: "nothing",
    play: [(p) => p.send(CHLNG, { random: randomA }, { sequence: 0 })],
    answers: ["NAK 5 clear"],
  },
  {
    name: "CHLNG with seven bytes",
    before: "nothing",
    play: [(p) => p.send(CHLNG, { random: randomA.slice(1) }, { sequence: 0, scb: scb(3, 0x11, 1) })],
    answers: ["NAK 2 clear"],
  },
  {
    name: "CHLNG with the factory key's selector to a keyed unit",
    before: "nothing",
    play: [(p) => p.challenge(0)],
    answers: ["NAK 5 clear"],
  },
  {
    name: "CHLNG with a selector that is none",
    before: "nothing",
    play: [(p) => p.challenge(2)],
    answers: ["NAK 5 clear"],
  },
  {
    name: "own key refused in install mode, factory key tried with number 1 (libosdp)",
    before: "nothing",
    unit: { install: true },
    play: [
      (p) => p.challenge(1),
      (p) => p.challenge(0, { sequence: 1 }),
      (p) => p.prove(factoryKey as Uint8Array),
      (p) => p.send(KEYSET, newKey),
    ],
    answers: ["NAK 5 clear", "CCRYPT", "RMAC_I", "ACK"],
    session: "scbk-d",
  },
  {
    name: "a handshake with checksums",
    before: "nothing",
    play: [(p) => p.challenge(1, { check: "checksum" }), (p) => p.prove(ownKey, { check: "checksum" }), out],
    answers: ["CCRYPT", "RMAC_I", "ACK"],
    moves: 1,
  },
];

const keyRows: Row[] = [
  {
    name: "what a keyed unit says in clear",
    before: "nothing",
    play: [
      id,
      (p) => p.send(CAP, { type: 0 }),
      poll,
      out,
      (p) => p.send(COMSET, { address: 1, baud: 9600 }),
      (p) => p.send(KEYSET, newKey),
      (p) => p.send({ ...POLL, code: 0x99 }, {}),
    ],
    answers: ["PDID clear", "PDCAP clear", ...Array<string>(5).fill("NAK 6 clear")],
    moves: 0,
    counts: { commands: 2, refused: 5 },
  },
  {
    name: "KEYSET in clear in install mode; the rest goes",
    before: "nothing",
    unit: { install: true },
    play: [id, (p) => p.send(KEYSET, newKey), out],
    answers: ["PDID clear", "NAK 6 clear", "ACK clear"],
    moves: 1,
  },
  {
    name: "KEYSET of another type",
    play: [
      (p) => p.send(KEYSET, { type: 2, key: new Uint8Array(32) }),
      (p) => p.send(KEYSET, { type: 1, key: new Uint8Array(15) }),
      poll,
    ],
    answers: ["NAK 9", "NAK 9", "ACK"],
  },
  {
    name: "KEYSET shorter than it says",
    play: [(p) => p.send({ ...KEYSET, encode: () => fromHex("0110aabb") }, newKey), poll],
    answers: ["NAK 2", "ACK"],
  },
  {
    name: "KEYSET with the factory key",
    play: [(p) => p.send(KEYSET, { type: 1, key: factoryKey as Uint8Array })],
    answers: ["NAK 9"],
  },
  {
    name: "KEYSET, the session goes on, then the new key; the old one is dead",
    play: [
      (p) => p.send(KEYSET, newKey),
      out,
      (p) => p.challenge(1),
      (p) => p.prove(ownKey),
      (p) => p.challenge(1),
      (p) => p.prove(nextKey),
      poll,
    ],
    answers: ["ACK", "ACK", "CCRYPT", "RMAC_I FF", "CCRYPT", "RMAC_I", "OSTATR"],
    moves: 1,
  },
  {
    name: "KEYSET doubled: stored once",
    play: [(p) => p.send(KEYSET, newKey), again],
    answers: ["ACK", "ACK"],
    counts: { commands: 3, repeats: 1 },
  },
  {
    name: "after KEYSET the factory key is refused",
    before: "factory session",
    unit: { install: true },
    play: [(p) => p.send(KEYSET, newKey), (p) => p.challenge(0), (p) => p.challenge(1), (p) => p.prove(nextKey)],
    answers: ["ACK", "NAK 5 clear", "CCRYPT", "RMAC_I"],
    session: "scbk",
  },
  {
    name: "COMSET in a session: COM sealed, and the session is over",
    play: [(p) => p.send(COMSET, { address: 3, baud: 115_200 }), async (p) => (await p.clock.advance(5), "5 ms"), poll],
    answers: ["COM", "5 ms", "NAK 6 clear"],
    session: null,
  },
];

describe.each([
  ["the line", lineRows],
  ["MACs, numbers, clear text", chainRows],
  ["blocks and kinds of check", blockRows],
  ["BUSY and NAK 01", busyRows],
  ["handshakes", handshakeRows],
  ["keys", keyRows],
])("what a panel does wrong: %s", (_, rows) => {
  test.each(rows)("$name", async ({ before = "session", unit = {}, play, answers, moves, counts, session }) => {
    const p = makeSecureBench(unit);
    if (before !== "nothing")
      expect(await (before === "session" ? p.open() : p.openInstall())).toEqual(["CCRYPT", "RMAC_I"]);
    const seen: string[] = [];
    for (const step of play) seen.push(await step(p));
    expect(seen).toEqual(answers);
    const state = p.sim.state();
    if (moves !== undefined) expect(state.counts.moves).toBe(moves);
    if (counts) expect(state.counts).toMatchObject(counts);
    if (session !== undefined) expect(state.session).toBe(session);
    p.sim.close();
  });
});

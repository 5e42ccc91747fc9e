import { describe, expect, test } from "vitest";
import { toHex } from "../../src-main/lib/bytes.ts";
import { ID, OSTAT, OUT } from "../../src-main/osdp/commands.ts";
import { checkIsGood } from "../../src-main/osdp/frame.ts";
import { faultsSchema, type Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { makeBench } from "./sr01-panel.ts";

type Bench = ReturnType<typeof makeBench>;

/** After the start OUT (a pulse) is sent, then the same bytes again so often; the answers, and how often the lock moved. */
const rows: { name: string; faults: Sr01Faults; answers: string[]; moves: number }[] = [
  { name: "none", faults: {}, answers: ["ACK", "ACK"], moves: 1 },
  { name: "a lost reply", faults: { dropReplies: 1 }, answers: ["silence", "ACK"], moves: 1 },
  {
    name: "three lost replies",
    faults: { dropReplies: 3 },
    answers: ["silence", "silence", "silence", "ACK"],
    moves: 1,
  },
  {
    name: "every second reply lost",
    faults: { dropEvery: 2 },
    answers: ["silence", "ACK", "silence", "ACK"],
    moves: 1,
  },
  { name: "the ACK of an OUT lost", faults: { loseAckAfterOut: 1 }, answers: ["silence", "ACK"], moves: 1 },
  { name: "a damaged reply", faults: { damageReplies: 1 }, answers: ["silence", "ACK"], moves: 1 },
  { name: "half a reply", faults: { cutReplies: 1 }, answers: ["silence", "ACK"], moves: 1 },
  { name: "busy twice", faults: { busyReplies: 2 }, answers: ["BUSY", "BUSY", "ACK", "ACK"], moves: 1 },
  { name: "refused once, for good", faults: { nakNext: { code: 9, count: 1 } }, answers: ["NAK 9", "NAK 9"], moves: 0 },
  { name: "deaf twice", faults: { ignoreCommands: 2 }, answers: ["silence", "silence", "ACK"], moves: 1 },
  {
    name: "refusing another command only",
    faults: { nakNext: { code: 6, count: 1, command: 0x66 } },
    answers: ["ACK"],
    moves: 1,
  },
];

describe("faults as data", () => {
  test.each(rows)("$name", async ({ faults, answers, moves }) => {
    const bench = makeBench();
    await bench.start();
    bench.sim.setFaults(faults);
    const seen = [await bench.ask(OUT, { orders: [{ output: 0, code: 5, timer: 1 }] })];
    while (seen.length < answers.length) {
      await bench.clock.advance(200);
      seen.push(await bench.repeat());
    }
    expect(seen).toEqual(answers);
    expect(bench.sim.state().counts.moves).toBe(moves);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])("NAK %i", async (code) => {
    const bench = makeBench();
    await bench.start();
    bench.sim.setFaults({ nakNext: { code, count: 1 } });
    expect(await bench.ask(OSTAT, {})).toBe(`NAK ${String(code)}`);
    // NAK 01 says "not taken": the very same bytes are new. Any other counts as the reply.
    if (code === 1) expect(await bench.repeat()).toBe("OSTATR");
    expect(await bench.ask(OSTAT, {})).toBe("OSTATR");
  });
});

/** What the answer to the next ID looks like on the line. */
const shapes: { name: string; faults: Sr01Faults; look: (bench: Bench) => unknown; wanted: unknown }[] = [
  { name: "without mark", faults: { replyWithoutMark: true }, look: (bench) => bench.raw()[0], wanted: 0x53 },
  {
    name: "with a checksum",
    faults: { replyWithChecksum: true },
    look: (bench) => bench.heard()[0]?.frame.check,
    wanted: "checksum",
  },
  { name: "twice", faults: { doubleReplies: 1 }, look: (bench) => bench.heard().length, wanted: 2 },
  {
    name: "rubbish in front",
    faults: { rubbishBefore: 1 },
    look: (bench) => toHex(bench.raw().slice(0, 5)),
    wanted: "0053a5ff53",
  },
  {
    name: "another unit's in front",
    faults: { foreignBefore: 1 },
    look: (bench) => bench.heard().map(({ frame }) => frame.address),
    wanted: [1, 0],
  },
  {
    name: "a wrong number",
    faults: { wrongSequence: 1 },
    look: (bench) => bench.heard()[0]?.frame.sequence,
    wanted: 2,
  },
  {
    name: "one bit turned",
    faults: { damageReplies: 1 },
    look: (bench) => [bench.raw().length, checkIsGood(bench.raw().slice(1))],
    wanted: [21, false],
  },
  { name: "half of it", faults: { cutReplies: 1 }, look: (bench) => bench.raw().length, wanted: 11 },
];

describe("replies spoilt on their way", () => {
  test.each(shapes)("$name", async ({ faults, look, wanted }) => {
    const bench = makeBench({ faults });
    await bench.send(ID, { type: 0 }, { sequence: 0 }, 60);
    expect(look(bench)).toEqual(wanted);
    bench.sim.setFaults({});
    expect(await bench.start()).toBe("PDID");
    expect(toHex(bench.raw())).toBe("ff5380140004450c110501010403020101020369e2");
  });

  test("late: executed at once, answered later", async () => {
    const bench = makeBench({ faults: { delayReplyMs: 180 } });
    const times: number[] = [];
    bench.line.tap(({ from, atMs }) => {
      if (from === "b") times.push(atMs);
    });
    await bench.start();
    // 10 bytes there at 115200, then the delay, then 21 bytes back.
    expect(times.at(-1)).toBeCloseTo(180 + (31 * 10_000) / 115_200, 3);
  });

  test("the right number comes with the repeat of a wrong one", async () => {
    const bench = makeBench();
    await bench.start();
    bench.sim.setFaults({ wrongSequence: 1 });
    await bench.ask(OSTAT, {});
    expect(bench.heard()[0]?.frame.sequence).toBe(3);
    await bench.repeat();
    expect(bench.heard()[0]?.frame.sequence).toBe(1);
  });
});

describe("the record of faults", () => {
  test.each([
    ["an unknown name", { dropReplys: 1 }],
    ["a negative count", { dropReplies: -1 }],
    ["a fraction", { busyReplies: 0.5 }],
    ["a serial number that is none", { otherSerialAfterReboot: "12" }],
    ["a delay that FTSTAT cannot say", { ftDelayMs: 70_000 }],
  ])("%s is refused", (_, faults) => {
    expect(faultsSchema.safeParse(faults).success).toBe(false);
    expect(() => {
      makeBench().sim.setFaults(faults as Sr01Faults);
    }).toThrow();
  });
});

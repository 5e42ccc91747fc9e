import { describe, expect, test } from "vitest";
import { toHex } from "../../src-main/lib/bytes.ts";
import { OSTAT, OUT } from "../../src-main/osdp/commands.ts";
import type { DeviceTiming } from "../../src-main/osdp/device.ts";
import { ACK, BUSY, ISTATR, OSTATR } from "../../src-main/osdp/replies.ts";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { makeScripted, makeSim, nak, pulse, replyTo, type Script } from "./harness.ts";

/** After a healthy start one OUT is sent with the fault in force. `moves`: how often the lock moved. */
interface FaultRow {
  name: string;
  faults: Sr01Faults;
  /** Reply name or error code. */
  end: string;
  /** Frames sent, the first included. */
  sent: number;
  moves: number;
}

const rows: FaultRow[] = [
  { name: "healthy line", faults: {}, end: "ACK", sent: 1, moves: 1 },
  { name: "one lost reply", faults: { dropReplies: 1 }, end: "ACK", sent: 2, moves: 1 },
  { name: "five lost replies", faults: { dropReplies: 5 }, end: "ACK", sent: 6, moves: 1 },
  { name: "one command not heard", faults: { ignoreCommands: 1 }, end: "ACK", sent: 2, moves: 1 },
  { name: "a damaged reply", faults: { damageReplies: 1 }, end: "ACK", sent: 2, moves: 1 },
  { name: "three damaged replies", faults: { damageReplies: 3 }, end: "ACK", sent: 4, moves: 1 },
  { name: "half a reply", faults: { cutReplies: 1 }, end: "ACK", sent: 2, moves: 1 },
  { name: "a doubled reply", faults: { doubleReplies: 1 }, end: "ACK", sent: 1, moves: 1 },
  { name: "rubbish before the reply", faults: { rubbishBefore: 1 }, end: "ACK", sent: 1, moves: 1 },
  { name: "another unit's reply before ours", faults: { foreignBefore: 1 }, end: "ACK", sent: 1, moves: 1 },
  { name: "a reply without mark", faults: { replyWithoutMark: true }, end: "ACK", sent: 1, moves: 1 },
  { name: "a checksum reply to a CRC command", faults: { replyWithChecksum: true }, end: "ACK", sent: 1, moves: 1 },
  { name: "a slow reply within the limit", faults: { delayReplyMs: 150 }, end: "ACK", sent: 1, moves: 1 },
  { name: "a reply after the limit", faults: { delayReplyMs: 230 }, end: "ACK", sent: 2, moves: 1 },
  { name: "busy once", faults: { busyReplies: 1 }, end: "ACK", sent: 2, moves: 1 },
  { name: "busy ten times", faults: { busyReplies: 10 }, end: "ACK", sent: 11, moves: 1 },
  {
    name: "refused: not implemented",
    faults: { nakNext: { code: 3, count: 1 } },
    end: "device-refused",
    sent: 1,
    moves: 0,
  },
  {
    name: "refused: cannot process",
    faults: { nakNext: { code: 9, count: 1 } },
    end: "device-refused",
    sent: 1,
    moves: 0,
  },
  { name: "wants encryption", faults: { nakNext: { code: 6, count: 1 } }, end: "device-auth", sent: 1, moves: 0 },
];

describe("faults of the line and the unit", () => {
  test.each(rows)("$name", async ({ faults, end, sent, moves }) => {
    const bench = makeSim();
    await bench.clock.run(bench.device.start());
    bench.sim.setFaults(faults);
    bench.sent.length = 0;
    const { value, error } = await bench.end(bench.device.request(OUT, pulse));
    expect(value?.reply.name ?? error?.code).toBe(end);
    expect(bench.sent).toHaveLength(sent);
    // Whatever the fault: the identical bytes, never a new number.
    expect(new Set(bench.sent.map(({ bytes }) => toHex(bytes))).size).toBe(1);
    expect(bench.sim.state().counts.moves).toBe(moves);
    // The line is still usable afterwards.
    bench.sim.setFaults({});
    expect((await bench.end(bench.device.request(OSTAT, {}))).value?.reply.name).toBe("OSTATR");
  });
});

/** The script decides about the first request after the start; `next`: how a read right afterwards ends. */
const scripts: {
  name: string;
  script: Script;
  ask: "OUT" | "OSTAT";
  end: string;
  said: string[];
  maybeExecuted?: boolean;
  timing?: Partial<DeviceTiming>;
}[] = [
  {
    name: "sequence 0 that is not BUSY: a read is carried over the restart",
    script: (command, nth) =>
      command.code === OSTAT.code && nth === 1
        ? { bytes: replyTo(command, OSTATR.code, [0], { sequence: 0 }) }
        : undefined,
    ask: "OSTAT",
    end: "OSTATR",
    said: ["OSTAT 2", "ID 0", "CAP 1", "OSTAT 2"],
  },
  {
    name: "sequence 0 that is not BUSY: an order is not sent again",
    script: (command) =>
      command.code === OUT.code ? { bytes: replyTo(command, ACK.code, [], { sequence: 0 }) } : undefined,
    ask: "OUT",
    end: "protocol",
    said: ["OUT 2"],
    maybeExecuted: true,
  },
  {
    name: "NAK 04: a read is carried over",
    script: (command, nth) => (command.code === OSTAT.code && nth === 1 ? nak(command, 4) : undefined),
    ask: "OSTAT",
    end: "OSTATR",
    said: ["OSTAT 2", "ID 0", "CAP 1", "OSTAT 2"],
  },
  {
    name: "NAK 04 with the unit's own number, as libosdp says it",
    script: (command, nth) => (command.code === OSTAT.code && nth === 1 ? nak(command, 4, { sequence: 3 }) : undefined),
    ask: "OSTAT",
    end: "OSTATR",
    said: ["OSTAT 2", "ID 0", "CAP 1", "OSTAT 2"],
  },
  {
    name: "NAK 04: an order is not sent again",
    script: (command) => (command.code === OUT.code ? nak(command, 4) : undefined),
    ask: "OUT",
    end: "protocol",
    said: ["OUT 2"],
    maybeExecuted: true,
  },
  {
    name: "NAK 01: the identical bytes until they are understood",
    script: (command, nth) => (command.code === OUT.code && nth <= 2 ? nak(command, 1) : undefined),
    ask: "OUT",
    end: "ACK",
    said: ["OUT 2", "OUT 2", "OUT 2"],
  },
  {
    name: "NAK 01, then NAK 04: restart",
    script: (command, nth) => (command.code === OSTAT.code && nth <= 2 ? nak(command, nth === 1 ? 1 : 4) : undefined),
    ask: "OSTAT",
    end: "OSTATR",
    said: ["OSTAT 2", "OSTAT 2", "ID 0", "CAP 1", "OSTAT 2"],
  },
  {
    name: "NAK 01, then refused: nothing was done",
    script: (command, nth) => (command.code === OUT.code ? nak(command, nth === 1 ? 1 : 9) : undefined),
    ask: "OUT",
    end: "device-refused",
    said: ["OUT 2", "OUT 2"],
    maybeExecuted: false,
  },
  {
    name: "a lost reply, then refused: it may have been done by the first sending",
    script: (command, nth) => (command.code === OUT.code ? (nth === 1 ? null : nak(command, 6)) : undefined),
    ask: "OUT",
    end: "device-auth",
    said: ["OUT 2", "OUT 2"],
    maybeExecuted: true,
  },
  {
    name: "an endless wish for restarts is given up",
    script: (command) => (command.code === OSTAT.code ? nak(command, 4) : undefined),
    ask: "OSTAT",
    end: "protocol",
    said: [
      ...["OSTAT 2", "ID 0", "CAP 1"],
      ...["OSTAT 2", "ID 0", "CAP 1"],
      ...["OSTAT 2", "ID 0", "CAP 1"],
      ...["OSTAT 2"],
    ],
  },
  {
    name: "OUT answered OSTATR is as good as ACK",
    script: (command) => (command.code === OUT.code ? { bytes: replyTo(command, OSTATR.code, [1]) } : undefined),
    ask: "OUT",
    end: "OSTATR",
    said: ["OUT 2"],
  },
  {
    name: "a reply that does not fit the order: nobody knows what was done",
    script: (command) => (command.code === OUT.code ? { bytes: replyTo(command, ISTATR.code, [1]) } : undefined),
    ask: "OUT",
    end: "protocol",
    said: ["OUT 2"],
    maybeExecuted: true,
  },
  {
    name: "an ACK with data that it cannot have",
    script: (command) => (command.code === OUT.code ? { bytes: replyTo(command, ACK.code, [1, 2]) } : undefined),
    ask: "OUT",
    end: "protocol",
    said: ["OUT 2"],
    maybeExecuted: true,
  },
  {
    name: "busy for ever",
    script: (command) =>
      command.code === OUT.code ? { bytes: replyTo(command, BUSY.code, [], { sequence: 0 }) } : undefined,
    ask: "OUT",
    end: "device-timeout",
    said: Array.from({ length: 5 }, () => "OUT 2"),
    maybeExecuted: true,
    timing: { busyLimitMs: 450 },
  },
  {
    name: "a reply of another address only",
    script: (command) =>
      command.code === OSTAT.code ? { bytes: replyTo(command, OSTATR.code, [1], { address: 5 }) } : undefined,
    ask: "OSTAT",
    end: "device-timeout",
    said: Array.from({ length: 5 }, () => "OSTAT 2"),
    timing: { offlineMs: 1000 },
  },
  {
    name: "a wrong sequence number for ever",
    script: (command) =>
      command.code === OSTAT.code ? { bytes: replyTo(command, OSTATR.code, [1], { sequence: 3 }) } : undefined,
    ask: "OSTAT",
    end: "device-timeout",
    said: Array.from({ length: 5 }, () => "OSTAT 2"),
    timing: { offlineMs: 1000 },
  },
];

describe("a unit with a script", () => {
  test.each(scripts)("$name", async ({ script, ask, end, said, maybeExecuted, timing }) => {
    const bench = makeScripted(script, timing ? { deviceTiming: timing } : {});
    await bench.clock.run(bench.device.start());
    bench.sent.length = 0;
    const work = ask === "OUT" ? bench.device.request(OUT, pulse) : bench.device.request(OSTAT, {});
    const { value, error } = await bench.end(work);
    expect(value?.reply.name ?? error?.code).toBe(end);
    expect(bench.said()).toEqual(said);
    if (maybeExecuted !== undefined) expect(error?.data?.["maybeExecuted"] === true).toBe(maybeExecuted);
  });

  test("after a request that was given up the next one starts with sequence 0", async () => {
    const bench = makeScripted((command, nth) => (command.code === OSTAT.code && nth < 3 ? null : undefined));
    await bench.clock.run(bench.device.start());
    bench.sent.length = 0;
    const { error } = await bench.end(bench.device.request(OSTAT, {}, { maxAttempts: 2 }));
    expect(error?.code).toBe("device-timeout");
    await bench.clock.run(bench.device.request(OSTAT, {}));
    expect(bench.said()).toEqual(["OSTAT 2", "OSTAT 2", "ID 0", "CAP 1", "OSTAT 2"]);
  });

  test("sequence numbers run 0, 1, 2, 3, 1, 2, 3", async () => {
    const bench = makeScripted(() => undefined);
    for (let i = 0; i < 5; i++) await bench.clock.run(bench.device.request(OSTAT, {}));
    expect(bench.said()).toEqual(["ID 0", "CAP 1", "OSTAT 2", "OSTAT 3", "OSTAT 1", "OSTAT 2", "OSTAT 3"]);
  });
});

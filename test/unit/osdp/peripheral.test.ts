import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import { VirtualClock } from "../../../src-main/lib/virtual-clock.ts";
import {
  ABORT,
  ACURXSIZE,
  CAP,
  COMSET,
  commands,
  FILETRANSFER,
  ID,
  ISTAT,
  LSTAT,
  MFG,
  OSTAT,
  OUT,
  POLL,
  RSTAT,
  type FileFragment,
  type OutputOrder,
} from "../../../src-main/osdp/commands.ts";
import type { Command } from "../../../src-main/osdp/codec.ts";
import { checkIsGood, decodeFrame, encodeFrame, type Frame } from "../../../src-main/osdp/frame.ts";
import {
  acknowledged,
  refuse,
  replyWith,
  type PdAnswer,
  type PdApplication,
  type PdReply,
  type PdSecurity,
} from "../../../src-main/osdp/peripheral-answer.ts";
import type { PeripheralEvent, PeripheralOptions } from "../../../src-main/osdp/peripheral-options.ts";
import { Peripheral } from "../../../src-main/osdp/peripheral.ts";
import {
  COM,
  FTSTAT,
  ISTATR,
  LSTATR,
  MFGREP,
  OSTATR,
  PDCAP,
  PDID,
  replies,
  RSTATR,
} from "../../../src-main/osdp/replies.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function makePd(application: PdApplication, options: Partial<PeripheralOptions> = {}) {
  const clock = new VirtualClock(settle);
  const sent: Uint8Array[] = [];
  const events: PeripheralEvent[] = [];
  const pd = new Peripheral({
    clock,
    address: 0,
    application,
    send: (bytes) => {
      sent.push(bytes);
      return Promise.resolve();
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  /** What the PD answers to these bytes, in hex; an empty list is silence. */
  const ask = (bytes: Uint8Array): string[] => {
    const before = sent.length;
    pd.receive(bytes);
    return sent.slice(before).map(toHex);
  };
  return { clock, pd, sent, events, ask };
}

interface Wish {
  sequence?: number;
  address?: number;
  check?: "crc" | "checksum";
  data?: Uint8Array;
  scb?: Uint8Array | null;
}

/** A command's bytes. */
function command<T>(codec: Command<T>, value: T, wish: Wish = {}): Uint8Array {
  const { sequence = 0, address = 0, check = "crc", scb = null, data = codec.encode(value) } = wish;
  return encodeFrame({ address, reply: false, sequence, check, scb, code: codec.code, data, mac: null });
}

/** A reply in words, e.g. `ACK s1` or `NAK 4 s2`. */
function words(hex: string | undefined): string {
  if (hex === undefined) return "silence";
  expect(hex.startsWith("ff53")).toBe(true);
  const bytes = fromHex(hex).slice(1);
  expect(checkIsGood(bytes)).toBe(true);
  const frame = decodeFrame(bytes) as Frame;
  expect(frame.reply).toBe(true);
  const code = replies.get(frame.code)?.name ?? frame.code.toString(16);
  return `${code}${code === "NAK" ? ` ${String(frame.data[0])}` : ""} s${String(frame.sequence)}`;
}

const timedOn: { orders: OutputOrder[] } = { orders: [{ output: 0, code: 5, timer: 30 }] };
const off: { orders: OutputOrder[] } = { orders: [{ output: 0, code: 1, timer: 0 }] };

interface Row {
  hex: string;
  dir: "CP>PD" | "PD>CP";
  name: string;
}

describe("the golden stream, from the PD's side", () => {
  const { plain } = JSON.parse(readFileSync(new URL("../../fixtures/osdp-golden.json", import.meta.url), "utf8")) as {
    plain: Row[];
  };
  const golden = goldenPd();
  // libosdp leaves the mark out when the command's own mark came in an earlier read; a PD of ours always sends one.
  const markLeftOut = new Set(
    plain.filter(({ dir, hex }) => dir === "PD>CP" && hex.startsWith("53")).map(({ hex }) => hex),
  );

  let lastReply = "";
  const seen = plain.flatMap((row, index) => {
    if (row.dir === "PD>CP") return [];
    const reply = plain[index + 1] as Row;
    // What the captured PD had to tell came from its application.
    if (row.name === "POLL" && reply.name !== "ACK") golden.pd.report(reportOf(reply.hex));
    const got = golden.ask(fromHex(row.hex));
    lastReply = got[0] ?? "";
    return [{ index, command: row.name, reply: reply.name, hex: reply.hex, got: lastReply, count: got.length }];
  });

  test("it is the whole of it", () => {
    expect(seen).toHaveLength(plain.length / 2);
    expect(markLeftOut.size).toBeGreaterThan(0);
  });

  test.each(seen)("$index $command is answered $reply, byte for byte", ({ hex, got, count }) => {
    expect(count).toBe(1);
    expect(got).toBe(hex.startsWith("ff") ? hex : `ff${hex}`);
  });
});

/** What the captured libosdp PD was set up with: readers, LED and buzzer included. */
function goldenPd() {
  const handlers = new Map<number, (value: unknown) => PdAnswer>([
    [
      ID.code,
      () =>
        replyWith(PDID, {
          vendor: "0c1105",
          model: 1,
          hardwareVersion: 1,
          serialNumber: "01020304",
          firmwareVersion: "1.2.3",
        }),
    ],
    [
      CAP.code,
      () => replyWith(PDCAP, PDCAP.decode(fromHex("0102020204010301000404020502010601010801000901000a0001100200"))),
    ],
    [LSTAT.code, () => replyWith(LSTATR, { tamper: false, powerFailure: false })],
    [ISTAT.code, () => replyWith(ISTATR, { values: [0, 0] })],
    [OSTAT.code, () => replyWith(OSTATR, { values: [0] })],
    [RSTAT.code, () => replyWith(RSTATR, { values: [0] })],
    [OUT.code, (value) => ((value as typeof off).orders.some(({ output }) => output > 0) ? refuse(3) : acknowledged)],
    [COMSET.code, (value) => replyWith(COM, value as { address: number; baud: number })],
    [
      FILETRANSFER.code,
      (value) => {
        const { total, offset, fragment } = value as FileFragment;
        const detail = offset + fragment.length >= total ? 1 : 0;
        return replyWith(FTSTAT, { action: 1, delayMs: 0, detail, updateMax: 0 });
      },
    ],
  ]);
  const accepted = new Set([0x69, 0x6a, 0x6b, MFG.code, ABORT.code]);
  return makePd(({ code, value }, context) => {
    if (accepted.has(code)) return acknowledged;
    return handlers.get(code)?.(value) ?? context.standard();
  });
}

function reportOf(hex: string): PdReply {
  const frame = decodeFrame(fromHex(hex).slice(hex.startsWith("ff") ? 1 : 0)) as Frame;
  return { type: "reply", code: frame.code, data: frame.data };
}

describe("sequence numbers", () => {
  const poll = (sequence: number) => command(POLL, {}, { sequence });
  const out = (sequence: number, what = timedOn) => command(OUT, what, { sequence });
  const rows: { name: string; send: Uint8Array[]; replies: string[]; executed: number; busyAt?: number[] }[] = [
    {
      name: "0 first, then 1 2 3 1",
      send: [0, 1, 2, 3, 1].map(poll),
      replies: ["ACK s0", "ACK s1", "ACK s2", "ACK s3", "ACK s1"],
      executed: 5,
    },
    {
      name: "anything but 0 first",
      send: [poll(1), poll(2), poll(0)],
      replies: ["NAK 4 s1", "NAK 4 s2", "ACK s0"],
      executed: 1,
    },
    {
      name: "a repeat is not executed",
      send: [poll(0), out(1), out(1), out(1)],
      replies: ["ACK s0", "ACK s1", "ACK s1", "ACK s1"],
      executed: 2,
    },
    {
      name: "the same number with another command",
      send: [poll(0), out(1), out(1, off)],
      replies: ["ACK s0", "ACK s1", "NAK 4 s1"],
      executed: 2,
    },
    {
      name: "after such a refusal the repeat is still known",
      send: [poll(0), out(1), out(1, off), out(1)],
      replies: ["ACK s0", "ACK s1", "NAK 4 s1", "ACK s1"],
      executed: 2,
    },
    {
      name: "neither last nor next",
      send: [poll(0), poll(2), poll(3), poll(1)],
      replies: ["ACK s0", "NAK 4 s2", "NAK 4 s3", "ACK s1"],
      executed: 2,
    },
    {
      name: "0 forgets the stored reply: the same bytes are new",
      send: [out(0), out(0)],
      replies: ["ACK s0", "ACK s0"],
      executed: 2,
    },
    {
      name: "0 in the middle starts anew",
      send: [poll(0), poll(1), poll(0), poll(1)],
      replies: ["ACK s0", "ACK s1", "ACK s0", "ACK s1"],
      executed: 4,
    },
    {
      name: "BUSY, then the same number",
      send: [poll(0), out(1), out(1)],
      replies: ["ACK s0", "BUSY s0", "ACK s1"],
      executed: 3,
      busyAt: [1],
    },
    {
      name: "BUSY, then the number before (libosdp)",
      send: [poll(0), poll(1), out(2), out(1), out(1), poll(2)],
      replies: ["ACK s0", "ACK s1", "BUSY s0", "ACK s1", "ACK s1", "ACK s2"],
      executed: 5,
      busyAt: [2],
    },
    {
      name: "BUSY, then the number before and the very bytes before",
      send: [poll(0), poll(1), poll(2), poll(1)],
      replies: ["ACK s0", "ACK s1", "BUSY s0", "ACK s1"],
      executed: 4,
      busyAt: [2],
    },
    {
      name: "BUSY, then the next number",
      send: [poll(0), out(1), poll(2), poll(3)],
      replies: ["ACK s0", "BUSY s0", "ACK s2", "ACK s3"],
      executed: 4,
      busyAt: [1],
    },
    {
      name: "BUSY to the first command, then any",
      send: [poll(0), poll(3)],
      replies: ["BUSY s0", "ACK s3"],
      executed: 2,
      busyAt: [0],
    },
    {
      name: "BUSY twice",
      send: [poll(0), out(1), out(1), out(1), out(1)],
      replies: ["ACK s0", "BUSY s0", "BUSY s0", "ACK s1", "ACK s1"],
      executed: 4,
      busyAt: [1, 2],
    },
  ];
  test.each(rows)("$name", ({ send, replies: wanted, executed, busyAt = [] }) => {
    let calls = 0;
    const { ask } = makePd(() => (busyAt.includes(calls++) ? { type: "busy" } : acknowledged));
    expect(send.map((bytes) => words(ask(bytes)[0]))).toEqual(wanted);
    expect(calls).toBe(executed);
  });

  test("a repeat gets the stored reply byte for byte, whatever changed meanwhile", () => {
    let value = 0;
    const { ask } = makePd(() => replyWith(OSTATR, { values: [value++] }));
    ask(command(POLL, {}));
    const ostat = command(OSTAT, {}, { sequence: 1 });
    expect(ask(ostat)).toEqual(ask(ostat));
    expect(value).toBe(2);
  });

  test("silence moves nothing: the same number is new again", () => {
    let calls = 0;
    const { ask } = makePd(() => (++calls === 2 ? { type: "silence" } : acknowledged));
    expect([poll(0), out(1), out(1)].map((bytes) => words(ask(bytes)[0]))).toEqual(["ACK s0", "silence", "ACK s1"]);
  });
});

describe("what is refused, and what is met with silence", () => {
  const id = { type: 0 };
  const rows: { name: string; bytes: Uint8Array; reply: string }[] = [
    { name: "its own address", bytes: command(ID, id), reply: "ACK s0" },
    { name: "another address", bytes: command(ID, id, { address: 1 }), reply: "silence" },
    { name: "a reply of another PD", bytes: fromHex("ff5380080006403bca"), reply: "silence" },
    { name: "a bad CRC", bytes: fromHex("ff53000900046100c067"), reply: "silence" },
    { name: "an unknown code", bytes: command({ ...ID, code: 0x99 }, id), reply: "NAK 3 s0" },
    { name: "a known one that the application leaves", bytes: command(RSTAT, {}), reply: "NAK 3 s0" },
    { name: "a missing byte", bytes: command(ID, id, { data: new Uint8Array(0) }), reply: "NAK 2 s0" },
    { name: "bytes too many", bytes: command(ID, id, { data: new Uint8Array(2) }), reply: "NAK 2 s0" },
    { name: "half an OUT record", bytes: command(OUT, off, { data: new Uint8Array(3) }), reply: "NAK 2 s0" },
    {
      name: "a fragment shorter than it says",
      bytes: command(
        FILETRANSFER,
        { type: 1, total: 9, offset: 0, fragment: new Uint8Array(0) },
        { data: fromHex("01 09000000 00000000 0500 aabb") },
      ),
      reply: "NAK 2 s0",
    },
    {
      name: "a frame as long as it takes",
      bytes: command(MFG, { vendor: "0c1105", data: new Uint8Array(200 - 11) }),
      reply: "ACK s0",
    },
    {
      name: "one byte longer than it takes",
      bytes: command(MFG, { vendor: "0c1105", data: new Uint8Array(200 - 10) }),
      reply: "NAK 2 s0",
    },
    { name: "a security block", bytes: command(POLL, {}, { scb: fromHex("031100") }), reply: "NAK 5 s0" },
    { name: "ACURXSIZE 127", bytes: command(ACURXSIZE, { bytes: 127 }), reply: "NAK 9 s0" },
    { name: "ACURXSIZE 128", bytes: command(ACURXSIZE, { bytes: 128 }), reply: "ACK s0" },
    {
      name: "three bytes of rubbish in front",
      bytes: concatBytes(fromHex("0053a5ff"), command(ID, id)),
      reply: "ACK s0",
    },
  ];
  test.each(rows)("$name: $reply", ({ bytes, reply }) => {
    const { ask } = makePd(
      ({ code }, context) => (code === RSTAT.code || code === ACURXSIZE.code ? context.standard() : acknowledged),
      { receiveBytes: 200 },
    );
    expect(words(ask(bytes)[0])).toBe(reply);
  });

  test("an oversize frame to another address is skipped without losing step", () => {
    const { ask } = makePd(() => acknowledged, { receiveBytes: 128 });
    const long = command(MFG, { vendor: "0c1105", data: new Uint8Array(1429) }, { address: 5 });
    expect(long).toHaveLength(1440);
    expect(ask(concatBytes(long, command(ID, { type: 0 }))).map(words)).toEqual(["ACK s0"]);
  });

  test("refusals count for the sequence and are stored", () => {
    const { ask, events } = makePd((_, context) => context.standard());
    ask(command(POLL, {}));
    const bad = command(RSTAT, {}, { sequence: 1 });
    expect([bad, bad, command(POLL, {}, { sequence: 2 })].map((bytes) => words(ask(bytes)[0]))).toEqual([
      "NAK 3 s1",
      "NAK 3 s1",
      "ACK s2",
    ]);
    expect(events.filter(({ type }) => type === "refused")).toHaveLength(1);
  });
});

describe("the form of replies", () => {
  test("POLL to 7F is answered as libosdp does", () => {
    const { ask } = makePd((_, context) => context.standard());
    ask(command(POLL, {}, { address: 0x7f }));
    ask(command(POLL, {}, { address: 0x7f, sequence: 1 }));
    expect(ask(command(POLL, {}, { address: 0x7f, sequence: 2 }))).toEqual(["ff53ff0800064044b2"]);
  });

  test("a checksum command gets a checksum reply, a CRC command a CRC reply", () => {
    const { ask } = makePd((_, context) => context.standard());
    expect(ask(command(POLL, {}, { sequence: 0 }))[0]).toHaveLength(18);
    expect(ask(command(POLL, {}, { check: "checksum" }))).toEqual(["ff538007000040e6"]);
  });

  test("never longer than the panel takes: 128 until it says more", () => {
    const { ask } = makePd(({ code }, context) =>
      code === MFG.code ? replyWith(MFGREP, { vendor: "0c1105", data: new Uint8Array(118) }) : context.standard(),
    );
    const mfg = (sequence: number) => command(MFG, { vendor: "0c1105", data: new Uint8Array(0) }, { sequence });
    expect(words(ask(mfg(0))[0])).toBe("NAK 9 s0");
    ask(command(ACURXSIZE, { bytes: 129 }, { sequence: 1 }));
    expect(words(ask(mfg(2))[0])).toBe("MFGREP s2");
  });
});

describe("reports", () => {
  test("one a POLL, oldest first; a repeat brings the same one", () => {
    const { ask, pd } = makePd((_, context) => context.standard());
    pd.report(replyWith(ISTATR, { values: [1, 0] }));
    pd.report(replyWith(ISTATR, { values: [0, 0] }));
    const frames = [0, 1, 1, 2].map((sequence) => ask(command(POLL, {}, { sequence }))[0] ?? "");
    const data = frames.map((hex) => toHex(decodeFrame(fromHex(hex).slice(1))?.data ?? new Uint8Array(0)));
    expect(frames.map(words)).toEqual(["ISTATR s0", "ISTATR s1", "ISTATR s1", "ACK s2"]);
    expect(data).toEqual(["0100", "0000", "0000", ""]);
  });

  test("the queue is bounded: the oldest goes, and that is told", () => {
    const { ask, pd, events } = makePd((_, context) => context.standard(), { maxReports: 2 });
    for (const value of [1, 2, 3]) pd.report(replyWith(OSTATR, { values: [value] }));
    expect(events).toContainEqual({ type: "report-lost" });
    expect(ask(command(POLL, {}))[0]).toContain("4a02");
  });
});

describe("time", () => {
  test("a pause inside a frame ends it; the next whole one is heard", async () => {
    const { ask, clock } = makePd(() => acknowledged);
    const id = command(ID, { type: 0 });
    expect(ask(id.slice(0, 5))).toEqual([]);
    await clock.advance(149);
    expect(ask(id.slice(5)).map(words)).toEqual(["ACK s0"]);
    // A damaged length would otherwise swallow every repeat.
    expect(ask(fromHex("ff5300a00504"))).toEqual([]);
    await clock.advance(151);
    expect(ask(id).map(words)).toEqual(["ACK s0"]);
  });

  test("8 s without a valid command: offline, told once", async () => {
    const { ask, clock, events, pd } = makePd(() => acknowledged);
    const named = () => events.map(({ type }) => type).filter((type) => type.endsWith("line"));
    ask(command(ID, { type: 0 }));
    await clock.advance(5000);
    ask(command(ID, { type: 0 }));
    await clock.advance(7999);
    expect([named(), pd.online]).toEqual([["online"], true]);
    await clock.advance(2);
    expect([named(), pd.online]).toEqual([["online", "offline"], false]);
    ask(fromHex("ff53000900046100c067"));
    expect(pd.online).toBe(false);
    ask(command(ID, { type: 0 }));
    expect(named()).toEqual(["online", "offline", "online"]);
    pd.close();
  });

  test("what is to follow a reply runs once it is out, and not for a repeat", async () => {
    let out: () => void = () => undefined;
    let done = 0;
    const { ask } = makePd(
      (_, context) => {
        context.afterReply(() => (done += 1));
        return acknowledged;
      },
      { send: () => new Promise<void>((resolve) => (out = resolve)) },
    );
    const poll = command(POLL, {}, { sequence: 0 });
    ask(poll);
    await settle();
    expect(done).toBe(0);
    out();
    await settle();
    expect(done).toBe(1);
  });

  test("a restart forgets everything", () => {
    const { ask, pd } = makePd((_, context) => context.standard());
    ask(command(POLL, {}));
    pd.report(replyWith(OSTATR, { values: [1] }));
    pd.restart();
    expect([1, 0].map((sequence) => words(ask(command(POLL, {}, { sequence }))[0]))).toEqual(["NAK 4 s1", "ACK s0"]);
  });
});

test("the place of the secure channel: opened before, sealed after, told of every start", () => {
  const told: string[] = [];
  const security: PdSecurity = {
    open: ({ scb, code, data }) => {
      told.push(`open ${code.toString(16)}`);
      return scb ? { type: "data", data } : refuse(6);
    },
    seal: (reply) => ({ ...reply, scb: fromHex("0216"), mac: fromHex("01020304") }),
    sealedBytes: () => 14,
    reset: () => told.push("reset"),
  };
  const { ask } = makePd((_, context) => context.standard(), { security });
  expect(ask(command(POLL, {}, { scb: fromHex("031100") }))[0]).toContain("53800e000c02164001020304");
  const plain = decodeFrame(fromHex(ask(command(POLL, {}, { sequence: 1 }))[0] ?? "").slice(1));
  expect([plain?.code, toHex(plain?.data ?? new Uint8Array(0))]).toEqual([0x41, "06"]);
  expect(told).toEqual(["reset", "open 60", "open 60"]);
});

test("a stream of rubbish never throws, and the unit still answers", async () => {
  const { ask, clock } = makePd((_, context) => context.standard());
  let state = 12_345;
  const next = () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16;
  const good = [...commands.values()].map((codec) => command(codec, {}, { data: new Uint8Array(4) }));
  for (let round = 0; round < 2000; round++) {
    const bytes = (good[next() % good.length] as Uint8Array).slice();
    bytes[next() % bytes.length] = next() & 0xff;
    ask(bytes);
  }
  await clock.advance(200);
  expect(ask(command(POLL, {})).map(words)).toEqual(["ACK s0"]);
});

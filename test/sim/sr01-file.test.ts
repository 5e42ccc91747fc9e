import { describe, expect, test } from "vitest";
import { systemClock, sleep } from "../../src-main/lib/clock.ts";
import { ABORT, ID, OSTAT, POLL } from "../../src-main/osdp/commands.ts";
import { FTSTAT, PDID } from "../../src-main/osdp/replies.ts";
import { createLine } from "../../src-main/sim/line.ts";
import { createSimSr01, type Sr01Event } from "../../src-main/sim/sr01/sim-sr01.ts";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { buildImage, maxImageBytes, samplePayload, spoilImage } from "../../src-main/sr01/image.ts";
import { encodeFrame, withMark } from "../../src-main/osdp/frame.ts";
import { makeBench } from "./sr01-panel.ts";

const image = (version = "1.3.0", hardware = { from: 1, to: 2 }) =>
  buildImage({ version, hardware, payload: samplePayload(version, 936) });
const running = async (bench: ReturnType<typeof makeBench>) => {
  const [frame] = await bench.send(ID, { type: 0 }, { sequence: 0 });
  return frame ? PDID.decode(frame.data).firmwareVersion : null;
};

const files: { name: string; file: Uint8Array; last: number; after: string; events: string[] }[] = [
  {
    name: "a good image",
    file: image(),
    last: 2,
    after: "1.3.0",
    events: ["file started", "file received", "rebooting", "running"],
  },
  {
    name: "an older one",
    file: image("0.9.9"),
    last: 2,
    after: "0.9.9",
    events: ["file started", "file received", "rebooting", "running"],
  },
  {
    name: "a damaged one",
    file: spoilImage(image(), "hash"),
    last: -3,
    after: "1.2.3",
    events: ["file started", "file refused"],
  },
  {
    name: "one of the wrong length",
    file: spoilImage(image(), "length"),
    last: -3,
    after: "1.2.3",
    events: ["file started", "file refused"],
  },
  {
    name: "one for other hardware",
    file: spoilImage(image(), "hardware"),
    last: -2,
    after: "1.2.3",
    events: ["file started", "file refused"],
  },
  {
    name: "our magic and nothing else",
    file: image().slice(0, 20),
    last: -3,
    after: "1.2.3",
    events: ["file started", "file refused"],
  },
  {
    name: "an opaque file",
    file: samplePayload("opaque", 1000),
    last: 1,
    after: "1.2.3",
    events: ["file started", "file received"],
  },
  { name: "one byte", file: Uint8Array.of(7), last: 1, after: "1.2.3", events: ["file started", "file received"] },
];

describe("files from their first to their last byte", () => {
  test.each(files)("$name ends with $last, then $after runs", async ({ file, last, after, events }) => {
    const bench = makeBench();
    await bench.start();
    const details = await bench.sendFile(file);
    expect(details.at(-1)).toBe(last);
    expect(details.slice(0, -1).every((detail) => detail === 0 || (last === 2 && detail === 3))).toBe(true);
    await bench.clock.advance(4000);
    expect(await running(bench)).toBe(after);
    expect(bench.eventNames().filter((name) => !name.endsWith("line") && name !== "refused")).toEqual(events);
    expect(bench.sim.state().file).toBeNull();
  });

  test("its reasons are told", async () => {
    const bench = makeBench();
    await bench.start();
    await bench.sendFile(spoilImage(image(), "hash"));
    const refused = bench.events.find((event) => "state" in event && event.state === "refused");
    expect(refused).toMatchObject({
      detail: -3,
      receivedBytes: 1000,
      totalBytes: 1000,
      reasons: [expect.stringMatching(/SHA-256/)],
    });
  });
});

const piece = (total: number, offset: number, length: number, type = 1) => ({
  type,
  total,
  offset,
  fragment: new Uint8Array(length).fill(1),
});
const rules: { name: string; pieces: ReturnType<typeof piece>[]; details: number[] }[] = [
  { name: "contiguous", pieces: [piece(300, 0, 100), piece(300, 100, 100), piece(300, 200, 100)], details: [0, 0, 1] },
  { name: "not from 0", pieces: [piece(300, 100, 100)], details: [-1] },
  { name: "a gap in the offsets", pieces: [piece(300, 0, 100), piece(300, 101, 100)], details: [0, -1] },
  { name: "an overlap", pieces: [piece(300, 0, 100), piece(300, 99, 100)], details: [0, -1] },
  {
    name: "0 again without ABORT, then once more",
    pieces: [piece(300, 0, 100), piece(300, 0, 100), piece(300, 0, 100)],
    details: [0, -1, 0],
  },
  { name: "another total", pieces: [piece(300, 0, 100), piece(301, 100, 100)], details: [0, -1] },
  { name: "another type", pieces: [piece(300, 0, 100), piece(300, 100, 100, 2)], details: [0, -1] },
  { name: "a type that it does not know", pieces: [piece(300, 0, 100, 2)], details: [-2] },
  { name: "more than the total", pieces: [piece(300, 0, 301)], details: [-1] },
  { name: "a total of nothing", pieces: [piece(0, 0, 0)], details: [-1] },
  { name: "larger than it can hold", pieces: [piece(maxImageBytes + 1, 0, 100)], details: [-1] },
  { name: "as large as it can hold", pieces: [piece(maxImageBytes, 0, 100)], details: [0] },
  {
    name: "a violation forgets the transfer: no going on",
    pieces: [piece(300, 0, 100), piece(300, 200, 100), piece(300, 100, 100)],
    details: [0, -1, -1],
  },
  {
    name: "an empty fragment on the way",
    pieces: [piece(200, 0, 100), piece(200, 100, 0), piece(200, 100, 100)],
    details: [0, 0, 1],
  },
  {
    name: "an idle fragment with nothing to wait for",
    pieces: [piece(100, 0, 100), piece(100, 100, 0)],
    details: [1, -1],
  },
];

describe("the rules of the transfer", () => {
  test.each(rules)("$name: $details", async ({ pieces, details }) => {
    const bench = makeBench();
    await bench.start();
    const seen: unknown[] = [];
    for (const one of pieces) {
      const status = await bench.fragment(one);
      seen.push(typeof status === "string" ? status : status.detail);
    }
    expect(seen).toEqual(details);
  });

  test("a repeated fragment is answered from store and written once", async () => {
    const bench = makeBench();
    await bench.start();
    const file = image();
    await bench.fragment({ total: 1000, offset: 0, fragment: file.slice(0, 500) });
    const first = bench.raw();
    expect(await bench.repeat()).toBe("FTSTAT");
    expect(bench.raw()).toEqual(first);
    expect(bench.sim.state().file).toEqual({ receivedBytes: 500, totalBytes: 1000 });
    expect(await bench.fragment({ total: 1000, offset: 500, fragment: file.slice(500) })).toMatchObject({ detail: 3 });
  });

  test("ABORT forgets, and the next one starts at 0", async () => {
    const bench = makeBench();
    await bench.start();
    await bench.fragment(piece(300, 0, 100));
    expect(await bench.ask(ABORT, {})).toBe("ACK");
    expect(bench.eventNames()).toContain("file aborted");
    expect(await bench.fragment(piece(300, 100, 100))).toMatchObject({ detail: -1 });
    expect(await bench.fragment(piece(300, 0, 100))).toMatchObject({ detail: 0 });
  });

  test("other commands go in between, and a report that waits is announced", async () => {
    const bench = makeBench();
    await bench.start();
    expect(await bench.fragment(piece(300, 0, 100))).toMatchObject({ action: 1 });
    bench.sim.exitButton(true);
    expect(await bench.fragment(piece(300, 100, 100))).toMatchObject({ action: 5 });
    expect(await bench.poll()).toBe("ISTATR");
    expect(await bench.ask(OSTAT, {})).toBe("OSTATR");
    expect(await bench.fragment(piece(300, 200, 100))).toMatchObject({ action: 1, detail: 1 });
  });
});

describe("the restart", () => {
  test("it is away for its time, deaf, and wants sequence 0 afterwards", async () => {
    const bench = makeBench({ faults: { rebootMs: 1000 } });
    await bench.start();
    expect((await bench.sendFile(image())).at(-1)).toBe(2);
    await bench.clock.advance(5);
    expect(bench.sim.state().running).toBe(false);
    expect(await running(bench)).toBeNull();
    await bench.clock.advance(1000);
    expect(await bench.ask(POLL, {}, { sequence: 1 })).toBe("NAK 4");
    expect(await running(bench)).toBe("1.3.0");
  });

  const lies: { name: string; faults: Sr01Faults; after: string | null; serial?: string }[] = [
    { name: "keeps the old version", faults: { keepsOldVersion: true }, after: "1.2.3" },
    { name: "does not return", faults: { neverReturns: true }, after: null },
    {
      name: "returns as another unit",
      faults: { otherSerialAfterReboot: "0A0B0C0D" },
      after: "1.3.0",
      serial: "0a0b0c0d",
    },
    { name: "is away for long", faults: { rebootMs: 20_000 }, after: null },
  ];
  test.each(lies)("$name", async ({ faults, after, serial = "01020304" }) => {
    const bench = makeBench({ faults });
    await bench.start();
    expect((await bench.sendFile(image())).at(-1)).toBe(2);
    await bench.clock.advance(10_000);
    expect(await running(bench)).toBe(after);
    expect(bench.sim.state().serialNumber).toBe(serial);
  });

  test("restarts again and again", async () => {
    const bench = makeBench({ faults: { rebootMs: 1000, rebootAgain: 2 } });
    await bench.start();
    await bench.sendFile(image());
    await bench.clock.advance(20_000);
    expect(bench.eventNames().filter((name) => name === "running")).toHaveLength(3);
    expect(await running(bench)).toBe("1.3.0");
  });
});

describe("what FTSTAT can be made to say", () => {
  const rows: { name: string; faults: Sr01Faults; details: number[]; first?: object; last?: object }[] = [
    { name: "nothing special", faults: {}, details: [0, 0, 3, 2] },
    { name: "no finishing", faults: { ftFinishingCount: 0 }, details: [0, 0, 2] },
    { name: "finishing by count", faults: { ftFinishingCount: 3 }, details: [0, 0, 3, 3, 3, 2] },
    {
      name: "finishing by time",
      faults: { ftFinishingCount: 0, ftFinishingMs: 120, ftDelayMs: 50 },
      details: [0, 0, 3, 3, 3, 2],
    },
    { name: "a delay", faults: { ftDelayMs: 6000 }, details: [0, 0, 3, 2], first: { delayMs: 6000 } },
    { name: "nothing in between", faults: { ftAction: 0 }, details: [0, 0, 3, 2], first: { action: 0 } },
    { name: "a smaller size", faults: { ftUpdateMax: 128 }, details: [0, 0, 3, 2], first: { updateMax: 128 } },
    {
      name: "a smaller size later",
      faults: { updateMaxShrinksAt: { offset: 500, max: 64 } },
      details: [0, 0, 3, 2],
      first: { updateMax: 0 },
      last: { updateMax: 64 },
    },
    { name: "done too early", faults: { earlyDone: true }, details: [1] },
    { name: "0 at the end", faults: { statusZeroOnLast: true }, details: [0, 0, 0] },
    { name: "refused on the way", faults: { ftStatusAt: { offset: 500, detail: -2 } }, details: [0, -2] },
    { name: "an unknown refusal", faults: { ftStatusAt: { offset: 1, detail: -77 } }, details: [-77] },
    { name: "rebooting on the way", faults: { ftStatusAt: { offset: 500, detail: 2 } }, details: [0, 2] },
  ];
  test.each(rows)("$name", async ({ faults, details, first, last }) => {
    const bench = makeBench({ faults });
    const statuses: unknown[] = [];
    bench.line.a.onData(() => {
      const frame = bench.heard()[0]?.frame;
      if (frame?.code === FTSTAT.code && statuses.at(-1) !== frame) statuses.push(frame);
    });
    await bench.start();
    expect(await bench.sendFile(image(), 400)).toEqual(details);
    const decoded = statuses.map((frame) => FTSTAT.decode((frame as { data: Uint8Array }).data));
    expect(decoded[0]).toMatchObject(first ?? {});
    expect(decoded.at(-1)).toMatchObject(last ?? {});
    expect(bench.sim.state().firmwareVersion).toBe(
      (details.at(-1) === 2 && details.includes(3)) || faults.ftFinishingCount === 0 ? "1.3.0" : "1.2.3",
    );
  });

  test("mute on the way until it is powered again", async () => {
    const bench = makeBench({ faults: { silentAfterBytes: 400 } });
    await bench.start();
    await expect(bench.sendFile(image(), 400)).rejects.toThrow(/silence/);
    expect(await bench.start()).toBe("silence");
    bench.sim.setFaults({});
    bench.sim.unplug();
    bench.sim.plugIn();
    expect(await running(bench)).toBe("1.2.3");
  });

  test("restarts without a word on the way, once", async () => {
    const bench = makeBench({ faults: { restartAtBytes: 800, rebootMs: 500 } });
    await bench.start();
    await expect(bench.sendFile(image(), 400)).rejects.toThrow(/silence/);
    await bench.clock.advance(600);
    expect(bench.eventNames()).toContain("file aborted");
    expect(await bench.start()).toBe("PDID");
    expect((await bench.sendFile(image(), 400)).at(-1)).toBe(2);
  });
});

test("in real time: a file, a restart, the new version", async () => {
  const line = createLine({ clock: systemClock, baud: 230_400, soon: setImmediate });
  const events: Sr01Event[] = [];
  const sim = createSimSr01({ port: line.b, clock: systemClock, faults: { rebootMs: 30, ftFinishingCount: 0 } });
  sim.onEvent((event) => events.push(event));
  const file = image();
  const data = (offset: number, length: number) =>
    Uint8Array.of(
      1,
      0xe8,
      3,
      0,
      0,
      offset & 255,
      offset >> 8,
      0,
      0,
      length & 255,
      length >> 8,
      ...file.slice(offset, offset + length),
    );
  for (let i = 0; i < 2; i++) {
    const frame = {
      address: 0,
      reply: false,
      sequence: i,
      check: "crc" as const,
      scb: null,
      code: 0x7c,
      data: data(i * 500, 500),
      mac: null,
    };
    const answered = new Promise((resolve) => line.a.onData(resolve));
    await line.a.write(withMark(encodeFrame(frame)));
    await answered;
  }
  await sleep(systemClock, 80);
  expect(sim.state()).toMatchObject({ running: true, firmwareVersion: "1.3.0" });
  expect(events.map(({ event }) => event)).toEqual(["online", "file", "file", "rebooting", "running"]);
  sim.close();
});

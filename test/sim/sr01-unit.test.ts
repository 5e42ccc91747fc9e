import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src-main/lib/bytes.ts";
import {
  ABORT,
  ACURXSIZE,
  BUZ,
  CAP,
  CHLNG,
  COMSET,
  ID,
  ISTAT,
  KEEPACTIVE,
  KEYSET,
  LSTAT,
  MFG,
  OSTAT,
  OUT,
  POLL,
  RSTAT,
  TEXT,
} from "../../src-main/osdp/commands.ts";
import { COM, PDCAP } from "../../src-main/osdp/replies.ts";
import { makeBench } from "./sr01-panel.ts";

const order = (code: number, timer = 0, output = 0) => ({ orders: [{ output, code, timer }] });

describe("what it says of itself", () => {
  test("its PDID is the golden one, mark included", async () => {
    const bench = makeBench();
    await bench.start();
    expect(toHex(bench.raw())).toBe("ff5380140004450c110501010403020101020369e2");
  });

  test("options change serial number, version and receive size", async () => {
    const bench = makeBench({ serialNumber: "AABBCC0D", firmware: "9.8.7", receiveSize: 256 });
    const [id] = await bench.send(ID, { type: 0 });
    expect(toHex(id?.data ?? new Uint8Array(0))).toBe("0c110501010dccbbaa090807");
    const [caps] = await bench.send(CAP, { type: 0 });
    const rows = PDCAP.decode(caps?.data ?? new Uint8Array(0)).capabilities;
    expect(rows.map((row) => `${String(row.function)}:${String(row.compliance)}/${String(row.count)}`)).toEqual([
      "1:2/2",
      "2:4/1",
      "8:1/0",
      "9:0/0",
      "10:0/1",
      "16:2/0",
    ]);
  });

  test("status of everything", async () => {
    const bench = makeBench();
    await bench.start();
    const data = async (codec: typeof LSTAT) => toHex((await bench.send(codec, {}))[0]?.data ?? new Uint8Array(0));
    expect([await data(LSTAT), await data(ISTAT), await data(OSTAT), await data(RSTAT)]).toEqual([
      "0000",
      "0000",
      "00",
      "01",
    ]);
    bench.sim.tamper(true);
    bench.sim.power(true);
    bench.sim.exitButton(true);
    bench.sim.doorContact(true);
    expect([await data(LSTAT), await data(ISTAT)]).toEqual(["0101", "0101"]);
  });

  test("it waits two characters before it speaks", async () => {
    const bench = makeBench({}, { baud: 9600 });
    let lastBit = 0;
    let firstBit = 0;
    bench.line.tap(({ from, atMs }) => {
      if (from === "a") lastBit = atMs;
      else if (firstBit === 0) firstBit = atMs;
    });
    await bench.start();
    // The first portion is several characters of 1.04 ms; the wait is two more.
    const portion = Math.floor(5 / (10_000 / 9600));
    expect(firstBit - lastBit).toBeCloseTo(((2 + portion) * 10_000) / 9600, 3);
  });
});

/** Permanent state before, running timed action before, then per code 0..6: level now and level in the end. */
const outTable: [permanent: 0 | 1, running: "-" | "on" | "off", levels: string[]][] = [
  [0, "-", ["0 0", "0 0", "1 1", "0 0", "1 1", "1 0", "0 0"]],
  [0, "on", ["1 0", "0 0", "1 1", "1 0", "1 1", "1 0", "0 0"]],
  [0, "off", ["0 0", "0 0", "1 1", "0 0", "0 1", "1 0", "0 0"]],
  [1, "-", ["1 1", "0 0", "1 1", "0 0", "1 1", "1 1", "0 1"]],
  [1, "on", ["1 1", "0 0", "1 1", "1 0", "1 1", "1 1", "0 1"]],
  [1, "off", ["0 1", "0 0", "1 1", "0 0", "0 1", "1 1", "0 1"]],
];

describe("the lock output", () => {
  const rows = outTable.flatMap(([permanent, running, levels]) =>
    levels.map((wanted, code) => ({ permanent, running, code, wanted })),
  );
  test.each(rows)("permanent $permanent, running $running, then code $code: $wanted", async (row) => {
    const { permanent, running, code, wanted } = row;
    const bench = makeBench();
    await bench.start();
    await bench.ask(OUT, order(permanent ? 2 : 1));
    if (running !== "-") await bench.ask(OUT, order(running === "on" ? 5 : 6, 50));
    expect(await bench.ask(OUT, order(code, code >= 5 ? 10 : 0))).toBe("ACK");
    const now = await bench.output();
    await bench.clock.advance(6000);
    expect(`${String(now)} ${String(await bench.output())}`).toBe(wanted);
  });

  test.each([
    ["a pulse lasts as long as it says", [[5, 30]], 3000],
    [
      "a second pulse starts anew",
      [
        [5, 30],
        [5, 10],
      ],
      1000,
    ],
    [
      "a running pulse outlasts 'off after'",
      [
        [5, 30],
        [3, 0],
      ],
      3000,
    ],
    ["the longest pulse", [[5, 65_535]], 6_553_500],
  ] as const)("%s", async (_, orders, lastsMs) => {
    const bench = makeBench();
    await bench.start();
    const times: { on: boolean; at: number }[] = [];
    bench.sim.onEvent((event) => {
      if (event.event === "output") times.push({ on: event.on, at: bench.clock.now() });
    });
    let orderedAt = 0;
    bench.line.tap(({ from, atMs }) => {
      if (from === "a") orderedAt = atMs;
    });
    for (const [code, timer] of orders) await bench.ask(OUT, order(code, timer));
    const start = orders.length === 2 && orders[1][0] === 3 ? (times[0]?.at ?? 0) : orderedAt;
    await bench.clock.advance(lastsMs + 1000);
    expect(times.map(({ on }) => on)).toEqual([true, false]);
    expect((times[1]?.at ?? 0) - start).toBeCloseTo(lastsMs, 3);
  });

  test.each([
    ["a timer of 0 opens nothing", order(5, 0), "ACK", 0],
    ["an empty OUT", { orders: [] }, "ACK", 0],
    ["an output that is not there", order(2, 0, 1), "NAK 3", 0],
    ["a code that is not there", order(7), "NAK 9", 0],
    [
      "a good order before a bad one is not executed either",
      { orders: [...order(2).orders, ...order(7).orders] },
      "NAK 9",
      0,
    ],
    [
      "several orders, in their order",
      { orders: [...order(2).orders, ...order(1).orders, ...order(2).orders] },
      "ACK",
      1,
    ],
  ])("%s", async (_, value, reply, level) => {
    const bench = makeBench();
    await bench.start();
    expect(await bench.ask(OUT, value)).toBe(reply);
    expect(await bench.output()).toBe(level);
  });

  test("a repeat opens once, a new number twice", async () => {
    const bench = makeBench();
    await bench.start();
    await bench.ask(OUT, order(5, 1));
    await bench.clock.advance(500);
    expect(await bench.repeat()).toBe("ACK");
    await bench.clock.advance(500);
    expect(bench.sim.state().counts).toMatchObject({ moves: 1, repeats: 1 });
    await bench.ask(OUT, order(5, 1));
    expect(bench.sim.state().counts.moves).toBe(2);
  });
});

describe("what a relay has not", () => {
  const led = fromHex("0001020505020064000100010001");
  test.each([
    ["LED", { ...POLL, code: 0x69, encode: () => led }, {}, "NAK 3"],
    ["BUZ", BUZ, { reader: 0, tone: 2, on: 3, off: 2, count: 4 }, "NAK 3"],
    ["TEXT", TEXT, { reader: 0, mode: 1, seconds: 0, row: 1, column: 1, text: "HI" }, "NAK 3"],
    ["KEEPACTIVE", KEEPACTIVE, { ms: 100 }, "NAK 3"],
    ["KEYSET", KEYSET, { type: 1, key: new Uint8Array(16) }, "NAK 3"],
    ["CHLNG without its block", CHLNG, { random: new Uint8Array(8) }, "NAK 3"],
    ["MFG of its own maker", MFG, { vendor: "0c1105", data: new Uint8Array(4) }, "NAK 3"],
    ["MFG of another", MFG, { vendor: "000001", data: new Uint8Array(4) }, "NAK 9"],
    ["an extended ID", ID, { type: 1 }, "NAK 9"],
    ["ACURXSIZE", ACURXSIZE, { bytes: 1440 }, "ACK"],
    ["ABORT of nothing", ABORT, {}, "ACK"],
  ])("%s: %4$s", async (_, codec, value, reply) => {
    const bench = makeBench();
    await bench.start();
    expect(await bench.ask(codec as typeof ID, value as { type: number })).toBe(reply);
    expect(await bench.poll()).toBe("ACK");
  });
});

test("changes are told at POLL, one at a time, in their order", async () => {
  const bench = makeBench();
  await bench.start();
  bench.sim.exitButton(true);
  bench.sim.exitButton(true);
  bench.sim.exitButton(false);
  bench.sim.tamper(true);
  await bench.ask(OUT, order(5, 1));
  await bench.clock.advance(200);
  const told: string[] = [];
  for (let i = 0; i < 6; i++) {
    const [frame] = await bench.send(POLL, {});
    told.push(`${bench.named(frame)} ${toHex(frame?.data ?? new Uint8Array(0))}`.trim());
  }
  expect(told).toEqual(["ISTATR 0100", "ISTATR 0000", "LSTATR 0100", "OSTATR 01", "OSTATR 00", "ACK"]);
  expect(bench.events.filter(({ event }) => event === "input")).toEqual([
    { event: "input", input: 0, active: true },
    { event: "input", input: 0, active: false },
  ]);
});

describe("address and speed", () => {
  const com = async (
    bench: ReturnType<typeof makeBench>,
    wish: { address: number; baud: number },
    address?: number,
  ) => {
    const [frame] = await bench.send(COMSET, wish, address === undefined ? {} : { address });
    return frame ? COM.decode(frame.data) : null;
  };

  test("COM goes out at the old parameters, the change comes behind its last bit", async () => {
    const bench = makeBench({}, { baud: 9600 });
    await bench.start();
    expect(await com(bench, { address: 5, baud: 115_200 })).toEqual({ address: 5, baud: 115_200 });
    await bench.clock.advance(1);
    expect(bench.sim.state()).toMatchObject({ address: 5, baud: 115_200 });
    expect(bench.line.counters().b.garbledBytes).toBe(0);
    expect(await bench.start()).toBe("silence");
    await bench.line.a.setBaud(115_200);
    expect(await bench.start()).toBe("PDID");
    await bench.clock.advance(60_000);
    expect(bench.sim.state()).toMatchObject({ address: 5, baud: 115_200 });
  });

  test("nobody speaks at the new ones: back to the old ones after 10 s", async () => {
    const bench = makeBench({}, { baud: 9600 });
    await bench.start();
    await com(bench, { address: 5, baud: 38_400 });
    await bench.clock.advance(9900);
    expect(bench.sim.state()).toMatchObject({ address: 5, baud: 38_400 });
    await bench.clock.advance(200);
    expect(bench.sim.state()).toMatchObject({ address: 0, baud: 9600 });
    expect(bench.events.filter(({ event }) => event === "parameters")).toEqual([
      { event: "parameters", address: 5, baud: 38_400, cause: "comset" },
      { event: "parameters", address: 0, baud: 9600, cause: "fallback" },
    ]);
    expect(await bench.start()).toBe("PDID");
  });

  test.each([
    ["a rate it cannot do", { address: 5, baud: 14_400 }],
    ["an address that is none", { address: 127, baud: 9600 }],
    ["what it has already", { address: 0, baud: 9600 }],
  ])("%s: COM says what stays, nothing changes", async (_, wish) => {
    const bench = makeBench({}, { baud: 9600 });
    await bench.start();
    expect(await com(bench, wish)).toEqual({ address: 0, baud: 9600 });
    expect(await bench.poll()).toBe("ACK");
    expect(bench.eventNames()).not.toContain("parameters");
  });

  test("it may be asked at the configuration address", async () => {
    const bench = makeBench({ address: 9 }, { baud: 9600 });
    await bench.start();
    expect(await com(bench, { address: 4, baud: 9600 }, 0x7f)).toEqual({ address: 4, baud: 9600 });
    expect(bench.heard()[0]?.frame.address).toBe(0x7f);
    await bench.clock.advance(1);
    expect(await bench.start()).toBe("PDID");
  });
});

test("a command with a checksum gets one back; a command without its mark is heard", async () => {
  const bench = makeBench();
  await bench.ask(ID, { type: 0 }, { check: "checksum" });
  expect(bench.heard()[0]?.frame.check).toBe("checksum");
  let answered = 0;
  bench.line.a.onData(() => (answered += 1));
  await bench.clock.run(bench.line.a.write(fromHex("53000900046100c066")));
  await bench.clock.advance(50);
  expect(answered).toBeGreaterThan(0);
});

test("no power: the output falls off, it is deaf; power back: it wants sequence 0 and stays what it was", async () => {
  const bench = makeBench();
  await bench.start();
  await bench.ask(OUT, order(2));
  bench.sim.unplug();
  expect(bench.sim.state()).toMatchObject({ running: false, outputs: [0] });
  expect(await bench.start()).toBe("silence");
  bench.sim.plugIn();
  expect(await bench.ask(OSTAT, {}, { sequence: 2 })).toBe("NAK 4");
  expect(await bench.start()).toBe("PDID");
  expect(await bench.output()).toBe(0);
  bench.sim.close();
  expect(await bench.start()).toBe("silence");
});

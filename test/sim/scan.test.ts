import { describe, expect, test } from "vitest";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { NAK, PDID } from "../../src-main/osdp/replies.ts";
import { createSimSr01 } from "../../src-main/sim/sr01/sim-sr01.ts";
import { osdpBauds } from "../../src-main/sr01/comset.ts";
import { scan, type ScanOrder, type ScanReport } from "../../src-main/sr01/scan.ts";
import { makeBus, makeScripted, makeSim, replyTo, type Script } from "./harness.ts";

const key = fromHex("00112233445566778899aabbccddeeff");
const all = Array.from({ length: 127 }, (_, address) => address);

function order(bench: Pick<ReturnType<typeof makeBus>, "bus" | "clock">, change: Partial<ScanOrder> = {}) {
  const report: ScanReport = { found: [], doubtful: [] };
  const progress: string[] = [];
  const whole: ScanOrder = {
    ...{ bus: bench.bus, clock: bench.clock, bauds: [9600], addresses: [0, 1, 2, 3, 4, 5, 6, 7], listenMs: 50, report },
    onProgress: ({ baud, address }) => progress.push(`${String(baud)}/${String(address)}`),
    ...change,
  };
  return { whole, report, progress };
}

const who = (serialNumber: string) =>
  PDID.encode({ vendor: "0c1105", model: 1, hardwareVersion: 1, serialNumber, firmwareVersion: "1.2.3" });

describe("scan", () => {
  test("every speed and address: a unit with a foreign key is named too", async () => {
    const bench = makeSim({ sim: { key, address: 77 } });
    bench.clock.after(1, () => void bench.line.b.setBaud(57_600));
    const { whole, report, progress } = order(bench, { bauds: osdpBauds, addresses: all });
    expect((await bench.end(scan(whole))).error).toBeNull();
    expect(report.found).toMatchObject([{ address: 77, baud: 57_600, serialNumber: "01020304", model: 1 }]);
    expect(report.doubtful).toEqual([]);
    expect(progress).toContain("230400/126");
    expect(bench.clock.now()).toBeLessThan(120_000);
  });

  test("several units on one line", async () => {
    const bench = makeBus();
    for (const [address, serialNumber] of [
      [2, "00000002"],
      [5, "00000005"],
    ] as const) {
      createSimSr01({ port: bench.line.b, clock: bench.clock, address, serialNumber });
    }
    const { whole, report } = order(bench);
    await bench.end(scan(whole));
    expect(report.found.map(({ address, serialNumber }) => [address, serialNumber])).toEqual([
      [2, "00000002"],
      [5, "00000005"],
    ]);
  });

  const rows: { name: string; script: Script; found: number[]; doubtful: [number, string][] }[] = [
    {
      name: "two units answer one question one after the other",
      script: (command) =>
        command.address === 4
          ? [
              { afterMs: 3, bytes: replyTo(command, PDID.code, who("00000001")) },
              { afterMs: 40, bytes: replyTo(command, PDID.code, who("00000002")) },
            ]
          : null,
      ...{ found: [], doubtful: [[4, "two-units"]] },
    },
    {
      name: "two units over each other: rubbish both times",
      script: (command) =>
        command.address === 4
          ? { bytes: replyTo(command, PDID.code, who("00000001")).map((byte, at) => (at > 6 ? byte ^ at : byte)) }
          : null,
      ...{ found: [], doubtful: [[4, "damaged"]] },
    },
    {
      name: "damaged once, whole the second time",
      script: (command, nth) => {
        if (command.address !== 4) return null;
        const bytes = replyTo(command, PDID.code, who("00000001"));
        return { bytes: nth === 5 ? bytes.map((byte, at) => (at === 9 ? byte ^ 1 : byte)) : bytes };
      },
      ...{ found: [4], doubtful: [] },
    },
    {
      name: "a slow unit, 150 ms: its late answer is noticed",
      script: (command) =>
        command.address === 5 ? { afterMs: 150, bytes: replyTo(command, PDID.code, who("00000001")) } : null,
      ...{ found: [5], doubtful: [] },
    },
    {
      name: "a unit that does not say who it is",
      script: (command) => (command.address === 4 ? { bytes: replyTo(command, NAK.code, [6]) } : null),
      ...{ found: [], doubtful: [[4, "refused"]] },
    },
    {
      name: "a unit that knows only checksums",
      script: (command) =>
        command.address === 0 && command.check === "checksum"
          ? { bytes: replyTo(command, PDID.code, who("00000001")) }
          : null,
      ...{ found: [0], doubtful: [] },
    },
    {
      name: "an answer sent twice is one unit",
      script: (command) => {
        const bytes = replyTo(command, PDID.code, who("00000001"));
        return command.address === 4 ? [{ bytes }, { afterMs: 33, bytes }] : null;
      },
      ...{ found: [4], doubtful: [] },
    },
    { name: "nobody", script: () => null, found: [], doubtful: [] },
  ];
  test.each(rows)("$name", async ({ script, found, doubtful }) => {
    const bench = makeScripted(script);
    const { whole, report } = order(bench);
    expect((await bench.end(scan(whole))).error).toBeNull();
    expect(report.found.map(({ address }) => address)).toEqual(found);
    expect(report.doubtful.map(({ address, evidence }) => [address, evidence])).toEqual(doubtful);
  });

  test("can be stopped, and keeps what it has", async () => {
    const bench = makeSim();
    const stop = new AbortController();
    const { whole, report } = order(bench, { signal: stop.signal });
    bench.clock.after(500, () => {
      stop.abort();
    });
    expect((await bench.end(scan(whole))).error?.code).toBe("cancelled");
    expect(report.found).toHaveLength(1);
  });

  test("another master: a whole command, then nothing more is sent", async () => {
    const bench = makeSim({ sim: { address: 100 } });
    const { whole } = order(bench, { addresses: all });
    bench.clock.after(300, () => void bench.line.b.write(fromHex("ff53000900046100c066")));
    expect((await bench.end(scan(whole))).error?.code).toBe("busy");
    const { length } = bench.sent;
    await bench.clock.advance(5000);
    expect(bench.sent.length).toBe(length);
  });

  test("rubbish all the time: somebody else is sending, whatever the speed", async () => {
    const bench = makeBus();
    const chatter = (): void => {
      void bench.line.b.write(Uint8Array.from({ length: 12 }, (_, i) => (37 * i + 5) & 0xff));
      bench.clock.after(20, chatter);
    };
    chatter();
    const { whole } = order(bench, { addresses: all });
    expect((await bench.end(scan(whole))).error?.code).toBe("busy");
    expect(bench.sent.length).toBeLessThan(10);
  });

  test("at each further speed it listens before it asks", async () => {
    const bench = makeBus();
    const { whole } = order(bench, { bauds: [9600, 19_200], addresses: [0] });
    let sentAtSecond = 0;
    bench.bus.wire.onTrace(({ direction }) => {
      if (direction === "sent" && bench.bus.baud === 19_200) sentAtSecond += 1;
    });
    const look = (): void => {
      if (bench.bus.baud === 19_200) void bench.line.b.write(Uint8Array.of(1, 2, 3));
      else bench.clock.after(5, look);
    };
    look();
    expect((await bench.end(scan(whole))).error?.code).toBe("busy");
    expect(sentAtSecond).toBe(0);
  });
});

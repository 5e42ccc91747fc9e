import { describe, expect, test } from "vitest";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { makeSim } from "./harness.ts";
import { count, fast, file, receiver, transfer } from "./receiving-pd.ts";

describe("with the simulated SR01", () => {
  const rows: {
    name: string;
    faults: Sr01Faults;
    end: string;
    reason?: string;
    fragments?: number;
    polls?: [number, number];
  }[] = [
    { name: "healthy", faults: {}, end: "processed", fragments: 3 },
    {
      name: "a wait without leave to ask: silence",
      faults: { ftDelayMs: 900, ftAction: 0 },
      end: "processed",
      fragments: 3,
      polls: [0, 0],
    },
    {
      name: "a wait with leave to ask: POLLs go on",
      faults: { ftDelayMs: 900, ftAction: 1 },
      end: "processed",
      fragments: 3,
      polls: [6, 12],
    },
    {
      name: "a wait of 15 s: one POLL every 7 s",
      faults: { ftDelayMs: 15_000, ftAction: 0 },
      end: "processed",
      fragments: 3,
      polls: [4, 4],
    },
    {
      name: "bit 2 that stays set: one POLL a fragment",
      faults: { ftAction: 4 },
      end: "processed",
      fragments: 3,
      polls: [2, 2],
    },
    { name: "bit 1, leave the secure channel", faults: { ftAction: 2 }, end: "processed", fragments: 3, polls: [0, 0] },
    {
      name: "0 on the last fragment, for ever",
      faults: { statusZeroOnLast: true },
      end: "protocol",
      reason: "no-end",
      fragments: 8,
    },
    { name: "processed too early", faults: { earlyDone: true }, end: "protocol", reason: "early-end", fragments: 1 },
    {
      name: "rebooting too early",
      faults: { ftStatusAt: { offset: 2000, detail: 2 } },
      end: "protocol",
      reason: "early-end",
      fragments: 2,
    },
    {
      name: "an unknown good status all the way",
      faults: { ftStatusAt: { offset: 1, detail: 9 } },
      end: "protocol",
      reason: "no-end",
      fragments: 8,
    },
    {
      name: "-1",
      faults: { ftStatusAt: { offset: 2000, detail: -1 } },
      end: "device-refused",
      reason: "aborted",
      fragments: 2,
    },
    {
      name: "-2",
      faults: { ftStatusAt: { offset: 2000, detail: -2 } },
      end: "device-refused",
      reason: "not-recognised",
      fragments: 2,
    },
    {
      name: "-3",
      faults: { ftStatusAt: { offset: 4000, detail: -3 } },
      end: "device-refused",
      reason: "malformed",
      fragments: 3,
    },
    {
      name: "-500",
      faults: { ftStatusAt: { offset: 1, detail: -500 } },
      end: "device-refused",
      reason: "refused",
      fragments: 1,
    },
    { name: "every third reply lost", faults: { dropEvery: 3 }, end: "processed" },
    { name: "mute half-way", faults: { silentAfterBytes: 2000 }, end: "device-timeout" },
  ];
  test.each(rows)("$name", async ({ faults, end, reason, fragments, polls }) => {
    const bench = makeSim(fast);
    await bench.clock.run(bench.device.start());
    bench.sim.setFaults(faults);
    const { value, error } = await transfer(bench, file(4000));
    expect(value?.outcome ?? error?.code).toBe(end);
    if (reason !== undefined) expect(error?.data?.["reason"]).toBe(reason);
    if (fragments !== undefined) expect(count(bench, "FILETRANSFER")).toBe(fragments);
    const polled = count(bench, "POLL");
    if (polls) expect(polled >= polls[0] && polled <= polls[1], `${String(polled)} POLLs`).toBe(true);
    if (error) expect(error.data).toMatchObject({ totalBytes: 4000 });
    // Whoever can still hear us is told that nothing more comes; a transfer begins with ABORT too.
    expect(count(bench, "ABORT")).toBe(error && end !== "device-timeout" ? 2 : 1);
  });

  test("3 for 30 s is more than the time allowed for finishing", async () => {
    const bench = receiver((piece) =>
      piece.offset + piece.fragment.length === piece.total ? { detail: 3, delayMs: 500 } : {},
    );
    const { error } = await transfer(bench, file(300));
    expect([error?.code, error?.data?.["reason"]]).toEqual(["protocol", "no-end"]);
    expect(bench.clock.now()).toBeGreaterThan(20_000);
    expect(bench.clock.now()).toBeLessThan(22_000);
  });

  test("3 for 10 s, then 1", async () => {
    const bench = receiver((piece, nth) => {
      if (piece.offset + piece.fragment.length < piece.total) return {};
      return nth < 22 ? { detail: 3, delayMs: 500 } : { detail: 1 };
    });
    const { value } = await transfer(bench, file(300));
    expect(value?.outcome).toBe("processed");
    // The time of a transfer ends with the answer to the last byte.
    expect(value?.seconds).toBeLessThan(1);
  });

  test("cancelled: the unit is told, and it has forgotten the file", async () => {
    const bench = makeSim();
    const stop = new AbortController();
    let sentBytes = 0;
    const { error } = await transfer(bench, file(8000), {
      signal: stop.signal,
      onProgress: (progress) => {
        sentBytes = progress.sentBytes;
        if (sentBytes >= 2840) stop.abort();
      },
    });
    expect(error?.code).toBe("cancelled");
    expect(error?.data).toMatchObject({ sentBytes, totalBytes: 8000, fragmentBytes: 1420 });
    expect(bench.sim.state().file).toBeNull();
    expect(bench.said().at(-1)).toMatch(/^ABORT/);
  });

  test.each([100, 1420, 1500, 2840, 3900, 4000])(
    "a restart of the unit at %i bytes: from the beginning, and whole",
    async (restartAtBytes) => {
      const bench = makeSim(fast);
      await bench.clock.run(bench.device.start());
      bench.sim.setFaults({ restartAtBytes, rebootMs: 2000 });
      const kinds: string[] = [];
      bench.sim.onEvent((event) => {
        if (event.event === "file") kinds.push(event.state);
      });
      const { value, error } = await transfer(bench, file(4000));
      expect(value?.outcome ?? error?.code).toBe("processed");
      expect(kinds).toEqual(
        restartAtBytes <= 2840
          ? ["started", "aborted", "started", "received"]
          : ["started", "received", "started", "received"],
      );
    },
  );

  test("the exit button is heard during a transfer", async () => {
    const bench = makeSim();
    const heard: string[] = [];
    bench.device.onReport((reply) => heard.push(reply.name));
    bench.clock.after(5000, () => {
      bench.sim.exitButton(true);
    });
    const { value } = await transfer(bench, file(12_000));
    expect(value?.outcome).toBe("processed");
    expect(heard).toEqual(["ISTATR"]);
  });
});

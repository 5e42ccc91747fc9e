import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equalBytes } from "../../src-main/lib/bytes.ts";
import { ABORT, FILETRANSFER, POLL } from "../../src-main/osdp/commands.ts";
import { FTSTAT } from "../../src-main/osdp/replies.ts";
import { makeScripted, makeSim, nak, replyTo } from "./harness.ts";
import { count, fast, file, names, receiver, transfer } from "./receiving-pd.ts";

describe("with a scripted receiver", () => {
  test("a lost FTSTAT is asked for again and nothing is written twice", async () => {
    const bench = makeSim(fast);
    await bench.clock.run(bench.device.start());
    bench.sim.setFaults({ dropEvery: 2 });
    const { value } = await transfer(bench, file(5000));
    // The simulated SR01 refuses an offset that is not where the last fragment ended.
    expect(value?.outcome).toBe("processed");
    expect(bench.device.repeats).toBeGreaterThan(2);
    expect(bench.sim.state().counts.repeats).toBeGreaterThan(2);
  });

  test("BUSY on a fragment: the same fragment until it is taken", async () => {
    const bench = receiver((_, nth) => (nth === 2 || nth === 3 ? "busy" : {}));
    const data = file(700);
    const { value } = await transfer(bench, data);
    expect(value?.outcome).toBe("processed");
    expect(bench.written).toEqual(["0+236", "236+236", "472+228"]);
    expect(equalBytes(Uint8Array.from(bench.parts), data)).toBe(true);
  });

  test.each([
    { code: 2, at: 1, error: "device-refused" },
    { code: 3, at: 1, error: "unsupported" },
    { code: 9, at: 2, error: "device-refused" },
  ])("NAK $code to fragment $at ends the transfer", async ({ code, at, error: wanted }) => {
    const bench = receiver((_, nth) => (nth === at ? code : {}));
    const { error } = await transfer(bench, file(700));
    expect([error?.code, error?.data?.["nak"]]).toEqual([wanted, code]);
    expect(bench.said().at(-1)).toMatch(/^ABORT/);
    expect(count(bench, "FILETRANSFER")).toBe(at);
  });

  test("an ACK instead of FTSTAT is nonsense, not a success", async () => {
    const bench = makeScripted(() => undefined, fast);
    const { error } = await transfer(bench, file(700));
    expect(error?.code).toBe("protocol");
    expect(count(bench, "FILETRANSFER")).toBe(1);
  });

  test("a first full fragment unanswered three times: from the start with frames of 128", async () => {
    // As a stock libosdp PD at 9600: it says 256 and drops what takes longer than 200 ms.
    const bench = receiver((piece) => (piece.fragment.length > 180 ? null : {}), {});
    const data = file(700);
    const { value } = await transfer(bench, data);
    expect(value).toMatchObject({ outcome: "processed", fragmentBytes: 108 });
    expect(equalBytes(Uint8Array.from(bench.parts), data)).toBe(true);
    expect(bench.written.slice(0, 2)).toEqual(["0+108", "108+108"]);
    const from = bench.said().lastIndexOf("ID 0");
    expect(
      bench
        .said()
        .slice(0, from)
        .filter((said) => said.startsWith("FILETRANSFER")),
    ).toHaveLength(3);
    expect(names(bench).slice(from, from + 5)).toEqual(["ID", "CAP", "ACURXSIZE", "ABORT", "FILETRANSFER"]);
  });

  test("a unit that loses the conversation under a POLL gets the file from the beginning", async () => {
    let polls = 0;
    const data = file(2000);
    const parts: number[] = [];
    const bench = makeScripted(
      (command) => {
        if (command.code === POLL.code && ++polls === 2) {
          parts.length = 0;
          return nak(command, 4);
        }
        if (command.code === ABORT.code) parts.length = 0;
        if (command.code !== FILETRANSFER.code) return undefined;
        const piece = FILETRANSFER.decode(command.data);
        parts.push(...piece.fragment);
        // Counts bytes and ignores offsets, as libosdp does.
        const status = { action: 1, delayMs: 150, detail: parts.length >= piece.total ? 1 : 0, updateMax: 0 };
        return { bytes: replyTo(command, FTSTAT.code, FTSTAT.encode(status)) };
      },
      { ...fast, capabilities: [{ function: 10, compliance: 0, count: 1 }] },
    );
    const { value, error } = await transfer(bench, data);
    expect(value?.outcome ?? error?.message).toBe("processed");
    expect(polls).toBeGreaterThan(2);
    expect(equalBytes(Uint8Array.from(parts), data)).toBe(true);
  });

  test("POLLs that are refused or answered strangely do not end a transfer", async () => {
    let polls = 0;
    const bench = makeScripted(
      (command) => {
        if (command.code === POLL.code)
          return ++polls % 2 ? nak(command, 3) : { bytes: replyTo(command, 0x57, [1, 2]) };
        if (command.code !== FILETRANSFER.code) return undefined;
        const { offset, fragment, total } = FILETRANSFER.decode(command.data);
        const status = { action: 1, delayMs: 250, detail: offset + fragment.length === total ? 1 : 0, updateMax: 0 };
        return { bytes: replyTo(command, FTSTAT.code, FTSTAT.encode(status)) };
      },
      { ...fast, capabilities: [{ function: 10, compliance: 0, count: 1 }] },
    );
    const { value, error } = await transfer(bench, file(1500));
    expect(value?.outcome ?? error?.message).toBe("processed");
    expect(polls).toBeGreaterThan(3);
  });

  test("another unit after a restart gets nothing", async () => {
    const bench = makeSim(fast);
    await bench.clock.run(bench.device.start());
    bench.sim.setFaults({ restartAtBytes: 2000, rebootMs: 1000, otherSerialAfterReboot: "0a0b0c0d" });
    const { error } = await transfer(bench, file(4000));
    expect(error?.code).toBe("not-verified");
    expect(bench.sim.state().file).toBeNull();
    expect(count(bench, "FILETRANSFER")).toBeLessThan(8);
  });

  test("gone for good after a restart: the error says how far it was", async () => {
    const bench = makeSim(fast);
    await bench.clock.run(bench.device.start());
    bench.sim.setFaults({ restartAtBytes: 2000, neverReturns: true });
    const { error } = await transfer(bench, file(4000));
    expect(error?.code).toBe("device-timeout");
    expect(error?.data).toMatchObject({ totalBytes: 4000 });
    expect(typeof error?.data?.["seconds"]).toBe("number");
  });
});

test("random files, receivers and wishes: exactly the file arrives, no frame is longer than it may be", async () => {
  const updates = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 40, max: 1600 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 100, max: 1440 }),
      updates,
      async (size, receiveBytes, wishes) => {
        const bench = receiver((_, nth) => ({ updateMax: wishes[nth - 1] ?? 0 }), {
          line: { baud: 230_400 },
          receiveBytes,
        });
        const data = file(size);
        const { value, error } = await transfer(bench, data);
        expect(value?.outcome ?? error?.message).toBe("processed");
        expect(equalBytes(Uint8Array.from(bench.parts), data)).toBe(true);
        let limit = Math.max(128, receiveBytes);
        const frames = bench.sent.filter((_, index) => names(bench)[index] === "FILETRANSFER");
        frames.forEach(({ bytes }, index) => {
          expect(bytes.length).toBeLessThanOrEqual(limit);
          const wish = wishes[index] ?? 0;
          if (wish > 0) limit = Math.min(wish, Math.max(128, receiveBytes));
        });
      },
    ),
    { numRuns: 40 },
  );
});

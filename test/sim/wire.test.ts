import { describe, expect, test } from "vitest";
import { toHex } from "../../src-main/lib/bytes.ts";
import { MemoryPort } from "../../src-main/lib/port.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { FILETRANSFER, OSTAT, OUT } from "../../src-main/osdp/commands.ts";
import { type Frame } from "../../src-main/osdp/frame.ts";
import { ACK } from "../../src-main/osdp/replies.ts";
import { Wire } from "../../src-main/osdp/wire.ts";
import { attempt, makeScripted, makeSim, pulse, quickTiming, replyTo, settle } from "./harness.ts";

describe("an adapter that gives back what we send", () => {
  /** A port whose every written byte comes back first; then the unit answers. */
  function echoing(damageEcho: (nth: number) => boolean, replyAfterMs = 3) {
    const clock = new VirtualClock(settle);
    const port = new MemoryPort("echo", 9600);
    const writes: Uint8Array[] = [];
    port.onSend = (bytes) => {
      writes.push(bytes);
      const lineMs = (bytes.length * 10_000) / port.baud;
      const echo = bytes.slice();
      if (damageEcho(writes.length)) echo[6] = (echo[6] ?? 0) ^ 0x40;
      clock.after(lineMs, () => {
        port.deliver(echo);
      });
      const command = { address: 0, sequence: (bytes[5] ?? 0) & 3, check: "crc" } as Frame;
      clock.after(lineMs + replyAfterMs, () => {
        port.deliver(replyTo(command, 0x4a, [1]));
      });
    };
    return { clock, writes, wire: new Wire(port, clock, quickTiming) };
  }

  test("its own echo is dropped", async () => {
    const { clock, wire, writes } = echoing(() => false);
    for (let i = 1; i < 10; i++) {
      const end = await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), (i % 3) + 1));
      expect(end.type).toBe("reply");
      await clock.advance(20);
    }
    expect(wire.stopped).toBeNull();
    expect(writes).toHaveLength(9);
  });

  test.each([3, 60, 150])("a damaged echo is no damaged reply: the one after %i ms is still waited for", async (ms) => {
    const { clock, wire } = echoing((nth) => nth === 2, ms);
    for (let i = 1; i < 4; i++) {
      const end = await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), i));
      expect(end.type).toBe("reply");
    }
    expect(wire.stopped).toBeNull();
  });
});

describe("time limits", () => {
  test.each([
    { earlyDrain: false, replyMs: 190, end: "reply" },
    { earlyDrain: true, replyMs: 190, end: "reply" },
    { earlyDrain: false, replyMs: 215, end: "silence" },
    { earlyDrain: true, replyMs: 215, end: "silence" },
  ])(
    "a frame of 1440 bytes takes 1.5 s at 9600: the limit starts behind it (early drain $earlyDrain, $replyMs ms)",
    async ({ earlyDrain, replyMs, end }) => {
      const bench = makeScripted((command) => ({ afterMs: replyMs, bytes: replyTo(command, ACK.code) }), {
        line: { earlyDrain },
      });
      const fragment = FILETRANSFER.encode({ type: 1, total: 5000, offset: 0, fragment: new Uint8Array(1421) });
      const begun = bench.clock.now();
      const result = await bench.clock.run(attempt(bench.bus.wire, FILETRANSFER.code, fragment, 1, 200));
      expect(result.type).toBe(end);
      expect(bench.clock.now() - begun).toBeGreaterThan(1441 * (10 / 9.6));
      expect(bench.clock.now() - begun).toBeLessThan(1441 * (10 / 9.6) + 250);
    },
  );

  test("a drain that never ends does not hold the line", async () => {
    const { clock, port, wire } = bare();
    port.onSend = () => new Promise(() => undefined);
    const result = await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), 1));
    expect(result.type).toBe("silence");
    expect(clock.now()).toBeLessThan(1500);
    port.onSend = () => undefined;
    expect((await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), 1))).type).toBe("silence");
  });

  test("a drain that comes late: the limit starts with it", async () => {
    const { clock, port, wire } = bare();
    port.onSend = () => new Promise((resolve) => clock.after(400, resolve));
    clock.after(550, () => {
      port.deliver(replyTo({ address: 0, sequence: 1, check: "crc" } as Frame, ACK.code));
    });
    expect((await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), 1))).type).toBe("reply");
  });

  test("a reply before the drain says that the bytes are out is a reply", async () => {
    const { clock, port, wire } = bare();
    port.onSend = () => new Promise((resolve) => clock.after(400, resolve));
    clock.after(30, () => {
      port.deliver(replyTo({ address: 0, sequence: 1, check: "crc" } as Frame, ACK.code));
    });
    expect((await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), 1))).type).toBe("reply");
    expect(clock.now()).toBeLessThan(50);
  });

  test("a stalled program: what came in time is taken although the timer fires first", async () => {
    const { clock, port, wire } = bare();
    const lineMs = 9 * (10 / 9.6);
    // The timer of the limit is served first; what waits in the system comes in the same turn of the event loop.
    clock.after(lineMs + 200.5, () => {
      port.deliver(replyTo({ address: 0, sequence: 1, check: "crc" } as Frame, ACK.code));
    });
    expect((await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), 1))).type).toBe("reply");
  });

  test("a reply that began in time may end after the limit", async () => {
    const bench = makeScripted((command) => ({
      afterMs: 185,
      bytes: replyTo(command, 0x90, new Array<number>(200).fill(7)),
    }));
    expect((await bench.clock.run(attempt(bench.bus.wire, OSTAT.code, new Uint8Array(0), 1, 200))).type).toBe("reply");
  });

  test("half a reply is missed 20 ms later, not after the whole limit", async () => {
    const bench = makeScripted((command) => ({ bytes: replyTo(command, ACK.code).slice(0, 6) }));
    const begun = bench.clock.now();
    expect((await bench.clock.run(attempt(bench.bus.wire, OSTAT.code, new Uint8Array(0), 1, 800))).type).toBe(
      "damaged",
    );
    expect(bench.clock.now() - begun).toBeLessThan(60);
  });
});

describe("the quiet before sending", () => {
  test.each([9600, 38_400, 115_200])(
    "two idle characters at %i bit/s, unless a timer could not keep them",
    async (baud) => {
      const bench = makeScripted(() => undefined, { line: { baud } });
      await bench.clock.run(bench.device.start());
      const { bytes: id, at } = bench.sent[0] ?? { bytes: new Uint8Array(0), at: 0 };
      const charMs = 10_000 / baud;
      const replyEnd = at + (id.length + 21) * charMs + 3;
      const quiet = (bench.sent[1]?.at ?? 0) - replyEnd;
      expect(quiet).toBeGreaterThan(2 * charMs - 0.5);
      expect(quiet).toBeLessThan(2 * charMs + 0.6);
    },
  );

  test("a frame that has begun to come in may end first, however its bytes are handed over", async () => {
    const { clock, port, wire } = bare();
    const sentAt: number[] = [];
    port.onSend = () => {
      sentAt.push(clock.now());
    };
    const reply = replyTo({ address: 0, sequence: 1, check: "crc" } as Frame, ACK.code);
    clock.after(20, () => {
      port.deliver(Uint8Array.from([...reply, ...reply.slice(0, 5)]));
    });
    clock.after(35, () => {
      port.deliver(reply.slice(5));
    });
    await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), 1));
    expect(clock.now()).toBe(20);
    await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), 2));
    expect(sentAt[1]).toBeGreaterThanOrEqual(35 + 2 * (10 / 9.6));
    expect(sentAt[1]).toBeLessThan(60);
  });

  test("a doubled reply may end before the next command: no collision", async () => {
    // Bytes come one by one: what an adapter keeps back in a chunk nobody can know of.
    const bench = makeSim({ line: { sliceMs: 1 }, sim: { faults: { doubleReplies: 20 } } });
    await bench.clock.run(bench.device.start());
    for (let i = 0; i < 6; i++) expect((await bench.end(bench.device.request(OSTAT, {}))).error).toBeNull();
    const { a, b } = bench.line.counters();
    expect(a.collidedBytes + b.collidedBytes).toBe(0);
    expect(bench.device.repeats).toBe(0);
  });
});

describe("the line goes away", () => {
  test.each([
    { how: "closed by us", end: (port: MemoryPort) => void port.close() },
    {
      how: "pulled",
      end: (port: MemoryPort) => {
        port.hangUp();
      },
    },
  ])("$how while an order waits for its answer: link-lost, maybe executed", async ({ end }) => {
    const bench = makeScripted((command) => (command.code === OUT.code ? null : undefined));
    await bench.clock.run(bench.device.start());
    const work = bench.end(bench.device.request(OUT, pulse));
    await bench.clock.advance(50);
    end(bench.line.a);
    const { error } = await work;
    expect([error?.code, error?.data?.["maybeExecuted"]]).toEqual(["link-lost", true]);
    const next = await bench.end(bench.device.request(OUT, pulse));
    expect([next.error?.code, next.error?.data?.["maybeExecuted"]]).toEqual(["link-lost", undefined]);
  });

  test("in the middle of sending", async () => {
    const bench = makeScripted(() => undefined);
    await bench.clock.run(bench.device.start());
    const work = bench.end(bench.device.request(OUT, pulse));
    await bench.clock.advance(8);
    bench.line.a.hangUp();
    const { error } = await work;
    expect([error?.code, error?.data?.["maybeExecuted"]]).toEqual(["link-lost", true]);
  });

  test("requests in the queue end as well", async () => {
    const bench = makeScripted((command) => (command.code === OSTAT.code ? null : undefined));
    await bench.clock.run(bench.device.start());
    const work = [1, 2, 3].map(() => bench.end(bench.device.request(OSTAT, {})));
    await bench.clock.advance(50);
    bench.line.a.hangUp();
    expect((await Promise.all(work)).map(({ error }) => error?.code)).toEqual(["link-lost", "link-lost", "link-lost"]);
  });
});

test("the trace holds every byte both ways with its time", async () => {
  const bench = makeScripted(() => undefined);
  const seen: string[] = [];
  bench.bus.wire.onTrace(({ direction, bytes }) => seen.push(`${direction} ${toHex(bytes)}`));
  await bench.clock.run(bench.device.start());
  expect(seen[0]).toBe("sent ff53000900046100c066");
  const received = seen.filter((line) => line.startsWith("received")).map((line) => line.slice(9));
  expect(received.join("")).toMatch(/^ff5380140004450c110501010403020101020369e2ff53/);
});

function bare() {
  const clock = new VirtualClock(settle);
  const port = new MemoryPort("a", 9600);
  return { clock, port, wire: new Wire(port, clock, quickTiming) };
}

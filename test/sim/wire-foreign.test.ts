import { describe, expect, test } from "vitest";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { MemoryPort } from "../../src-main/lib/port.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { OSTAT, OUT } from "../../src-main/osdp/commands.ts";
import { encodeFrame, withMark, type Frame } from "../../src-main/osdp/frame.ts";
import { ACK } from "../../src-main/osdp/replies.ts";
import { Wire } from "../../src-main/osdp/wire.ts";
import { attempt, makeScripted, pulse, replyTo, settle } from "./harness.ts";

const foreignPoll = fromHex("ff53050800056037ff");
const pollOf5 = withMark(
  encodeFrame({
    ...{ address: 5, reply: false, sequence: 1, check: "crc", scb: null, code: 0x60 },
    ...{ data: new Uint8Array(0), mac: null },
  }),
);

describe("another master on the line", () => {
  test.each([
    { name: "a whole command", bytes: pollOf5 },
    { name: "rubbish of eight bytes", bytes: fromHex("0102030405060708") },
    { name: "a damaged command", bytes: foreignPoll },
  ])("$name while idle: busy, and nothing is sent any more", async ({ bytes }) => {
    const bench = makeScripted(() => undefined);
    await bench.clock.run(bench.device.start());
    const stops: string[] = [];
    bench.bus.wire.onStop((error) => stops.push(error.code));
    await bench.clock.advance(100);
    bench.sent.length = 0;
    await bench.clock.run(bench.line.b.write(bytes));
    await bench.clock.advance(100);
    expect(stops).toEqual(["busy"]);
    const { error } = await bench.end(bench.device.request(OUT, pulse));
    expect([error?.code, error?.data?.["maybeExecuted"]]).toEqual(["busy", undefined]);
    expect(bench.sent).toHaveLength(0);
  });

  test("its command just as we want to send: nothing is sent", async () => {
    const bench = makeScripted(() => undefined);
    await bench.clock.run(bench.device.start());
    await bench.clock.advance(100);
    bench.sent.length = 0;
    void bench.line.b.write(pollOf5);
    // Half of it has come when we ask.
    await bench.clock.advance(6);
    const { error } = await bench.end(bench.device.request(OUT, pulse));
    expect(error?.code).toBe("busy");
    expect(bench.sent).toHaveLength(0);
  });

  test("its command while we wait for an answer: the order may have been executed", async () => {
    const bench = makeScripted((command) => (command.code === OUT.code ? { afterMs: 20, bytes: pollOf5 } : undefined));
    await bench.clock.run(bench.device.start());
    const { error } = await bench.end(bench.device.request(OUT, pulse));
    expect([error?.code, error?.data?.["maybeExecuted"]]).toEqual(["busy", true]);
    expect(bench.said().filter((name) => name.startsWith("OUT"))).toHaveLength(1);
  });

  test.each([
    { name: "one glitch byte", bytes: "00", times: 1, everyMs: 100 },
    { name: "a glitch every six seconds", bytes: "00", times: 6, everyMs: 6000 },
    { name: "marks", bytes: "ffffffffff", times: 3, everyMs: 100 },
  ])("$name is none", async ({ bytes, times, everyMs }) => {
    const bench = makeScripted(() => undefined);
    await bench.clock.run(bench.device.start());
    await bench.clock.advance(100);
    for (let i = 0; i < times; i++) {
      await bench.clock.run(bench.line.b.write(fromHex(bytes)));
      await bench.clock.advance(everyMs);
    }
    expect((await bench.end(bench.device.request(OSTAT, {}))).value?.reply.name).toBe("OSTATR");
  });

  test("a glitch behind every reply, handed over 16 ms late by the adapter, is none", async () => {
    const clock = new VirtualClock(settle);
    const port = new MemoryPort("a", 9600);
    const wire = new Wire(port, clock, { latencyMs: 50, gapMs: 20 });
    for (let i = 0; i < 20; i++) {
      const sequence = (i % 3) + 1;
      clock.after(15, () => {
        port.deliver(replyTo({ address: 0, sequence, check: "crc" } as Frame, ACK.code));
      });
      clock.after(31, () => {
        port.deliver(Uint8Array.of(0));
      });
      expect((await clock.run(attempt(wire, OSTAT.code, new Uint8Array(0), sequence))).type).toBe("reply");
      await clock.advance(100);
    }
    expect(wire.stopped).toBeNull();
  });

  test("a late reply of the unit that was asked is none", async () => {
    const bench = makeScripted((command) =>
      command.code === OSTAT.code ? { afterMs: 240, bytes: replyTo(command, 0x4a, [0]) } : undefined,
    );
    await bench.clock.run(bench.device.start());
    await bench.end(bench.device.request(OSTAT, {}, { maxAttempts: 1 }));
    await bench.clock.advance(500);
    expect(bench.bus.wire.stopped).toBeNull();
  });
});

import { describe, expect, test } from "vitest";
import { toHex } from "../../src-main/lib/bytes.ts";
import { OSTAT, OUT } from "../../src-main/osdp/commands.ts";
import { encodeFrame, withMark } from "../../src-main/osdp/frame.ts";
import { makeScripted, makeSim, nak, pulse } from "./harness.ts";

describe("a unit that goes away", () => {
  test("is given up after 8 s", async () => {
    const bench = makeSim();
    await bench.clock.run(bench.device.start());
    bench.sim.unplug();
    const begun = bench.clock.now();
    const { error } = await bench.end(bench.device.request(OSTAT, {}));
    expect(error?.code).toBe("device-timeout");
    expect(bench.clock.now() - begun).toBeGreaterThanOrEqual(8000);
    expect(bench.clock.now() - begun).toBeLessThan(9000);
    expect(bench.device.online).toBe(false);
  });

  test("and reboots in between: a read is answered, an order is not sent twice", async () => {
    const bench = makeSim();
    await bench.clock.run(bench.device.start());
    bench.sim.unplug();
    bench.sim.plugIn();
    expect((await bench.end(bench.device.request(OSTAT, {}))).value?.reply.name).toBe("OSTATR");
    bench.sim.unplug();
    bench.sim.plugIn();
    const { error } = await bench.end(bench.device.request(OUT, pulse));
    expect([error?.code, error?.data?.["maybeExecuted"]]).toEqual(["protocol", true]);
    expect(bench.sim.state().counts.moves).toBe(0);
  });

  test("and comes back within the 8 s: the repeats reach it", async () => {
    const bench = makeSim();
    await bench.clock.run(bench.device.start());
    bench.sim.unplug();
    bench.clock.after(3000, () => {
      bench.sim.plugIn();
    });
    expect((await bench.end(bench.device.request(OSTAT, {}))).value?.reply.name).toBe("OSTATR");
  });

  test("8 s without a word: the next request begins with ID", async () => {
    const bench = makeSim();
    await bench.clock.run(bench.device.start());
    await bench.clock.advance(8001);
    bench.sent.length = 0;
    await bench.clock.run(bench.device.request(OUT, pulse));
    expect(bench.said()).toEqual(["ID 0", "CAP 1", "OUT 2"]);
    expect(bench.sim.state().counts.moves).toBe(1);
  });
});

describe("start and capabilities", () => {
  test.each([
    {
      name: "frames of 1440",
      rows: [
        [8, 1, 0],
        [10, 0xa0, 5],
      ],
      receiveBytes: 1440,
      check: 4,
    },
    { name: "no function 10: 128", rows: [[8, 1, 0]], receiveBytes: 128, check: 4 },
    {
      name: "function 10 of 0: 128",
      rows: [
        [10, 0, 0],
        [8, 1, 0],
      ],
      receiveBytes: 128,
      check: 4,
    },
    { name: "no function 8: CRC was understood and stays", rows: [[10, 0, 1]], receiveBytes: 256, check: 4 },
    {
      name: "function 8 says checksum",
      rows: [
        [8, 0, 0],
        [10, 0, 1],
      ],
      receiveBytes: 256,
      check: 0,
    },
    {
      name: "an unknown function first",
      rows: [
        [99, 1, 1],
        [8, 1, 0],
        [10, 0, 1],
      ],
      receiveBytes: 256,
      check: 4,
    },
  ])("$name", async ({ rows: table, receiveBytes, check }) => {
    const capabilities = table.map(([code = 0, compliance = 0, count = 0]) => ({ function: code, compliance, count }));
    const bench = makeScripted(() => undefined, { capabilities });
    const facts = await bench.clock.run(bench.device.start());
    expect(facts.receiveBytes).toBe(receiveBytes);
    await bench.clock.run(bench.device.request(OSTAT, {}));
    expect((bench.sent.at(-1)?.bytes[5] ?? 0) & 4).toBe(check);
  });

  test("CAP refused: the floor of the standard", async () => {
    const bench = makeScripted((command) => (command.code === 0x62 ? nak(command, 3) : undefined));
    const facts = await bench.clock.run(bench.device.start());
    expect([facts.receiveBytes, facts.capabilities]).toEqual([128, []]);
    expect((await bench.end(bench.device.request(OSTAT, {}))).value?.reply.name).toBe("OSTATR");
  });

  test.each([
    { name: "silent", answer: null },
    { name: "says NAK 01", answer: "nak" as const },
  ])("a unit that knows only checksums and is otherwise $name", async ({ answer }) => {
    const bench = makeScripted(
      (command) => {
        if (command.check === "checksum") return undefined;
        return answer === null ? null : nak(command, 1, { check: "checksum" });
      },
      { capabilities: [{ function: 8, compliance: 0, count: 0 }] },
    );
    const { value } = await bench.end(bench.device.start());
    expect(value?.id.serialNumber).toBe("01020304");
    await bench.clock.run(bench.device.request(OSTAT, {}));
    expect(bench.heard.at(-1)?.check).toBe("checksum");
  });
});

describe("several units on one line", () => {
  test("requests go in the order of asking, fairly among addresses", async () => {
    const bench = makeScripted(() => undefined);
    const devices = [0, 1, 2].map((address) => bench.bus.device(address));
    await bench.clock.run(Promise.all(devices.map((device) => device.start())));
    bench.heard.length = 0;
    const work = devices.map(async (device) => {
      for (let i = 0; i < 4; i++) await device.request(OSTAT, {});
    });
    await bench.clock.run(Promise.all(work));
    expect(bench.heard.map((frame) => frame.address)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  test("a dead one does not stop the others", async () => {
    const bench = makeScripted((command) => (command.address === 1 ? null : undefined));
    const dead = bench.end(bench.bus.device(1).start());
    const alive = bench.bus.device(2);
    await bench.clock.run(alive.start());
    for (let i = 0; i < 10; i++) await bench.clock.run(alive.request(OSTAT, {}));
    expect(bench.clock.now()).toBeLessThan(8000);
    expect((await dead).error?.code).toBe("device-timeout");
  });

  test("one unit's number is not another's", async () => {
    const bench = makeScripted(() => undefined);
    await bench.clock.run(bench.bus.device(1).start());
    await bench.clock.run(bench.bus.device(1).request(OSTAT, {}));
    await bench.clock.run(bench.bus.device(2).start());
    expect(bench.said()).toEqual(["ID 0", "CAP 1", "OSTAT 2", "ID 0", "CAP 1"]);
  });
});

describe("cancelling", () => {
  test("before anything was sent: nothing is sent", async () => {
    const bench = makeScripted(() => undefined);
    const { error } = await bench.end(bench.device.request(OUT, pulse, { signal: AbortSignal.abort() }));
    expect([error?.code, error?.data?.["maybeExecuted"]]).toEqual(["cancelled", undefined]);
    expect(bench.sent).toHaveLength(0);
  });

  test.each([0, 1, 50, 300, 1200, 2000])(
    "after %i ms without an answer: the order may have been executed",
    async (ms) => {
      const bench = makeScripted((command) => (command.code === OUT.code ? null : undefined));
      await bench.clock.run(bench.device.start());
      const stop = new AbortController();
      const work = bench.end(bench.device.request(OUT, pulse, { signal: stop.signal }));
      await bench.clock.advance(3);
      bench.clock.after(ms, () => {
        stop.abort();
      });
      const { error } = await work;
      expect([error?.code, error?.data?.["maybeExecuted"]]).toEqual(["cancelled", true]);
    },
  );

  test("while the unit is busy", async () => {
    const bench = makeSim({ sim: { faults: {} } });
    await bench.clock.run(bench.device.start());
    bench.sim.setFaults({ busyReplies: 1000 });
    const stop = new AbortController();
    const work = bench.end(bench.device.request(OUT, pulse, { signal: stop.signal }));
    await bench.clock.advance(1000);
    stop.abort();
    expect((await work).error?.code).toBe("cancelled");
    bench.sim.setFaults({});
    expect((await bench.end(bench.device.request(OSTAT, {}))).value?.reply.name).toBe("OSTATR");
  });
});

describe("reports", () => {
  test("POLL hands over what the unit has to say, oldest first, then nothing", async () => {
    const bench = makeSim();
    await bench.clock.run(bench.device.start());
    const heard: string[] = [];
    bench.device.onReport((reply, value) => heard.push(`${reply.name} ${JSON.stringify(value)}`));
    bench.sim.exitButton(true);
    bench.sim.tamper(true);
    for (let i = 0; i < 3; i++) await bench.clock.run(bench.device.poll());
    expect(heard).toEqual(['ISTATR {"values":[1,0]}', 'LSTATR {"tamper":true,"powerFailure":false}']);
  });
});

test("the bytes of a request are those of the golden frames", async () => {
  const bench = makeScripted(() => undefined);
  await bench.clock.run(bench.device.start());
  expect(bench.sent.map(({ bytes }) => toHex(bytes))).toEqual(["ff53000900046100c066", "ff53000900056200a304"]);
  const poll = { address: 0, reply: false, sequence: 1, check: "crc" as const, scb: null, code: 0x60, mac: null };
  expect(toHex(withMark(encodeFrame({ ...poll, data: new Uint8Array(0) })))).toBe("ff530008000560da99");
});

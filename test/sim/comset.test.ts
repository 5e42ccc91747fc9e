import { describe, expect, test } from "vitest";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { COMSET } from "../../src-main/osdp/commands.ts";
import { COM } from "../../src-main/osdp/replies.ts";
import type { SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { createSimSr01 } from "../../src-main/sim/sr01/sim-sr01.ts";
import { changeAddressAndSpeed, type ComsetOrder } from "../../src-main/sr01/comset.ts";
import type { makeBus } from "./harness.ts";
import { makeScripted, makeSim, replyTo, type Script } from "./harness.ts";

const key = fromHex("00112233445566778899aabbccddeeff");
const from = { address: 0, baud: 9600 };
const wish = { address: 5, baud: 38_400 };

function order(
  bench: Pick<ReturnType<typeof makeBus>, "bus" | "clock">,
  change: Partial<ComsetOrder> = {},
): ComsetOrder {
  return { bus: bench.bus, clock: bench.clock, from, wish, link: null, ...change };
}

const comsets = (said: string[]) => said.filter((words) => words.startsWith("COMSET")).length;

describe("address and speed of a simulated SR01", () => {
  test.each([
    ["both", wish],
    ["only the address", { address: 5, baud: 9600 }],
    ["only the speed", { address: 0, baud: 230_400 }],
    ["nothing new", from],
  ])("%s: it answers there, proven", async (_, to) => {
    const bench = makeSim();
    const { value } = await bench.end(changeAddressAndSpeed(order(bench, { wish: to })));
    expect(value).toMatchObject({ place: to, error: null });
    expect(bench.sim.state()).toMatchObject(to);
    expect(bench.bus.baud).toBe(to.baud);
    expect(comsets(bench.said())).toBe(1);
  });

  test("with its key: in the session, and a new session at the new place", async () => {
    const bench = makeSim({ sim: { key } });
    const link = { kind: "scbk" as const, key, randomBytes: (count: number) => new Uint8Array(count).fill(9) };
    bench.device.useKey(link);
    const { value } = await bench.end(changeAddressAndSpeed(order(bench, { link })));
    expect(value).toMatchObject({ place: wish, error: null });
    expect(bench.bus.device(5).security).toBe("scbk");
  });

  test("without its key it is refused, and nothing changes", async () => {
    const bench = makeSim({ sim: { key } });
    expect((await bench.end(changeAddressAndSpeed(order(bench)))).error?.code).toBe("device-auth");
    expect(bench.sim.state()).toMatchObject(from);
  });

  const faulty: { name: string; sim: Partial<SimSr01Options>; place: object | null; code: string | null }[] = [
    { name: "COM lost: the unit has moved all the same, and is found", sim: {}, place: wish, code: null },
  ];
  test.each(faulty)("$name", async ({ sim, place, code }) => {
    const bench = makeSim({ sim });
    let lost = false;
    bench.bus.wire.onTrace(({ direction, bytes }) => {
      if (direction !== "sent" || lost || bytes[6] !== COMSET.code) return;
      lost = true;
      bench.sim.setFaults({ dropReplies: 1 });
    });
    const { value } = await bench.end(changeAddressAndSpeed(order(bench)));
    expect(lost).toBe(true);
    expect(value).toMatchObject({ place });
    expect(value?.error?.code ?? null).toBe(code);
    expect(comsets(bench.said())).toBe(4);
  });

  test("COMSET not heard once: the repeat is answered at the old place", async () => {
    const bench = makeSim();
    await bench.clock.run(bench.device.start());
    bench.bus.wire.onTrace(({ direction, bytes }) => {
      if (direction === "sent" && bytes[6] === COMSET.code && comsets(bench.said()) === 1) {
        bench.sim.setFaults({ ignoreCommands: 1 });
      }
    });
    const { value } = await bench.end(changeAddressAndSpeed(order(bench)));
    expect(value).toMatchObject({ place: wish, error: null });
    expect(comsets(bench.said())).toBe(2);
  });

  test("silent at the new speed (the cable does not carry it): back to the old place, where the unit returns to", async () => {
    const bench = makeSim();
    // The unit hears nothing at 230400; its own timer brings it back after 10 s.
    bench.bus.wire.onTrace(() => {
      bench.line.setFaults({ byteLossRate: bench.bus.baud === 230_400 ? 0.5 : 0 });
    });
    const { value } = await bench.end(changeAddressAndSpeed(order(bench, { wish: { address: 0, baud: 230_400 } })));
    expect(value).toMatchObject({ place: from, error: { code: "not-verified" } });
    expect(value?.error?.message).toContain("still at address 0, 9600 bit/s");
    expect(bench.bus.baud).toBe(9600);
  });

  test("an address that another unit has is refused, nothing sent but the question", async () => {
    const bench = makeSim();
    createSimSr01({ port: bench.line.b, clock: bench.clock, address: 5, serialNumber: "0a0b0c0d" });
    const { error } = await bench.end(changeAddressAndSpeed(order(bench)));
    expect(error).toMatchObject({ code: "bad-input", field: "new-address" });
    expect(comsets(bench.said())).toBe(0);
  });

  test("gone after COM: neither here nor there, in bounded time", async () => {
    const bench = makeSim();
    bench.sim.onEvent((event) => {
      if (event.event === "parameters") bench.sim.unplug();
    });
    const { value } = await bench.end(changeAddressAndSpeed(order(bench)));
    expect(value).toMatchObject({ place: null, error: { code: "device-timeout" } });
    expect(bench.clock.now()).toBeLessThan(25_000);
  });
});

describe("what a scripted unit says to COMSET", () => {
  const says = (place: { address: number; baud: number }): Script => {
    return (command) =>
      command.code === COMSET.code ? { bytes: replyTo(command, COM.code, COM.encode(place)) } : undefined;
  };
  const rows: { name: string; script: Script; place: object | null; code: string }[] = [
    {
      name: "another address than asked for: followed, and told",
      script: says({ address: 9, baud: 9600 }),
      ...{ place: { address: 9, baud: 9600 }, code: "not-verified" },
    },
    {
      name: "the old values: it stays",
      script: says(from),
      ...{ place: from, code: "not-verified" },
    },
    {
      name: "yes, and it stays where it was",
      script: (command, nth, bytes) => (command.address === 0 ? says(wish)(command, nth, bytes) : null),
      ...{ place: from, code: "not-verified" },
    },
    {
      name: "a speed that cannot be",
      script: (command, nth, bytes) =>
        command.address === 0 ? says({ address: 0, baud: 300 })(command, nth, bytes) : null,
      ...{ place: from, code: "not-verified" },
    },
    {
      name: "nothing at all",
      script: (command) => (command.code === COMSET.code || command.address !== 0 ? null : undefined),
      ...{ place: from, code: "not-verified" },
    },
  ];
  test.each(rows)("$name", async ({ script, place, code }) => {
    // The scripted unit answers at any address; nobody is asked whether the new one is taken.
    const bench = makeScripted((command, nth, bytes) => {
      if (command.address === wish.address && command.code !== COMSET.code && nth < 3) return null;
      return script(command, nth, bytes);
    });
    const { value } = await bench.end(changeAddressAndSpeed(order(bench, { wish: { ...wish, baud: 9600 } })));
    expect(value).toMatchObject({ place });
    expect(value?.error?.code).toBe(code);
  });

  test("a refusal is a refusal", async () => {
    const bench = makeSim({ sim: { faults: { nakNext: { code: 3, count: 1, command: COMSET.code } } } });
    expect((await bench.end(changeAddressAndSpeed(order(bench)))).error).toMatchObject({ code: "device-refused" });
    expect(bench.sim.state()).toMatchObject(from);
  });
});

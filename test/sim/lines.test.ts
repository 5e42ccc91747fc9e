import { describe, expect, test } from "vitest";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { benchChoice, codeOf, makeWorld } from "./world.ts";

const foreign = fromHex("ff5305080005605b1e");

describe("opening a line", () => {
  test("listens first, sends nothing by itself", async () => {
    const world = makeWorld();
    const end = await world.open();
    expect(end).toMatchObject({ state: "done", result: { type: "line" } });
    expect(world.hub.get("line")).toMatchObject({ state: "open", mode: "bench", path: "near", baud: 9600 });
    expect(world.clock.now()).toBeGreaterThanOrEqual(50);
    expect(world.sentBytes()).toBe(0);
  });

  test.each([
    { what: "a command", bytes: foreign },
    { what: "one byte of rubbish", bytes: fromHex("00") },
    { what: "a single mark", bytes: fromHex("ff") },
  ])("$what during listening: busy, nothing sent, port given back", async ({ bytes }) => {
    const world = makeWorld();
    const id = world.services.line.open(benchChoice);
    await world.clock.advance(20);
    void world.line.b.write(bytes);
    expect(await world.run(id)).toMatchObject({
      state: "failed",
      error: { code: "busy", data: { heardBytes: expect.any(Number) as number } },
    });
    expect(world.hub.get("line")).toMatchObject({ state: "closed", error: { code: "busy" } });
    expect(world.ports.opened.every((port) => port.closed)).toBe(true);
    expect(world.sentBytes()).toBe(0);
  });

  test("in Listening the phone's traffic is no fault, and nothing is ever sent", async () => {
    const world = makeWorld();
    await world.open({ mode: "listening" });
    for (let i = 0; i < 5; i++) {
      await world.clock.run(world.line.b.write(foreign));
      await world.clock.advance(300);
    }
    expect(world.hub.get("line")).toMatchObject({ state: "open", error: null });
    expect(await world.run(world.services.line.identify())).toMatchObject({ state: "failed", error: { code: "busy" } });
    world.services.line.watch(true);
    await world.clock.advance(60_000);
    world.services.line.watch(false);
    expect(world.sentBytes()).toBe(0);
    // It stays until it is left: nobody holds a lease in Listening.
    expect(world.hub.get("line").state).toBe("open");
  });

  test("Alone needs the person's word, and the door waits to be handed back", async () => {
    const world = makeWorld();
    expect(codeOf(() => world.services.line.open({ ...benchChoice, mode: "alone" }))).toBe("bad-input");
    await world.open({ mode: "alone", aloneConfirmed: true });
    expect(world.hub.get("safety").handBack).toEqual({ door: "this door", done: [] });
  });

  test("cancelled while listening", async () => {
    const world = makeWorld();
    const id = world.services.line.open(benchChoice);
    await world.clock.advance(20);
    world.services.jobs.cancel(id);
    expect((await world.run(id)).state).toBe("cancelled");
    expect(world.ports.opened.every((port) => port.closed)).toBe(true);
  });

  test("pulled while listening", async () => {
    const world = makeWorld();
    const id = world.services.line.open(benchChoice);
    await world.clock.advance(20);
    world.ports.opened[0]?.hangUp();
    expect(await world.run(id)).toMatchObject({ state: "failed", error: { code: "link-lost" } });
  });

  test("left while listening: it does not open behind our back", async () => {
    const world = makeWorld();
    const id = world.services.line.open(benchChoice);
    await world.clock.advance(20);
    await world.clock.run(world.services.line.close());
    expect((await world.run(id)).state).toBe("cancelled");
    await world.clock.advance(1000);
    expect(world.hub.get("line")).toMatchObject({ state: "closed", path: null });
    expect(world.ports.opened.every((port) => port.closed)).toBe(true);
  });

  test("chosen twice in a row: the second choice is open, once", async () => {
    const world = makeWorld();
    const first = world.services.line.open(benchChoice);
    const second = world.services.line.open({ ...benchChoice, address: 3 });
    expect((await world.run(second)).state).toBe("done");
    expect((await world.run(first)).state).toBe("cancelled");
    expect(world.hub.get("line")).toMatchObject({ state: "open", address: 3, error: null });
    expect(world.ports.opened.filter((port) => !port.closed)).toHaveLength(1);
  });
});

describe("leases", () => {
  test("an idle line is given back after 30 s and opened again when needed, listening first", async () => {
    const world = makeWorld();
    await world.open();
    await world.clock.advance(29_000);
    expect(world.hub.get("line").state).toBe("open");
    await world.clock.advance(2000);
    expect(world.hub.get("line").state).toBe("closed");
    expect(world.ports.opened[0]?.closed).toBe(true);
    expect(await world.run(world.services.line.identify())).toMatchObject({ state: "done" });
    expect(world.ports.opened).toHaveLength(2);
  });

  test("two jobs that need a closed line open it once", async () => {
    const world = makeWorld();
    await world.open();
    await world.clock.advance(31_000);
    const ids = [world.services.line.identify(), world.services.line.status()];
    for (const id of ids) expect(await world.run(id)).toMatchObject({ state: "done", error: null });
    expect(world.ports.opened).toHaveLength(2);
  });

  test("live status keeps it open and shows what the unit says", async () => {
    const world = makeWorld();
    await world.open();
    world.services.line.watch(true);
    await world.clock.advance(60_000);
    expect(world.hub.get("line")).toMatchObject({ state: "open", online: true, status: { inputs: [0, 0] } });
    world.sim.doorContact(true);
    await world.clock.advance(1500);
    expect(world.hub.get("line").status?.inputs).toEqual([0, 1]);
    world.services.line.watch(false);
    await world.clock.advance(31_000);
    expect(world.hub.get("line").state).toBe("closed");
  });

  test("work that needs the line alone does not wait for a reading that gets no answer", async () => {
    const world = makeWorld();
    await world.open();
    world.services.line.watch(true);
    await world.clock.advance(500);
    world.sim.unplug();
    await world.clock.advance(2000);
    const begun = world.clock.now();
    let tookMs = Infinity;
    const id = world.services.jobs.start("flash", {}, (job) =>
      world.services.line.alone(job, "flash", () => {
        tookMs = world.clock.now() - begun;
        return Promise.resolve({ type: "line", heardBytes: 0 });
      }),
    );
    expect((await world.run(id)).state).toBe("done");
    expect(tookMs).toBeLessThan(1000);
    world.services.line.watch(false);
  });

  test("while one job has the line alone: others are busy, live status rests, the line cannot be left", async () => {
    const world = makeWorld();
    await world.open();
    world.services.line.watch(true);
    await world.clock.advance(1000);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const id = world.services.jobs.start("flash", {}, (job) =>
      world.services.line.alone(job, "flash", async () => {
        await held;
        return { type: "line", heardBytes: 0 };
      }),
    );
    await world.clock.advance(500);
    expect(world.hub.get("line").exclusive).toBe("flash");
    const before = world.sentBytes();
    await world.clock.advance(40_000);
    expect(world.sentBytes()).toBe(before);
    expect(await world.run(world.services.line.identify())).toMatchObject({ error: { code: "busy" } });
    expect(codeOf(() => world.services.line.open(benchChoice))).toBe("busy");
    await expect(world.services.line.close()).rejects.toMatchObject({ code: "busy" });
    release();
    await world.run(id);
    expect(world.hub.get("line")).toMatchObject({ exclusive: null, state: "open" });
    await world.clock.advance(1000);
    expect(world.sentBytes()).toBeGreaterThan(before);
    world.services.line.watch(false);
  });
});

describe("what happens to an open line", () => {
  test("another master: stopped, nothing sent, and the reason stays to be read", async () => {
    const world = makeWorld();
    await world.open();
    await world.run(world.services.line.identify());
    await world.clock.advance(1000);
    const before = world.sentBytes();
    await world.clock.run(world.line.b.write(foreign));
    await world.clock.advance(100);
    expect(world.hub.get("line")).toMatchObject({ state: "stopped", error: { code: "busy" }, online: false });
    expect(await world.run(world.services.line.identify())).toMatchObject({ error: { code: "busy" } });
    await world.clock.advance(40_000);
    expect(world.sentBytes()).toBe(before);
    expect(world.hub.get("line")).toMatchObject({ state: "stopped", error: { code: "busy" } });
    // The other one is off the line: opened again it works.
    await world.open();
    expect(await world.run(world.services.line.identify())).toMatchObject({ state: "done" });
  });

  test("the adapter is pulled: stopped with link-lost, and usable after plugging in", async () => {
    const world = makeWorld();
    await world.open();
    world.services.line.watch(true);
    await world.clock.advance(1000);
    world.ports.opened[0]?.hangUp();
    await world.clock.advance(100);
    expect(world.hub.get("line")).toMatchObject({ state: "stopped", error: { code: "link-lost" }, online: false });
    world.services.line.watch(false);
    expect(await world.run(world.services.line.identify())).toMatchObject({ state: "done" });
    expect(world.hub.get("line")).toMatchObject({ state: "open", error: null, identity: { serialNumber: "01020304" } });
  });

  test("closing the program gives everything back, whatever runs", async () => {
    const world = makeWorld();
    await world.open();
    world.services.line.watch(true);
    const id = world.services.line.identify();
    await world.clock.advance(5);
    await world.clock.run(world.services.close());
    expect(world.services.jobs.get(id).state).toBe("cancelled");
    expect(world.ports.opened.every((port) => port.closed)).toBe(true);
  });
});

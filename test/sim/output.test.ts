import { describe, expect, test } from "vitest";
import { openMemoryStore } from "../../src-main/hosts/store/sqlite-store.ts";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { codeOf, makeWorld, onceId } from "./world.ts";

type World = ReturnType<typeof makeWorld>;

async function ready(options: Parameters<typeof makeWorld>[0] = {}): Promise<World> {
  const world = makeWorld(options);
  await world.open();
  await world.run(world.services.line.identify());
  return world;
}

function press(world: World, seconds = 2, id = onceId()): string {
  world.services.safety.arm("page-one");
  return world.services.outputs.pulse({ onceId: id, pageId: "page-one", output: 0, seconds });
}

const band = (world: World): string[] => world.hub.get("safety").mayBeOpen.map((one) => one.id);

describe("a pulse", () => {
  test("moves the relay once, is told until it reads off, and then the band goes", async () => {
    const world = await ready();
    const id = press(world);
    await world.clock.advance(1000);
    expect(band(world)).toEqual([id]);
    expect(world.sim.state().outputs).toEqual([1]);
    const end = await world.run(id);
    expect(end).toMatchObject({ state: "done", result: { type: "output", output: 0, command: "pulse", outputs: [1] } });
    expect([band(world), world.sim.state().outputs, world.sim.state().counts.moves]).toEqual([[], [0], 1]);
  });

  test("not armed, or armed by another page: nothing moves", async () => {
    const world = await ready();
    const order = { onceId: onceId(), pageId: "page-one", output: 0, seconds: 1 };
    expect(codeOf(() => world.services.outputs.pulse(order))).toBe("bad-input");
    world.services.safety.arm("page-two");
    expect(codeOf(() => world.services.outputs.pulse(order))).toBe("bad-input");
    await world.clock.advance(3000);
    expect(world.sim.state().counts.moves).toBe(0);
    expect(band(world)).toEqual([]);
  });

  test("the same press sent twice moves it once and gets the same answer", async () => {
    const world = await ready();
    const id = onceId();
    const job = press(world, 1, id);
    expect(world.services.outputs.pulse({ onceId: id, pageId: "page-one", output: 0, seconds: 1 })).toBe(job);
    await world.run(job);
    expect(world.services.outputs.pulse({ onceId: id, pageId: "page-one", output: 0, seconds: 1 })).toBe(job);
    await world.clock.advance(3000);
    expect(world.sim.state().counts.moves).toBe(1);
  });

  const rows: { name: string; faults: Sr01Faults; state: string; code: string | null; moves: number; open: boolean }[] =
    [
      {
        name: "its ACK is lost once",
        faults: { loseAckAfterOut: 1 },
        state: "done",
        code: null,
        moves: 1,
        open: false,
      },
      {
        name: "refused",
        faults: { nakNext: { code: 9, count: 1, command: 0x68 } },
        state: "failed",
        code: "device-refused",
        moves: 0,
        open: false,
      },
      {
        name: "wants encryption",
        faults: { nakNext: { code: 6, count: 1, command: 0x68 } },
        state: "failed",
        code: "device-auth",
        moves: 0,
        open: false,
      },
      {
        name: "never answered",
        faults: { dropReplies: 1000 },
        state: "failed",
        code: "device-timeout",
        moves: 1,
        open: true,
      },
      {
        name: "answered NAK 04",
        faults: { nakNext: { code: 4, count: 1, command: 0x68 } },
        state: "failed",
        code: "protocol",
        moves: 0,
        open: true,
      },
    ];
  test.each(rows)("$name", async ({ faults, state, code, moves, open }) => {
    const world = await ready();
    world.sim.setFaults(faults);
    const id = press(world);
    const end = await world.run(id);
    expect([end.state, end.error?.code ?? null]).toEqual([state, code]);
    expect(world.sim.state().counts.moves).toBe(moves);
    // What may have moved it stays until a person looked; a clear refusal does not.
    expect(band(world)).toEqual(open ? [id] : []);
  });

  test.each([8, 20, 200, 1000])(
    "the cable is pulled %i ms after the press: the band stays, over a restart too",
    async (ms) => {
      const store = openMemoryStore();
      const world = await ready({ store });
      const id = press(world);
      await world.clock.advance(ms);
      world.ports.opened.at(-1)?.hangUp();
      expect(await world.run(id)).toMatchObject({ state: "failed", error: { code: "link-lost" } });
      expect(band(world)).toEqual([id]);
      const next = makeWorld({ store });
      expect(band(next)).toEqual([id]);
      // The next start only tells.
      await next.clock.advance(60_000);
      expect(next.sentBytes()).toBe(0);
      next.services.safety.seenShut(id);
      expect(band(next)).toEqual([]);
    },
  );

  test("cancelled before it is sent: nothing moved, no band", async () => {
    const world = await ready();
    const id = press(world);
    world.services.jobs.cancel(id);
    expect((await world.run(id)).state).toBe("cancelled");
    await world.clock.advance(5000);
    expect([world.sim.state().counts.moves, band(world)]).toEqual([0, []]);
  });

  test("too late to cancel once it is sent, in words that fit", async () => {
    const world = await ready();
    const id = press(world);
    await world.clock.advance(500);
    expect(() => {
      world.services.jobs.cancel(id);
    }).toThrow(/already at the device/);
    await world.run(id);
  });

  test("a program that closes in the middle leaves the band", async () => {
    const store = openMemoryStore();
    const world = await ready({ store });
    const id = press(world, 10);
    await world.clock.advance(500);
    await world.clock.run(world.services.close());
    expect(band(makeWorld({ store }))).toEqual([id]);
  });

  test("a relay that still reads on after its time: not verified, the band stays", async () => {
    const world = await ready();
    const id = press(world, 1);
    await world.clock.advance(500);
    // Somebody else switches it on for good.
    await world.clock.run(
      world.services.jobs.ended(
        world.services.jobs.start("sr01.output", {}, (job) =>
          world.services.line.shared(job, async (profile) => {
            await profile.set(0, true);
            return { type: "output", output: 0, command: "on", outputs: [] };
          }),
        ),
      ),
    );
    expect(await world.run(id)).toMatchObject({ state: "failed", error: { code: "not-verified" } });
    expect(band(world)).toEqual([id]);
  });

  test("with live status running beside it", async () => {
    const world = await ready();
    world.services.line.watch(true);
    await world.clock.advance(1000);
    expect(await world.run(press(world, 1))).toMatchObject({ state: "done", result: { outputs: [1] } });
    world.services.line.watch(false);
  });
});

describe("off", () => {
  test("needs no arming and reads back off", async () => {
    const world = await ready();
    await world.run(world.services.outputs.off(onceId(), 0));
    expect(world.sim.state().outputs).toEqual([0]);
  });
  test("in Listening nothing is sent", async () => {
    const world = makeWorld();
    await world.open({ mode: "listening" });
    world.services.safety.arm("page-one");
    const ids = [
      world.services.outputs.off(onceId(), 0),
      world.services.outputs.pulse({ onceId: onceId(), pageId: "page-one", output: 0, seconds: 1 }),
    ];
    for (const id of ids) expect(await world.run(id)).toMatchObject({ state: "failed", error: { code: "busy" } });
    expect(world.sentBytes()).toBe(0);
    expect(band(world)).toEqual([]);
  });
});

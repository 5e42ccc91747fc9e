import { describe, expect, test } from "vitest";
import { createMemoryFiles } from "../../src-main/api/files.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { getSetting } from "../../src-main/records/settings.ts";
import type { TrainingBench } from "../../src-main/services/training.ts";
import { Worlds } from "../../src-main/services/worlds.ts";
import { createLine } from "../../src-main/sim/line.ts";
import { createSimSr01 } from "../../src-main/sim/sr01/sim-sr01.ts";
import { settle } from "./harness.ts";
import { benchChoice, codeOf, makeHub, makeSeams, portAt } from "./world.ts";

/** A real world with a unit on its line, and a Training whose bench starts after `startMs`. */
function makeWorlds({ readOnly = false, startMs = 100 } = {}) {
  const clock = new VirtualClock(settle);
  const hub = makeHub();
  const line = createLine({ clock });
  createSimSr01({ port: line.b, clock });
  const ports = portAt(line.a);
  const real = makeSeams(clock, { hub, ports });
  const benches = { started: 0, closed: 0 };
  const words = { portPath: "training", phoneHost: "h", phoneUser: "u", phonePassword: "p" };
  const startTraining = async (): Promise<TrainingBench> => {
    await new Promise<void>((resolve) => clock.after(startMs, resolve));
    benches.started += 1;
    const practice = createLine({ clock });
    createSimSr01({ port: practice.b, clock, serialNumber: "0badcafe" });
    return {
      ...{ ports: portAt(practice.a), words, onChange: () => () => undefined, set: () => undefined },
      state: () => ({
        cablePulled: false,
        bitErrorRate: 0,
        firmwareVersion: "1.2.3",
        outputs: [0],
        inputs: [0, 0],
        phoneRelays: {},
      }),
      image: () => ({ name: "a", bytes: new Uint8Array(1) }),
      close: () => {
        benches.closed += 1;
        return Promise.resolve();
      },
    };
  };
  const worlds = new Worlds({
    ...{ hub, real, files: createMemoryFiles(clock), startTraining, readOnly, stillRuns: () => false },
    trainingSeams: (bench) => makeSeams(clock, { hub, ports: bench.ports }),
  });
  const openLine = (choice = {}) => {
    const { line: work, jobs } = worlds.forWork;
    return clock.run(jobs.ended(work.open({ ...benchChoice, ...choice })));
  };
  return { clock, hub, real, line, ports, benches, worlds, openLine };
}

describe("Training", () => {
  test("entering closes the real port and clears the door; leaving brings the real world back", async () => {
    const { clock, hub, real, ports, benches, worlds, openLine } = makeWorlds();
    worlds.setDoor("Site", "Front door");
    await openLine();
    expect(ports.opened[0]?.closed).toBe(false);
    await clock.run(worlds.enterTraining());
    expect(ports.opened[0]?.closed).toBe(true);
    expect(hub.get("app")).toMatchObject({
      training: true,
      door: { site: "Training", door: "Practice door" },
      trainingBench: { portPath: "training" },
    });
    expect([hub.get("line").state, hub.get("phone").state, hub.get("jobs").jobs]).toEqual(["closed", "none", []]);

    await openLine();
    const { jobs, line } = worlds.current;
    expect(await clock.run(jobs.ended(line.identify()))).toMatchObject({
      result: { identity: { serialNumber: "0badcafe" } },
    });
    worlds.setDoor("Other", "Practice");
    // What is done in Training is not in the real records.
    expect(getSetting(real.store, "door")).toEqual({ site: "Site", door: "Front door" });

    await clock.run(worlds.leaveTraining());
    expect(benches).toEqual({ started: 1, closed: 1 });
    expect(hub.get("app")).toMatchObject({ training: false, door: null, trainingBench: null });
    expect(hub.get("training")).toBeNull();
    expect(codeOf(() => worlds.bench)).toBe("bad-input");
    await openLine();
    expect(await clock.run(worlds.current.jobs.ended(worlds.current.line.identify()))).toMatchObject({
      result: { identity: { serialNumber: "01020304" } },
    });
    await clock.run(worlds.close());
  });

  test("busy while a job runs, in either direction; nothing is closed", async () => {
    const { clock, ports, benches, worlds, openLine } = makeWorlds();
    await openLine();
    const id = worlds.current.line.identify();
    await expect(worlds.enterTraining()).rejects.toMatchObject({ code: "busy" });
    expect([ports.opened[0]?.closed, benches.started]).toEqual([false, 0]);
    await clock.run(worlds.current.jobs.ended(id));
    await clock.run(worlds.enterTraining());
    await openLine();
    worlds.current.line.identify();
    await expect(worlds.leaveTraining()).rejects.toMatchObject({ code: "busy" });
    expect(benches.closed).toBe(0);
    await clock.run(worlds.close());
    expect(benches.closed).toBe(1);
  });

  test("no new work while the worlds change; entering twice starts one bench", async () => {
    const { clock, benches, ports, worlds } = makeWorlds({ startMs: 2000 });
    const first = worlds.enterTraining();
    const second = worlds.enterTraining();
    await clock.advance(500);
    expect(codeOf(() => worlds.forWork)).toBe("busy");
    await clock.run(Promise.all([first, second]));
    expect(codeOf(() => worlds.forWork)).toBeNull();
    expect([benches.started, ports.opened.length]).toEqual([1, 0]);
    await clock.run(worlds.close());
  });

  test("a bench that cannot start leaves the real world as it was", async () => {
    const { clock, hub, real, ports, openLine } = makeWorlds();
    await openLine().catch(() => undefined);
    const broken = new Worlds({
      ...{ hub, real, files: createMemoryFiles(clock), readOnly: false, stillRuns: () => false },
      startTraining: () => Promise.reject(new Error("no port")),
      trainingSeams: () => real,
    });
    await expect(broken.enterTraining()).rejects.toThrow("no port");
    expect(hub.get("app").training).toBe(false);
    expect(codeOf(() => broken.forWork)).toBeNull();
    expect(ports.opened[0]?.closed).toBe(false);
  });
});

describe("a second window on the same records", () => {
  test("only looks: no work, no change of records; Training is free", async () => {
    const { clock, worlds, real } = makeWorlds({ readOnly: true });
    expect(codeOf(() => worlds.forWork)).toBe("busy");
    expect(
      codeOf(() => {
        worlds.setDoor("a", "b");
      }),
    ).toBe("busy");
    await expect(worlds.dismiss("x")).rejects.toMatchObject({ code: "busy" });
    expect(getSetting(real.store, "door")).toBeNull();
    await clock.run(worlds.enterTraining());
    expect(codeOf(() => worlds.forWork)).toBeNull();
    await clock.run(worlds.close());
  });
});

test("the door that was named is there at the next start", async () => {
  const { hub, worlds } = makeWorlds();
  worlds.setDoor(" Site ", " Front door ");
  hub.patch("app", { door: null });
  await worlds.begin();
  expect(hub.get("app").door).toEqual({ site: "Site", door: "Front door" });
  worlds.setDoor("", " ");
  expect(hub.get("app").door).toBeNull();
});

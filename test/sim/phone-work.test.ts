import { afterEach, describe, expect, test } from "vitest";
import { createMemoryFiles } from "../../src-main/api/files.ts";
import { systemClock, type Clock } from "../../src-main/lib/clock.ts";
import { createServices } from "../../src-main/services/services.ts";
import type { JobSnapshot } from "../../src-main/services/model/job.ts";
import { createSimPhone, type SimPhoneOptions } from "../../src-main/sim/phone/sim-phone.ts";
import { codeOf, makeSeams, onceId } from "./world.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const holdA = "Config.DoorSetting.RELAY.HoldDelayA";

/** Ten times as quick as the machine's: relays are held for seconds. */
const quick: Clock = {
  now: () => systemClock.now() * 10,
  wallTime: () => systemClock.wallTime(),
  after: (ms, fn) => systemClock.after(ms / 10, fn),
};
const passing = (ms: number) => new Promise<void>((resolve) => quick.after(ms, resolve));

async function world(settings: SimPhoneOptions["settings"] = {}) {
  const sim = await createSimPhone({ clock: quick, settings: { user: "tech", password: "s3cret", ...settings } });
  open.push(() => sim.close());
  const seams = makeSeams(quick, { phoneTiming: { gapMs: 1, timeoutMs: 4000, settleMs: 20 } });
  const services = createServices(seams, createMemoryFiles(quick));
  open.push(() => services.close());
  const login = {
    host: `${sim.host}:${String(sim.port)}`,
    user: "tech",
    password: "s3cret",
    auth: "auto",
    remember: false,
  } as const;
  const run = (id: string): Promise<JobSnapshot> => services.jobs.ended(id);
  const connect = (change: Partial<{ password: string | null; remember: boolean }> = {}) =>
    run(services.phone.connect({ ...login, ...change }));
  const write = (changes: Record<string, string>, confirmed: string[] = [], id = onceId()) =>
    run(services.phoneWrites.write(id, changes, confirmed));
  const undo = (id = onceId()) => run(services.phoneWrites.undo(id));
  return { sim, seams, services, login, run, connect, write, undo, shown: () => seams.hub.get("phone") };
}

async function connected(settings: SimPhoneOptions["settings"] = {}) {
  const all = await world(settings);
  expect((await all.connect()).state).toBe("done");
  return all;
}

function trigger(
  all: Awaited<ReturnType<typeof world>>,
  relay: "A" | "SA",
  more: { seconds?: number; id?: string } = {},
): string {
  all.services.safety.arm("page-one");
  const press = { onceId: more.id ?? onceId(), pageId: "page-one", relay };
  return all.services.phoneWrites.trigger({
    ...press,
    ...(more.seconds === undefined ? {} : { seconds: more.seconds }),
  });
}

describe("connecting", () => {
  test("shows who it is, its settings and states; keeps it as known, without a password", async () => {
    const all = await connected();
    expect(all.shown()).toMatchObject({ state: "ready", info: { model: "E18" }, error: null, canUndo: false });
    expect(all.shown().settings?.fields["relayA.holdDelay"]?.value).toBe("5");
    expect(all.shown().status?.relays).toEqual({ A: 0, B: 0 });
    expect(await all.services.phone.known()).toMatchObject([
      { host: all.login.host, user: "tech", passwordStored: false },
    ]);
  });

  test("a wrong password: device-auth, no unit connected", async () => {
    const all = await world();
    expect(await all.connect({ password: "wrong" })).toMatchObject({ state: "failed", error: { code: "device-auth" } });
    expect(all.shown()).toMatchObject({ state: "none", error: { code: "device-auth" } });
    expect(codeOf(() => all.services.phone.review({}))).toBe("bad-input");
  });

  test("a kept password is used the next time", async () => {
    const all = await world();
    await all.connect({ remember: true });
    expect(await all.connect({ password: null })).toMatchObject({ state: "done" });
    expect(await all.services.phone.known()).toMatchObject([{ passwordStored: true }]);
  });

  test("twice at once: the second is busy", async () => {
    const all = await world();
    const first = all.services.phone.connect(all.login);
    expect(codeOf(() => all.services.phone.connect(all.login))).toBe("busy");
    expect((await all.run(first)).state).toBe("done");
  });

  test("leaving shows nothing any more", async () => {
    const all = await connected();
    await all.services.phone.disconnect();
    expect(all.shown()).toMatchObject({ state: "none", settings: null });
  });
});

describe("writing", () => {
  test("review sends nothing; the write changes exactly that; undo and its undo", async () => {
    const all = await connected();
    const before = all.sim.state().config;
    const requests = all.sim.state().requests;
    expect(all.services.phone.review({ "relayA.holdDelay": "7" }).changes).toMatchObject([
      { key: holdA, old: "5", new: "7", danger: null },
    ]);
    expect(all.sim.state().requests).toBe(requests);

    const end = await all.write({ "relayA.holdDelay": "7" });
    expect(end).toMatchObject({ state: "done", result: { written: true, readBack: "equal", restored: null } });
    expect(all.sim.state().config).toEqual({ ...before, [holdA]: "7" });
    expect(all.shown().canUndo).toBe(true);
    expect(all.shown().settings?.fields["relayA.holdDelay"]?.value).toBe("7");

    expect((await all.undo()).state).toBe("done");
    expect(all.sim.state().config).toEqual(before);
    expect((await all.undo()).state).toBe("done");
    expect(all.sim.state().config[holdA]).toBe("7");
  });

  test.each(["0", "90", "05", ""])("undo puts back %j, though nobody may enter it", async (odd) => {
    const all = await world();
    all.sim.setConfig(holdA, odd);
    await all.connect();
    await all.write({ "relayA.holdDelay": "7" });
    expect(all.sim.state().config[holdA]).toBe("7");
    expect(await all.undo()).toMatchObject({ state: "done", result: { written: true, readBack: "equal" } });
    expect(all.sim.state().config[holdA]).toBe(odd);
  });

  test("a danger that was not confirmed is refused, and nothing is sent", async () => {
    const all = await connected();
    const { requests } = all.sim.state();
    expect(codeOf(() => all.services.phoneWrites.write(onceId(), { "relayA.mode": "1" }, []))).toBe("bad-input");
    expect(codeOf(() => all.services.phoneWrites.write(onceId(), { "relayA.mode": "1" }, ["type"]))).toBe("bad-input");
    expect(all.sim.state().requests).toBe(requests);
    expect((await all.write({ "relayA.mode": "1" }, ["mode"])).state).toBe("done");
  });

  test.each([
    { what: "a value that is none", changes: { "relayA.holdDelay": "999" }, code: "bad-input" },
    { what: "a field that is none", changes: { "relayA.colour": "red" }, code: "bad-input" },
    { what: "a field that this unit does not offer", changes: { "relayC.holdDelay": "7" }, code: "unsupported" },
  ])("$what is refused before anything is sent", async ({ changes, code }) => {
    const all = await connected();
    const { requests } = all.sim.state();
    expect(codeOf(() => all.services.phoneWrites.write(onceId(), changes, []))).toBe(code);
    expect(all.sim.state().requests).toBe(requests);
  });

  test("what does not stick: not verified, everything put back, nothing to undo", async () => {
    const all = await connected();
    const before = all.sim.state().config;
    all.sim.setFaults({ notSticking: [holdA] });
    const end = await all.write({ "relayA.holdDelay": "7", "relayA.triggerDelay": "2" });
    expect(end).toMatchObject({
      state: "failed",
      error: { code: "not-verified" },
      result: { readBack: "differs", restored: true },
    });
    expect(all.sim.state().config).toEqual(before);
    expect(all.shown().canUndo).toBe(false);
  });

  test("changed by somebody else since it was read: refused, nothing written", async () => {
    const all = await connected();
    all.sim.setConfig(holdA, "9");
    expect(await all.write({ "relayA.holdDelay": "7" })).toMatchObject({
      state: "failed",
      error: { code: "bad-input" },
    });
    expect(all.sim.state().config[holdA]).toBe("9");
  });

  test("sent, then the unit cannot be read: not verified, and it can be taken back later", async () => {
    const all = await connected();
    const writes: number[] = [];
    all.sim.onEvent((event) => {
      if (event.event !== "write") return;
      writes.push(1);
      if (writes.length === 1) all.sim.setFaults({ only: "/api/config/get", errorAnswers: 100 });
    });
    expect(await all.write({ "relayA.holdDelay": "7" })).toMatchObject({
      state: "failed",
      error: { code: "not-verified" },
    });
    all.sim.setFaults({});
    expect(all.shown().canUndo).toBe(true);
    expect((await all.run(all.services.phone.read())).state).toBe("done");
    expect((await all.undo()).state).toBe("done");
    expect(all.sim.state().config[holdA]).toBe("5");
    expect(writes).toHaveLength(2);
  });

  test("the same id twice writes once", async () => {
    const all = await connected();
    let writes = 0;
    all.sim.onEvent((event) => (writes += event.event === "write" ? 1 : 0));
    const id = onceId();
    const first = all.services.phoneWrites.write(id, { "relayA.holdDelay": "7" }, []);
    expect(all.services.phoneWrites.write(id, { "relayA.holdDelay": "7" }, [])).toBe(first);
    await all.run(first);
    expect(writes).toBe(1);
  });

  test("nothing to undo", async () => {
    const all = await connected();
    expect(codeOf(() => all.services.phoneWrites.undo(onceId()))).toBe("bad-input");
  });
});

describe("a trigger", () => {
  const band = (all: Awaited<ReturnType<typeof world>>) => all.seams.hub.get("safety").mayBeOpen.map((one) => one.id);

  test("moves the relay once; the band stays until it reads off", async () => {
    const all = await connected();
    const id = trigger(all, "A", { seconds: 1 });
    expect(codeOf(() => all.services.phoneWrites.trigger({ onceId: onceId(), pageId: "page-one", relay: "A" }))).toBe(
      "bad-input",
    );
    await passing(300);
    expect(band(all)).toEqual([id]);
    await expect(all.services.phone.disconnect()).rejects.toMatchObject({ code: "busy" });
    expect(await all.run(id)).toMatchObject({ state: "done", result: { relay: "A", accepted: true } });
    expect([all.sim.state().triggers, band(all)]).toEqual([{ A: 1 }, []]);
  });

  test("a relay that waits before it opens is not called shut before it has moved", async () => {
    const all = await world();
    all.sim.setConfig("Config.DoorSetting.RELAY.TriggerDelayA", "2");
    await all.connect();
    const id = trigger(all, "A", { seconds: 1 });
    await passing(2400);
    expect([all.sim.state().active["A"], band(all)]).toEqual([true, [id]]);
    await all.run(id);
    expect([all.sim.state().active["A"], band(all)]).toEqual([false, []]);
  });

  test.each([
    { fault: "closeAfter", moved: 1, open: true },
    { fault: "hangAfter", moved: 1, open: true },
    { fault: "emptyAnswers", moved: 1, open: true },
    { fault: "refusals", moved: 0, open: false },
  ] as const)(
    "$fault: sent exactly once, and the band only where it may have moved",
    async ({ fault, moved, open: stays }) => {
      const all = await connected();
      all.sim.setFaults({ only: "/api/relay/trig", [fault]: 1 });
      const press = onceId();
      const id = trigger(all, "A", { seconds: 1, id: press });
      expect((await all.run(id)).state).toBe("failed");
      // The browser sends the call again: the first answer, no second order.
      expect(all.services.phoneWrites.trigger({ onceId: press, pageId: "page-one", relay: "A", seconds: 1 })).toBe(id);
      expect(all.sim.state().triggers["A"] ?? 0).toBe(moved);
      expect(band(all)).toEqual(stays ? [id] : []);
    },
  );

  test("a bistable relay is read, told, and left", async () => {
    const all = await world();
    all.sim.setConfig("Config.DoorSetting.RELAY.RelayModeA", "1");
    await all.connect();
    const mode = all.shown().settings?.fields["relayA.mode"];
    all.sim.setConfig(mode?.key ?? "", "1");
    await all.run(all.services.phone.read());
    const id = trigger(all, "A");
    expect((await all.run(id)).state).toBe("done");
    expect(all.seams.hub.get("safety").mayBeOpen).toMatchObject([{ id, reason: "bistable" }]);
    expect([all.sim.state().triggers, all.sim.state().active["A"]]).toEqual([{ A: 1 }, true]);
  });

  test("a security relay cannot be read: the band stays until a person looked", async () => {
    const all = await connected();
    const id = trigger(all, "SA");
    expect(await all.run(id)).toMatchObject({ state: "done", result: { relay: "SA", accepted: true } });
    expect(all.sim.state().triggers).toEqual({ SA: 1 });
    expect(band(all)).toEqual([id]);
  });

  test("in Alone the door phone is off the line: busy", async () => {
    const all = await connected();
    all.seams.hub.patch("line", { mode: "alone" });
    expect(codeOf(() => trigger(all, "A"))).toBe("busy");
    expect(all.sim.state().triggers).toEqual({});
  });
});

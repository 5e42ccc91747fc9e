import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src-main/lib/clock.ts";
import { planChanges } from "../../../src-main/phone/plan.ts";
import type { WriteResult } from "../../../src-main/phone/write.ts";
import { writeSettings } from "../../../src-main/phone/write.ts";
import type { SimPhoneFaults } from "../../../src-main/sim/phone/settings.ts";
import { failure, phoneTo, simPhone } from "./bench.ts";

const hold = "Config.DoorSetting.RELAY.HoldDelayA";
const name = "Config.DoorSetting.RELAY.NameA";
const set = "/api/config/set";

async function write(faults: Partial<SimPhoneFaults>, asked: Record<string, string>) {
  const sim = await simPhone();
  const phone = phoneTo(sim, { timeoutMs: 100 });
  const before = sim.state().config;
  const plan = planChanges(await phone.config(), asked);
  sim.setFaults(faults);
  let writes = 0;
  sim.onEvent((event) => {
    if (event.event !== "write") return;
    writes += 1;
  });
  const work = writeSettings(phone, plan.writes, { clock: systemClock, settleMs: 20 });
  const changed = (): Record<string, string | undefined> => {
    const after = sim.state().config;
    return Object.fromEntries(
      Object.keys({ ...before, ...after })
        .filter((key) => before[key] !== after[key])
        .map((key) => [key, after[key]]),
    );
  };
  return { work, changed, writes: () => writes };
}

describe("writing", () => {
  it.each([0, 1] as const)("changes exactly one key, retcode %i", async (changeRetcode) => {
    const sim = await simPhone({ changeRetcode });
    const phone = phoneTo(sim);
    const before = sim.state().config;
    const plan = planChanges(await phone.config(), { "relayA.holdDelay": "7" });
    const result = await writeSettings(phone, plan.writes, { clock: systemClock, settleMs: 5 });
    expect(result).toEqual({ written: true, readBack: "equal", differing: [], restored: null });
    expect(sim.state().config).toEqual({ ...before, [hold]: "7" });
  });

  const both = { "relayA.holdDelay": "7", "relayA.triggerDelay": "2" };
  const cases: {
    what: string;
    faults: Partial<SimPhoneFaults>;
    asked: Record<string, string>;
    result: Partial<WriteResult>;
    changed: Record<string, string>;
    writes: number;
  }[] = [
    {
      what: "a field that does not stick: everything is put back",
      faults: { notSticking: [hold] },
      asked: both,
      result: {
        written: true,
        readBack: "differs",
        differing: [{ field: "relayA.holdDelay", asked: "7", got: "5", renamed: false }],
        restored: true,
      },
      changed: {},
      writes: 2,
    },
    {
      what: "a field that takes another value and cannot be put back",
      faults: { takesInstead: { [hold]: "9" } },
      asked: both,
      result: { readBack: "differs", restored: false },
      changed: { [hold]: "9" },
      writes: 2,
    },
    {
      what: "a Relay Name that the cloud changes is a warning and stays",
      faults: { takesInstead: { [name]: "Cloud name" } },
      asked: { "relayA.name": "Gate", "relayA.holdDelay": "7" },
      result: {
        readBack: "differs",
        differing: [{ field: "relayA.name", asked: "Gate", got: "Cloud name", renamed: true }],
        restored: null,
      },
      changed: { [hold]: "7", [name]: "Cloud name" },
      writes: 1,
    },
    {
      what: "a renamed name is not restored with a field that did not stick",
      faults: { takesInstead: { [name]: "Cloud name" }, notSticking: [hold] },
      asked: { "relayA.name": "Gate", ...both },
      result: { readBack: "differs", restored: true },
      changed: { [name]: "Cloud name" },
      writes: 2,
    },
    {
      what: "carried out, connection closed unanswered: read back, not repeated",
      faults: { only: set, closeAfter: 1 },
      asked: both,
      result: { readBack: "equal", restored: null },
      changed: { [hold]: "7", "Config.DoorSetting.RELAY.TriggerDelayA": "2" },
      writes: 1,
    },
    {
      what: "carried out, no answer in time",
      faults: { only: set, hangAfter: 1 },
      asked: { "relayA.holdDelay": "7" },
      result: { readBack: "equal" },
      changed: { [hold]: "7" },
      writes: 1,
    },
  ];
  it.each(cases)("$what", async ({ faults, asked, result, changed, writes }) => {
    const run = await write(faults, asked);
    expect(await run.work).toMatchObject(result);
    expect(run.changed()).toEqual(changed);
    expect(run.writes()).toBe(writes);
  });

  it("lost before it was carried out: the error, saying that nothing changed", async () => {
    const run = await write({ only: set, closeBefore: 1 }, both);
    const error = await failure(run.work);
    expect([error.code, error.data?.["maybeExecuted"]]).toEqual(["device-timeout", false]);
    expect(run.changed()).toEqual({});
  });
  it("refused: the unit's own reason, nothing read back", async () => {
    const run = await write({ only: set, refusals: 1 }, both);
    expect((await failure(run.work)).code).toBe("device-refused");
    expect(run.writes()).toBe(0);
  });
  it("sent, and then the unit is gone: not verified, naming the fields", async () => {
    const run = await write({ only: "/api/config/get", hangAfter: 99 }, both);
    const error = await failure(run.work);
    expect([error.code, error.data?.["fields"]]).toEqual(["not-verified", Object.keys(both)]);
  });
  it("nothing to change sends nothing", async () => {
    const sim = await simPhone();
    const result = await writeSettings(phoneTo(sim), [], { clock: systemClock });
    expect(result).toEqual({ written: false, readBack: null, differing: [], restored: null });
    expect(sim.state().requests).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import { readRelayFacts, triggerRelay } from "../../../src-main/phone/trigger.ts";
import type { SimPhoneFaults, SimPhoneSettings } from "../../../src-main/sim/phone/settings.ts";
import { failure, phoneTo, simPhone } from "./bench.ts";

const trig = "/api/relay/trig";
const cases: {
  name: string;
  settings?: Partial<SimPhoneSettings>;
  faults: Partial<SimPhoneFaults>;
  moved: number;
  outcome: string;
  maybe?: boolean;
}[] = [
  { name: "healthy, digest", faults: {}, moved: 1, outcome: "ok" },
  { name: "healthy, SHA-256", settings: { algorithm: "SHA-256" }, faults: {}, moved: 1, outcome: "ok" },
  { name: "healthy, no login", settings: { auth: "none" }, faults: {}, moved: 1, outcome: "ok" },
  { name: "every nonce counts once", settings: { nonceUses: 1 }, faults: {}, moved: 1, outcome: "ok" },
  { name: "a 401 in the middle is answered once", faults: { unauthorizedAgain: 1 }, moved: 1, outcome: "ok" },
  { name: "a second 401 is not answered", faults: { unauthorizedAgain: 2 }, moved: 0, outcome: "device-auth" },
  {
    name: "closed unanswered after moving",
    faults: { closeAfter: 1 },
    moved: 1,
    outcome: "device-timeout",
    maybe: true,
  },
  {
    name: "closed unanswered before moving",
    faults: { closeBefore: 1 },
    moved: 0,
    outcome: "device-timeout",
    maybe: true,
  },
  { name: "moved, then no answer in time", faults: { hangAfter: 1 }, moved: 1, outcome: "device-timeout", maybe: true },
  { name: "slower than the time limit", faults: { delayMs: 600 }, moved: 0, outcome: "device-timeout", maybe: true },
  { name: "moved, then an empty answer", faults: { emptyAnswers: 1 }, moved: 1, outcome: "protocol", maybe: true },
  { name: "moved, then a web page", faults: { htmlAnswers: 1 }, moved: 1, outcome: "unsupported", maybe: true },
  { name: "503", faults: { errorAnswers: 1, errorStatus: 503 }, moved: 0, outcome: "busy", maybe: true },
  { name: "refused", faults: { refusals: 1 }, moved: 0, outcome: "device-refused" },
  { name: "404", faults: { errorAnswers: 1, errorStatus: 404 }, moved: 0, outcome: "unsupported" },
];

describe("a trigger is sent exactly once", () => {
  it.each(cases)("$name", async ({ settings, faults, moved, outcome, maybe }) => {
    const sim = await simPhone(settings, { faults: { only: trig, ...faults } });
    let sent = 0;
    sim.onEvent((event) => {
      if (event.event === "request" && event.path === trig && event.status !== 401) sent += 1;
    });
    const work = triggerRelay(phoneTo(sim), { relay: "A", seconds: 1, facts: null });
    if (outcome === "ok") await work;
    else {
      const error = await failure(work);
      expect(error.code).toBe(outcome);
      expect(error.data?.["maybeExecuted"] ?? false).toBe(maybe ?? false);
    }
    if ((faults.delayMs ?? 0) > 0) await new Promise((done) => setTimeout(done, 500));
    expect(sent).toBe(outcome === "device-auth" ? 0 : 1);
    // What was given up may still be carried out: that is what `maybeExecuted` says.
    expect(sim.state().triggers["A"] ?? 0).toBe((faults.delayMs ?? 0) > 0 ? 1 : moved);
  });

  it("an auto login draws its challenge by a harmless request, and the trigger goes out with nc=1", async () => {
    const sim = await simPhone({ nonceUses: 1 });
    const seen: string[] = [];
    sim.onEvent((event) => event.event === "request" && seen.push(`${event.path} ${String(event.status)}`));
    await triggerRelay(phoneTo(sim), { relay: "B", facts: null });
    expect(seen).toEqual(["/api/system/info 401", `${trig} 200`]);
  });

  it("a cancelled trigger that was sent says so", async () => {
    const sim = await simPhone({}, { faults: { only: trig, hangAfter: 1 } });
    const stop = new AbortController();
    sim.onEvent((event) => {
      if (event.event === "trigger") stop.abort();
    });
    const error = await failure(triggerRelay(phoneTo(sim), { relay: "A", facts: null }, stop.signal));
    expect([error.code, error.data?.["maybeExecuted"]]).toEqual(["cancelled", true]);
  });
});

describe("security relays and OpenDoor", () => {
  it("SA goes by OpenDoor and reaches the joined SR01 once", async () => {
    const pulses: string[] = [];
    const sim = await simPhone(
      {},
      { onSecurityRelay: (letter, seconds) => pulses.push(`${letter} ${String(seconds)}`) },
    );
    await triggerRelay(phoneTo(sim), { relay: "SA", facts: null });
    await new Promise((done) => setTimeout(done, 20));
    expect(pulses).toEqual(["A 5"]);
    expect(sim.state()).toMatchObject({ triggers: { SA: 1 }, active: { SA: true } });
  });
  const refusals: { name: string; settings: Partial<SimPhoneSettings>; auth?: "basic"; code: string; words: RegExp }[] =
    [
      { name: "switched off", settings: { openViaHttp: false }, code: "device-refused", words: /Not Enable/ },
      {
        name: "High Security Mode",
        settings: { highSecurity: true, auth: "basic" },
        auth: "basic",
        code: "device-refused",
        words: /Not Safe/,
      },
    ];
  it.each(refusals)("$name", async ({ settings, auth, code, words }) => {
    const sim = await simPhone(settings);
    const error = await failure(phoneTo(sim, auth ? { auth } : {}).openDoor("SA"));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
    expect(sim.state().triggers).toEqual({});
  });
  it("a door number that the unit lacks", async () => {
    const sim = await simPhone();
    expect((await failure(phoneTo(sim).openDoor("4"))).code).toBe("unsupported");
  });
});

describe("what a trigger is made of", () => {
  it("the relay's own Hold Delay and Type, bistable told", async () => {
    const sim = await simPhone();
    sim.setConfig("Config.DoorSetting.RELAY.HoldDelayB", "7");
    sim.setConfig("Config.DoorSetting.RELAY.RelayBType", "1");
    sim.setConfig("Config.DoorSetting.RELAY.RelayBMode", "1");
    expect(await readRelayFacts(phoneTo(sim), "B")).toEqual({ level: 1, holdSeconds: 7, bistable: true });
  });
  it("a relay that the unit does not report is not triggered", async () => {
    const sim = await simPhone();
    expect((await failure(readRelayFacts(phoneTo(sim), "D"))).code).toBe("unsupported");
  });
  it("a firmware without settings gives no facts", async () => {
    const sim = await simPhone({}, { faults: { missingEndpoints: ["/api/config/get"] } });
    expect(await readRelayFacts(phoneTo(sim), "A")).toBeNull();
  });
  it.each([
    ["A", 0.5],
    ["A", 61],
    ["SA", 2],
  ] as const)("%s for %s s is bad input", async (relay, seconds) => {
    const sim = await simPhone();
    const error = await failure(triggerRelay(phoneTo(sim), { relay, seconds, facts: null }));
    expect([error.code, error.field]).toEqual(["bad-input", "seconds"]);
    expect(sim.state().requests).toBe(0);
  });
});

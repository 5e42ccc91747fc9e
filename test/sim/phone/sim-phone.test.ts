import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src-main/lib/virtual-clock.ts";
import { readSettings } from "../../../src-main/phone/settings.ts";
import type { SimPhoneFaults, SimPhoneSettings } from "../../../src-main/sim/phone/settings.ts";
import { createSimRelays } from "../../../src-main/sim/phone/relays.ts";
import { simPhoneSettingsSchema } from "../../../src-main/sim/phone/settings.ts";
import { parseSimPhoneFile } from "../../../src-main/sim/phone/sim-phone.ts";
import { createSimUnit } from "../../../src-main/sim/phone/unit.ts";
import { failure, phoneTo, simPhone } from "./bench.ts";

const prefix = "Config.DoorSetting.";

describe("relays by the clock", () => {
  const cases: { name: string; keys: Record<string, string>; seconds?: number; levels: [number, number][] }[] = [
    {
      name: "opens at once, holds 5 s",
      keys: {},
      levels: [
        [1, 1],
        [4990, 1],
        [5010, 0],
      ],
    },
    {
      name: "for the asked seconds",
      keys: {},
      seconds: 2,
      levels: [
        [1990, 1],
        [2010, 0],
      ],
    },
    {
      name: "after the trigger delay",
      keys: { "RELAY.TriggerDelayA": "3" },
      levels: [
        [2990, 0],
        [3010, 1],
        [7990, 1],
        [8010, 0],
      ],
    },
    {
      name: "inverted type: high is shut",
      keys: { "RELAY.RelayAType": "1" },
      levels: [
        [1, 0],
        [5010, 1],
      ],
    },
    {
      name: "bistable stays",
      keys: { "RELAY.RelayAMode": "1" },
      levels: [
        [1, 1],
        [60_000, 1],
      ],
    },
  ];
  it.each(cases)("$name", async ({ keys, seconds, levels }) => {
    const clock = new VirtualClock(() => Promise.resolve());
    const unit = createSimUnit(simPhoneSettingsSchema.parse({}));
    for (const [key, value] of Object.entries(keys)) unit.config.set(prefix + key, value);
    const relays = createSimRelays(unit, clock, { onChange: () => undefined, onSecurityRelay: () => undefined });
    relays.trigger("A", seconds);
    for (const [at, level] of levels) {
      await clock.advance(at - clock.now());
      expect(relays.levels()["A"], `at ${String(at)} ms`).toBe(level);
    }
  });
  it("a second trigger while open extends a monostable relay and toggles a bistable one", async () => {
    const clock = new VirtualClock(() => Promise.resolve());
    const unit = createSimUnit(simPhoneSettingsSchema.parse({}));
    unit.config.set(`${prefix}RELAY.RelayBMode`, "1");
    const relays = createSimRelays(unit, clock, { onChange: () => undefined, onSecurityRelay: () => undefined });
    for (const relay of ["A", "B"]) relays.trigger(relay);
    await clock.advance(3000);
    for (const relay of ["A", "B"]) relays.trigger(relay);
    await clock.advance(3000);
    expect(relays.active()).toMatchObject({ A: true, B: false });
    await clock.advance(3000);
    expect(relays.active()).toMatchObject({ A: false, B: false });
  });
});

describe("a simulated unit seen by the client", () => {
  const families: [Partial<SimPhoneSettings>, string, string][] = [
    [{ model: "E18" }, "F1+F2", "RELAY.RelayAType"],
    [{ model: "X916" }, "F1", "RELAY.TypeA"],
    [{ model: "E12" }, "F2", "RELAY.RelayAType"],
    [{ families: ["F3", "F1"] }, "F1+F3", "RELAY.TypeA"],
  ];
  it.each(families)("%j", async (settings, family, key) => {
    const sim = await simPhone(settings);
    const read = readSettings(await phoneTo(sim).config(), "");
    expect(read.family).toBe(family);
    expect(read.fields["relayA.type"]?.key).toBe(prefix + key);
    expect(read.fields["securityRelayA.holdDelay"]).toBeUndefined();
  });
  it("security relay keys, under other names as well", async () => {
    const sim = await simPhone({
      securityRelayKeys: true,
      keyNames: { "securityRelayB.holdDelay": "Config.Other.Hold" },
    });
    const { fields } = readSettings(await phoneTo(sim).config(), "");
    expect(fields["securityRelayA.holdDelay"]).toMatchObject({ value: "5", mark: "PROPOSED" });
    expect(fields["securityRelayB.holdDelay"]).toBeUndefined();
    expect(sim.state().config["Config.Other.Hold"]).toBe("5");
  });

  const dull: { name: string; settings?: Partial<SimPhoneSettings>; faults?: Partial<SimPhoneFaults> }[] = [
    { name: "status as text", settings: { statusForm: "string" } },
    { name: "status as object", settings: { statusForm: "object" } },
    { name: "trailing bytes", faults: { trailingBytes: true } },
    { name: "invalid UTF-8", faults: { invalidUtf8: true } },
    { name: "wrong content type", faults: { wrongContentType: true } },
  ];
  it.each(dull)("$name is understood", async ({ settings, faults }) => {
    const sim = await simPhone(settings, faults ? { faults } : {});
    expect(await phoneTo(sim).relayStatus()).toEqual({ A: 0, B: 0 });
  });
  const refused: [string, Partial<SimPhoneFaults>, string][] = [
    ["HTTPS only", { redirectToHttps: true }, "unsupported"],
    ["another maker", { otherMaker: true }, "unsupported"],
    ["a firmware without relay/status", { missingEndpoints: ["/api/relay/status"] }, "unsupported"],
    ["empty answers", { emptyAnswers: 9 }, "protocol"],
    ["web pages", { htmlAnswers: 9 }, "unsupported"],
  ];
  it.each(refused)("%s", async (_, faults, code) => {
    const sim = await simPhone({}, { faults });
    expect((await failure(phoneTo(sim).relayStatus())).code).toBe(code);
  });

  it("a restart: away, then starting, then back without the last change", async () => {
    const sim = await simPhone({ rebootMs: 40, notReadyMs: 40, loseLastWrite: true });
    const phone = phoneTo(sim, { tries: 1 });
    await phone.setConfig({ [`${prefix}RELAY.HoldDelayA`]: "9" });
    expect(sim.state().config[`${prefix}RELAY.HoldDelayA`]).toBe("9");
    sim.powerCycle();
    expect((await failure(phone.info())).code).toBe("device-timeout");
    await new Promise((done) => setTimeout(done, 50));
    expect((await failure(phone.info())).code).toBe("busy");
    await new Promise((done) => setTimeout(done, 50));
    expect((await phone.config()).get(`${prefix}RELAY.HoldDelayA`)).toBe("5");
  });
  it("a body that is too long is refused", async () => {
    const sim = await simPhone({ auth: "none" });
    const error = await failure(phoneTo(sim).setConfig({ k: "x".repeat(100_000) }));
    expect(["device-refused", "device-timeout"]).toContain(error.code);
    expect((await phoneTo(sim).info()).model).toBe("E18");
  });
  it("an unknown key is refused whole", async () => {
    const sim = await simPhone();
    const values = { [`${prefix}RELAY.HoldDelayA`]: "9", [`${prefix}RELAY.Nonsense`]: "1" };
    expect((await failure(phoneTo(sim).setConfig(values))).code).toBe("device-refused");
    expect(sim.state().config[`${prefix}RELAY.HoldDelayA`]).toBe("5");
  });
});

describe("the faults file", () => {
  it("parts settings from faults", () => {
    expect(parseSimPhoneFile('{"statusForm":"object","closeAfter":1}')).toEqual({
      settings: { statusForm: "object" },
      faults: { closeAfter: 1 },
    });
  });
  it.each(["{", "[]", '{"closeafter":1}', '{"closeAfter":-1}', '{"changeRetcode":2}'])("%s is bad input", (text) => {
    expect(() => parseSimPhoneFile(text)).toThrow(expect.objectContaining({ code: "bad-input", field: "faults" }));
  });
  it("a taken port is busy", async () => {
    const sim = await simPhone();
    expect((await failure(simPhone({}, { listen: `127.0.0.1:${String(sim.port)}` }))).code).toBe("busy");
    expect((await failure(simPhone({ model: "Z1" }))).field).toBe("model");
  });
});

import { describe, expect, it } from "vitest";
import { phoneSettingsSchema } from "../../../src-main/services/model/phone.ts";
import { candidates } from "../../../src-main/phone/key-maps/lookup.ts";
import { fieldNames, fieldSpec } from "../../../src-main/phone/fields.ts";
import { readSettings } from "../../../src-main/phone/settings.ts";

const prefix = "Config.DoorSetting.";
const map = (keys: Record<string, string>): Map<string, string> =>
  new Map(Object.entries(keys).map(([key, value]) => [prefix + key, value]));
const read = (keys: Record<string, string>) => readSettings(map(keys), "2026-01-01T00:00:00.000Z");

describe("which key holds a field", () => {
  const cases: { name: string; keys: Record<string, string>; field: string; key: string; mark: string }[] = [
    { name: "F1", keys: { "RELAY.HoldDelayA": "5" }, field: "relayA.holdDelay", key: "RELAY.HoldDelayA", mark: "HW" },
    {
      name: "F2",
      keys: { "RELAY.RelayBDelay": "5" },
      field: "relayB.holdDelay",
      key: "RELAY.RelayBDelay",
      mark: "PROD",
    },
    {
      name: "F3",
      keys: { "RELAY.TrigDelayC": "0" },
      field: "relayC.triggerDelay",
      key: "RELAY.TrigDelayC",
      mark: "SPEC",
    },
    {
      name: "the first that exists wins: delays F1 before F2",
      keys: { "RELAY.RelayADelay": "1", "RELAY.HoldDelayA": "2" },
      field: "relayA.holdDelay",
      key: "RELAY.HoldDelayA",
      mark: "HW",
    },
    {
      name: "the first that exists wins: type F2 before F1",
      keys: { "RELAY.TypeA": "1", "RELAY.RelayAType": "0" },
      field: "relayA.type",
      key: "RELAY.RelayAType",
      mark: "HW",
    },
    { name: "codes by number", keys: { "DTMF.Code3": "7" }, field: "relayC.dtmf1", key: "DTMF.Code3", mark: "HW" },
    {
      name: "web rows from 0",
      keys: { "WEBRELAY.WebAction0": "x" },
      field: "web.action1",
      key: "WEBRELAY.WebAction0",
      mark: "TEMPLATE",
    },
    {
      name: "web rows above ten",
      keys: { "WEBRELAY.WebKey49": "1" },
      field: "web.key50",
      key: "WEBRELAY.WebKey49",
      mark: "INF",
    },
    {
      name: "a made-up name stays PROPOSED even when the unit has it",
      keys: { "SECURITYRELAY.HoldDelayA": "5" },
      field: "securityRelayA.holdDelay",
      key: "SECURITYRELAY.HoldDelayA",
      mark: "PROPOSED",
    },
  ];
  it.each(cases)("$name", ({ keys, field, key, mark }) => {
    expect(read(keys).fields[field]).toMatchObject({ key: prefix + key, mark });
  });
});

describe("the settings of a unit", () => {
  it("are what the contract says", () => {
    const settings = read({ "RELAY.NameA": "Door", "RELAY.RelayAType": "0" });
    expect(phoneSettingsSchema.parse(settings)).toEqual(settings);
    expect(settings.family).toBe("F1+F2");
    expect(settings.specs.map((spec) => spec.field).sort()).toEqual(["relayA.name", "relayA.type"]);
  });
  it("every field of the maps has rules and a menu path", () => {
    expect(fieldNames.length).toBe(candidates.size);
    for (const field of fieldNames) expect(fieldSpec(field)?.menuPath, field).toMatch(/^(Access Control|Device) > /);
  });
  it("say of what is missing why, and hold fifty missing rows for one", () => {
    const { notOffered } = read({ "RELAY.NameA": "Door" });
    const reason = (field: string): string | undefined => notOffered.find((one) => one.field === field)?.reason;
    expect(reason("relayC.holdDelay")).toBe("This unit reports no Relay C.");
    expect(reason("relayA.holdDelay")).toMatch(/no setting for it/);
    expect(reason("securityRelayA.connectType")).toMatch(/No confirmed name/);
    expect(notOffered.filter((one) => /^web\.(action|key|extension)/.test(one.field))).toHaveLength(1);
  });
  it("hide passwords and credentials inside URLs", () => {
    const text = JSON.stringify(
      read({
        "WEBRELAY.Passwd": "canary1",
        "RELAY.RelayOnWebPwd": "canary2",
        "WEBRELAY.WebAction0": "http://admin:canary3@192.168.1.2/state.xml?relayState=2",
      }),
    );
    expect(text).not.toContain("canary");
    expect(text).toContain("http://**@192.168.1.2/state.xml?relayState=2");
  });
});

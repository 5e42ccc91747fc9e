import { describe, expect, it } from "vitest";
import { reviewSchema } from "../../../src-main/services/model/phone.ts";
import { planChanges } from "../../../src-main/phone/plan.ts";

const prefix = "Config.DoorSetting.";
const base: Record<string, string> = {
  "RELAY.HoldDelayA": "5",
  "RELAY.TriggerDelayA": "0",
  "RELAY.RelayAType": "0",
  "RELAY.RelayAMode": "0",
  "RELAY.NameA": "Door",
  "RELAY.HoldDelayB": "5",
  "DTMF.Option": "0",
  "DTMF.Enable": "1",
  "DTMF.Code1": "1",
  "DTMF.Code2": "2",
  "DTMF.MultiDTMFCodeA": "12",
  "DTMF.MultiDTMFCodeB": "12",
  "WEBRELAY.RelayType": "0",
  "WEBRELAY.IpAddress": "",
  "WEBRELAY.Passwd": "old-canary",
  "WEBRELAY.WebAction0": "",
  "WEBRELAY.WebKey0": "",
  "WEBRELAY.WebExtension0": "",
  "RS485.ApplyTo": "0",
  "RELAY.AccessMethodA": "pin",
};
const plan = (asked: Record<string, string>, unit: Record<string, string> = {}) =>
  planChanges(new Map(Object.entries({ ...base, ...unit }).map(([key, value]) => [prefix + key, value])), asked);

describe("what would be written", () => {
  it("exactly one key for one field", () => {
    const { review, writes } = plan({ "relayA.holdDelay": "7" });
    const key = `${prefix}RELAY.HoldDelayA`;
    expect(review.changes).toEqual([{ field: "relayA.holdDelay", key, mark: "HW", old: "5", new: "7", danger: null }]);
    expect(writes).toEqual([{ field: "relayA.holdDelay", key, mark: "HW", old: "5", new: "7" }]);
    expect(reviewSchema.parse(review)).toEqual(review);
  });
  it("equal values drop out, as numbers too", () => {
    expect(plan({ "relayA.holdDelay": "05", "relayA.name": "Door", "relayA.type": "0" }).writes).toEqual([]);
  });
  it("a value of the unit that we would not allow may stay", () => {
    const { review } = plan({ "relayA.holdDelay": "300" }, { "RELAY.HoldDelayA": "300" });
    expect(review).toEqual({ changes: [], problems: [], warnings: [] });
  });
  it("secrets are in what is written, not in what is shown", () => {
    const { review, writes } = plan({
      "web.password": "new-canary",
      "web.action1": "http://a:url-canary@192.168.1.9/x",
    });
    expect(writes.map((write) => write.new)).toEqual(["new-canary", "http://a:url-canary@192.168.1.9/x"]);
    expect(JSON.stringify(review)).not.toContain("canary");
  });
});

describe("what stands in the way", () => {
  const cases: [string, Record<string, string>, string][] = [
    ["no such field", { "relayA.holdTime": "5" }, "bad-input"],
    ["a security relay has no Type", { "securityRelayA.type": "0" }, "bad-input"],
    ["prototype names are no fields", { __proto__x: "1", "constructor.name": "1" }, "bad-input"],
    ["not on this unit", { "relayD.holdDelay": "5" }, "unsupported"],
    ["a made-up key that the unit has not", { "securityRelayA.holdDelay": "5" }, "unsupported"],
    ["hold delay 0", { "relayA.holdDelay": "0" }, "bad-input"],
    ["hold delay 61", { "relayA.holdDelay": "61" }, "bad-input"],
    ["trigger delay 11", { "relayA.triggerDelay": "11" }, "bad-input"],
    ["no number", { "relayA.holdDelay": "5s" }, "bad-input"],
    ["a fraction", { "relayA.holdDelay": "1.5" }, "bad-input"],
    ["no such choice", { "relayA.type": "2" }, "bad-input"],
    ["two characters in a 1-digit code", { "relayA.dtmf1": "12" }, "bad-input"],
    ["a letter in a code", { "relayA.dtmfMulti": "1a" }, "bad-input"],
    ["five digits", { "relayA.dtmfMulti": "12345" }, "bad-input"],
    ["a line break", { "relayA.name": "a\nb" }, "bad-input"],
    ["too long", { "relayA.name": "x".repeat(64) }, "bad-input"],
    ["the stars of a hidden password", { "web.password": "**" }, "bad-input"],
    ["the stars inside a URL", { "web.action1": "http://**@192.168.1.9/" }, "bad-input"],
  ];
  it.each(cases)("%s", (_, asked, code) => {
    const { review, writes } = plan(asked);
    expect(review.problems.map((problem) => problem.code)).toEqual(Object.keys(asked).map(() => code));
    expect(review.problems[0]?.field).toBe(Object.keys(asked)[0]);
    expect(writes).toEqual([]);
  });
});

describe("warnings and dangers", () => {
  const cases: {
    name: string;
    asked: Record<string, string>;
    unit?: Record<string, string>;
    codes: string[];
    dangers?: string[];
  }[] = [
    { name: "nothing special", asked: { "relayA.holdDelay": "7" }, codes: [] },
    { name: "same active code on two relays", asked: { "relayA.dtmf1": "2" }, codes: ["both-move"] },
    {
      name: "codes that do not count are not compared",
      asked: { "relayA.dtmfMulti": "34" },
      unit: { "DTMF.MultiDTMFCodeB": "34" },
      codes: ["code-not-used"],
    },
    {
      name: "another DTMF mode",
      asked: { "dtmf.mode": "1" },
      codes: ["changes-all-relays", "both-move", "value-not-confirmed"],
      dangers: ["dtmf-mode"],
    },
    {
      name: "the length of a code is the mode's",
      asked: { "relayA.dtmfMulti": "123" },
      unit: { "DTMF.Option": "1" },
      codes: ["code-length"],
    },
    { name: "DTMF off: no codes count", asked: { "relayA.dtmf1": "2" }, unit: { "DTMF.Enable": "0" }, codes: [] },
    {
      name: "hold delay of a bistable relay",
      asked: { "relayA.holdDelay": "7" },
      unit: { "RELAY.RelayAMode": "1" },
      codes: ["hold-no-effect"],
    },
    { name: "bistable", asked: { "relayA.mode": "1" }, codes: ["hold-no-effect"], dangers: ["mode"] },
    { name: "type", asked: { "relayA.type": "1" }, codes: [], dangers: ["type"] },
    { name: "a key nobody can dial", asked: { "web.key1": "9" }, codes: ["nobody-can-dial"] },
    { name: "a key equal to a code is what the manual prescribes", asked: { "web.key1": "2" }, codes: [] },
    {
      name: "a full URL and another IP address",
      asked: { "web.action1": "http://10.0.0.2/a" },
      unit: { "WEBRELAY.IpAddress": "10.0.0.1" },
      codes: ["url-ignores-ip"],
    },
    {
      name: "a full URL with the same IP address",
      asked: { "web.action1": "http://10.0.0.1:8080/a" },
      unit: { "WEBRELAY.IpAddress": "10.0.0.1" },
      codes: [],
    },
    {
      name: "a short URL without IP address",
      asked: { "web.action1": "state.xml?relayState=2" },
      codes: ["url-needs-ip"],
    },
    { name: "credentials in the URL", asked: { "web.action1": "http://a:b@10.0.0.2/a" }, codes: ["password-in-url"] },
    { name: "extension", asked: { "web.extension1": "101" }, codes: ["extension-only-in-calls"] },
    { name: "web relay only", asked: { "web.type": "1" }, codes: ["value-not-confirmed"], dangers: ["web-only"] },
    { name: "both relays", asked: { "web.type": "2" }, codes: ["local-typically-first", "value-not-confirmed"] },
    {
      name: "nothing ticked",
      asked: { "relayA.accessMethod": "" },
      codes: ["nobody-gets-in", "key-not-confirmed"],
      dangers: ["access-method"],
    },
    {
      name: "Apply RS485",
      asked: { "rs485.applyTo": "2" },
      codes: ["rs485-user-stops", "key-not-confirmed"],
      dangers: ["rs485-apply"],
    },
  ];
  it.each(cases)("$name", ({ asked, unit, codes, dangers }) => {
    const { review } = plan(asked, unit);
    expect(review.problems).toEqual([]);
    expect(review.warnings.map((warning) => warning.code)).toEqual(codes);
    expect(review.changes.map((change) => change.danger).filter((danger) => danger !== null)).toEqual(dangers ?? []);
  });
});

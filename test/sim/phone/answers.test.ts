import { describe, expect, it } from "vitest";
import type { Phone } from "../../../src-main/phone/client.ts";
import { readStatus } from "../../../src-main/phone/client.ts";
import { failure, phoneTo } from "./bench.ts";
import type { Planted } from "./planted.ts";
import { planted } from "./planted.ts";

const info =
  '{"retcode":0,"action":"info","message":"OK","data":{"Status":{"Model":"X916S","MAC":"AA:BB:CC:DD:EE:FF","FirmwareVersion":"916.30.10.114","HardwareVersion":"1.0","Uptime":"1d","WebLang":0},"Lan":{"IPAddress":"192.168.1.100"},"Account1":{"Status":"0"}}}';
const relayStatus = '{"retcode":0,"action":"get","message":"","data":{"RelayA":0,"RelayB":1}}';
const noHandler = '{"retcode":-1,"action":"unknow","message":"No hanlders for this request"}';
const digest = 'Digest realm="HTTP API", qop="auth,auth-int", nonce="abc", opaque="x"';
const lighttpd = '<?xml version="1.0" encoding="iso-8859-1"?><!DOCTYPE html><html><body>401</body></html>';

describe("asking without credentials: what the answer means", () => {
  const cases: {
    name: string;
    answers: Planted[];
    auth?: "digest" | "basic" | "none";
    outcome: string;
    words?: RegExp;
  }[] = [
    { name: "200 and JSON: no login", answers: [{ body: info }], outcome: "none" },
    {
      name: "401 with Digest",
      answers: [{ status: 401, headers: { "www-authenticate": digest } }, { body: info }],
      outcome: "digest",
    },
    {
      name: "401 with Basic over plain HTTP",
      answers: [{ status: 401, headers: { "www-authenticate": 'Basic realm="HTTP API"' } }, { body: info }],
      outcome: "device-auth",
      words: /readable over the network/,
    },
    { name: "Basic chosen on purpose", answers: [{ body: info }], auth: "basic", outcome: "basic" },
    {
      name: "401 with a lighttpd page",
      answers: [{ status: 401, body: lighttpd }],
      outcome: "device-auth",
      words: /kind of login/,
    },
    {
      name: "403 without a challenge",
      answers: [{ status: 403, body: lighttpd }],
      outcome: "device-auth",
      words: /allow-list.*password was not the reason/,
    },
    ...[301, 302, 307, 308].map((status) => ({
      name: `${String(status)}: HTTPS only, and the redirect is not followed`,
      answers: [{ status, headers: { location: "https://example.invalid/" } }],
      outcome: "unsupported",
      words: /HTTPS only/,
    })),
    {
      name: "2N intercom",
      answers: [{ body: '{"success":true,"result":{}}' }],
      outcome: "unsupported",
      words: /2N/,
    },
    { name: "a web page", answers: [{ body: "<html><form>login" }], outcome: "unsupported", words: /web page/ },
    {
      name: "wrong password",
      answers: [{ status: 401, headers: { "www-authenticate": digest } }],
      outcome: "device-auth",
      words: /user name or the password/,
    },
    {
      name: "digest chosen, the unit wants Basic",
      answers: [{ status: 401, headers: { "www-authenticate": "Basic realm=x" } }],
      auth: "digest",
      outcome: "device-auth",
      words: /wants Basic/,
    },
    {
      name: "none chosen, the unit wants a login",
      answers: [{ status: 401, headers: { "www-authenticate": digest } }],
      auth: "none",
      outcome: "device-auth",
      words: /asks for a user name/,
    },
  ];
  it.each(cases)("$name", async ({ answers, auth, outcome, words }) => {
    const unit = await planted(...answers);
    const work = phoneTo(unit, auth ? { auth } : {}).info();
    if (["none", "digest", "basic"].includes(outcome)) {
      expect(await work).toEqual({
        model: "X916S",
        firmware: "916.30.10.114",
        mac: "AA:BB:CC:DD:EE:FF",
        auth: outcome,
      });
      return;
    }
    const error = await failure(work);
    expect(error.code).toBe(outcome);
    expect(error.message).toMatch(words ?? /./);
    expect(unit.asked.every((line) => !line.includes("Basic"))).toBe(true);
  });

  it("the name of the model comes from the firmware number when the unit does not say it", async () => {
    const unit = await planted({ body: '{"retcode":"0","data":{"Status":{"FirmwareVersion":"18.30.10.118"}}}' });
    expect(await phoneTo(unit).info()).toMatchObject({ model: "E18", mac: null });
  });
});

describe("a planted answer and what it becomes", () => {
  const utf8 = new TextEncoder();
  const cases: {
    name: string;
    call: (phone: Phone) => Promise<unknown>;
    answer: Planted;
    gives?: unknown;
    code?: string;
  }[] = [
    {
      name: "2 system/status without action",
      call: (phone) => phone.systemStatus(),
      answer: { body: '{"retcode":0,"message":"ok","data":{"SystemTime":"1700000000","UpTime":"12345"}}' },
      gives: { systemTime: "1700000000", upTime: "12345" },
    },
    {
      name: "3 relay/status",
      call: (phone) => phone.relayStatus(),
      answer: { body: relayStatus },
      gives: { A: 0, B: 1 },
    },
    { name: "4 no handler", call: (phone) => phone.relayStatus(), answer: { body: noHandler }, code: "unsupported" },
    {
      name: "5 relay/trig",
      call: (phone) => phone.trigger({ num: 1, mode: 0, level: 0, delay: 1 }),
      answer: { body: '{"retcode":1,"action":"trigRelay","message":"OK","data":{}}' },
      gives: undefined,
    },
    {
      name: "6 relay/trig failed",
      call: (phone) => phone.trigger({ num: 1, mode: 0, level: 0, delay: 1 }),
      answer: { body: '{"retcode":-1,"action":"trigRelay","message":"Failed","data":{}}' },
      code: "device-refused",
    },
    {
      name: "7 relay/get",
      call: (phone) => phone.relayConfig(),
      answer: {
        body: '{"retcode":0,"action":"relay","message":"get successfully!","data":{"Config.DoorSetting.RELAY.HoldDelayA":"5"}}',
      },
      gives: new Map([["Config.DoorSetting.RELAY.HoldDelayA", "5"]]),
    },
    {
      name: "8 relay/set",
      call: (phone) => phone.setRelayConfig({ k: "1" }),
      answer: { body: '{"retcode":0,"action":"relay","message":"set successfully!"}' },
      gives: undefined,
    },
    {
      name: "9 config/get; a number becomes text, a list is left out",
      call: (phone) => phone.config(),
      answer: { body: '{"retcode":0,"data":{"a":"5","b":7,"c":[],"__proto__":"x"}}' },
      gives: new Map([
        ["a", "5"],
        ["b", "7"],
        ["__proto__", "x"],
      ]),
    },
    {
      name: "10 unsupport action",
      call: (phone) => phone.setConfig({ k: "1" }),
      answer: { body: '{"retcode":-1,"action":"unknow","message":"unsupport action"}' },
      code: "unsupported",
    },
    {
      name: "Api unsupported",
      call: (phone) => phone.inputStatus(),
      answer: { body: '{"retcode":-1,"message":"Api unsupported"}' },
      code: "unsupported",
    },
    {
      name: "Error param",
      call: (phone) => phone.setConfig({ k: "1" }),
      answer: { body: '{"retcode":-5,"message":"Error param"}' },
      code: "device-refused",
    },
    {
      name: "11 input/status as objects",
      call: (phone) => phone.inputStatus(),
      answer: { body: '{"retcode":0,"data":{"InputA":{"Status":"1"},"InputB":"0","InputC":null}}' },
      gives: { A: 1, B: 0 },
    },
    {
      name: "12 OpenDoor",
      call: (phone) => phone.openDoor("1"),
      answer: { body: '{"retcode":0,"message":"OK"}' },
      gives: undefined,
    },
    {
      name: "13 OpenDoor switched off",
      call: (phone) => phone.openDoor("1"),
      answer: { body: '{"retcode":-3,"message":"Not Enable"}' },
      code: "device-refused",
    },
    {
      name: "14 OpenDoor in High Security Mode",
      call: (phone) => phone.openDoor("SA"),
      answer: { body: '{"retcode":-4,"message":"Not Safe"}' },
      code: "device-refused",
    },
    {
      name: "15 the old page says wrong credentials",
      call: (phone) => phone.openDoor("1"),
      answer: { body: "<html><input id=hcSingleResult type=hidden value='-1'>" },
      code: "device-auth",
    },
    {
      name: "the old page says done",
      call: (phone) => phone.openDoor("1"),
      answer: { body: "<html><input id=hcSingleResult type=hidden value='0'>" },
      gives: undefined,
    },
    {
      name: "an old page that says nothing",
      call: (phone) => phone.openDoor("1"),
      answer: { body: "<html>" },
      code: "protocol",
    },
    {
      name: "503 on fcgi: switched off",
      call: (phone) => phone.openDoor("1"),
      answer: { status: 503 },
      code: "device-refused",
    },
    {
      name: "19 trailing bytes",
      call: (phone) => phone.relayStatus(),
      answer: { body: `${relayStatus}\r\n0\r\n\r\n` },
      gives: { A: 0, B: 1 },
    },
    { name: "20 empty 200", call: (phone) => phone.relayStatus(), answer: { body: "" }, code: "protocol" },
    {
      name: "wrong content type",
      call: (phone) => phone.relayStatus(),
      answer: { headers: { "content-type": "text/html" }, body: relayStatus },
      gives: { A: 0, B: 1 },
    },
    {
      name: "invalid UTF-8",
      call: (phone) => phone.relayStatus(),
      answer: {
        body: new Uint8Array([
          ...utf8.encode('{"retcode":0,"message":"'),
          0xff,
          0xc3,
          0x28,
          ...utf8.encode('","data":{"RelayA":1}}'),
        ]),
      },
      gives: { A: 1 },
    },
    { name: "missing data", call: (phone) => phone.relayStatus(), answer: { body: '{"retcode":0}' }, gives: {} },
    {
      name: "settings without data",
      call: (phone) => phone.config(),
      answer: { body: '{"retcode":0,"data":null}' },
      code: "protocol",
    },
    {
      name: "half a document",
      call: (phone) => phone.config(),
      answer: { body: relayStatus.slice(0, 40) },
      code: "protocol",
    },
    { name: "a list", call: (phone) => phone.config(), answer: { body: "[1]" }, code: "protocol" },
    { name: "no return code", call: (phone) => phone.config(), answer: { body: '{"data":{}}' }, code: "protocol" },
    {
      name: "a return code that is no number",
      call: (phone) => phone.config(),
      answer: { body: '{"retcode":"x"}' },
      code: "protocol",
    },
    {
      name: "nested too deep",
      call: (phone) => phone.config(),
      answer: { body: `{"retcode":0,"data":${"[".repeat(500)}` },
      code: "protocol",
    },
    {
      name: "too long",
      call: (phone) => phone.config(),
      answer: { body: `{"retcode":0,"message":"${"x".repeat(9000)}"}` },
      code: "protocol",
    },
    { name: "404", call: (phone) => phone.config(), answer: { status: 404, body: "<html>" }, code: "unsupported" },
    { name: "500", call: (phone) => phone.config(), answer: { status: 500 }, code: "device-refused" },
    { name: "503 for ever", call: (phone) => phone.config(), answer: { status: 503 }, code: "busy" },
    { name: "403 later on", call: (phone) => phone.config(), answer: { status: 403 }, code: "device-auth" },
  ];
  it.each(cases)("$name", async ({ call, answer, gives, code }) => {
    const unit = await planted(answer);
    const work = call(phoneTo(unit, { auth: "none", maxAnswerBytes: 8192 }));
    if (code === undefined) expect(await work).toEqual(gives);
    else expect((await failure(work)).code).toBe(code);
  });

  it("relays and inputs together, where the firmware has only one of them", async () => {
    const unit = await planted({ body: relayStatus }, { body: noHandler });
    expect(await readStatus(phoneTo(unit, { auth: "none" }))).toEqual({ relays: { A: 0, B: 1 }, inputs: {} });
    const none = await planted({ body: noHandler });
    expect((await failure(readStatus(phoneTo(none, { auth: "none" })))).code).toBe("unsupported");
  });

  it("the body of a change is target, action, data", async () => {
    const unit = await planted({ body: '{"retcode":1}' });
    await phoneTo(unit, { auth: "none" }).setConfig({ k: "1" });
    expect(unit.asked).toEqual(['POST /api/config/set no login {"target":"config","action":"set","data":{"k":"1"}}']);
  });
});

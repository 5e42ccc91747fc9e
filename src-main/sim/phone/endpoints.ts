import type { SimPhoneFaults, SimPhoneSettings } from "./settings.ts";
import type { SimRelays } from "./relays.ts";
import type { SimUnit } from "./unit.ts";
import { isRelayKey } from "./unit.ts";

/** What the unit's API works on. `moved` and `wrote` tell the owner what was done. */
export interface SimApi {
  readonly settings: SimPhoneSettings;
  readonly unit: SimUnit;
  readonly relays: SimRelays;
  readonly upMs: () => number;
  readonly faults: () => SimPhoneFaults;
  moved(relay: string): void;
  wrote(keys: string[], before: ReadonlyMap<string, string>): void;
  reboot(): void;
}

/** An answer before it is damaged: an object is sent as JSON, text as a web page. */
export type SimAnswer = Readonly<Record<string, unknown>> | string;

type Data = Readonly<Record<string, unknown>>;

const unknownAction: SimAnswer = { retcode: -1, action: "unknow", message: "unsupport action" };
// The spelling is the real units' own.
const noHandler: SimAnswer = { retcode: -1, action: "unknow", message: "No hanlders for this request" };
const ok = (action: string, data: unknown, retcode = 0): SimAnswer => ({ retcode, action, message: "OK", data });

/** Carries out one authorised request. `body` is its text, "" for none. */
export function answerRequest(api: SimApi, method: string, url: URL, body: string): SimAnswer {
  if (api.faults().otherMaker) return { success: true, result: {} };
  if (url.pathname === "/fcgi/OpenDoor") return openDoor(api, url.searchParams);
  if (url.pathname === "/fcgi/do") return oldOpenDoor(api, url.searchParams);
  if (api.faults().missingEndpoints.includes(url.pathname)) return noHandler;
  const [, root, target = "", action = ""] = url.pathname.split("/");
  if (root !== "api") return noHandler;
  if (method === "GET") return call(api, `${target}/${action}`, null);
  const asked = parseBody(body);
  if (asked === null) return unknownAction;
  if (asked["target"] === undefined && `${target}/${action}` === "relay/trig") return trigger(api, asked);
  if (typeof asked["target"] !== "string" || typeof asked["action"] !== "string") return unknownAction;
  const data = isData(asked["data"]) ? asked["data"] : {};
  return call(api, `${asked["target"]}/${asked["action"]}`, data);
}

/** `data` null: a GET, which changes nothing. */
function call(api: SimApi, name: string, data: Data | null): SimAnswer {
  const { unit, settings } = api;
  switch (name) {
    case "system/info":
      return ok("info", {
        Status: {
          Model: unit.model,
          MAC: "0C:11:05:00:00:01",
          FirmwareVersion: unit.firmware,
          HardwareVersion: "1.0",
          Uptime: String(Math.floor(api.upMs() / 1000)),
          WebLang: 0,
        },
        Lan: { IPAddress: "127.0.0.1", SubnetMask: "255.0.0.0", Gateway: "127.0.0.1", LinkStatus: "Connected" },
        Account1: { Status: "0" },
      });
    case "system/status":
      return ok("status", { SystemTime: "1700000000", UpTime: String(Math.floor(api.upMs() / 1000)) });
    case "config/get":
      return ok("get", pick(unit.config, data));
    case "relay/get":
      return ok("relay", Object.fromEntries([...unit.config].filter(([key]) => isRelayKey(key))));
    case "relay/status":
      return ok("get", levels(settings.statusForm, "Relay", api.relays.levels()));
    case "input/status":
      return ok("status", levels(settings.statusForm, "Input", Object.fromEntries(unit.inputs.map((one) => [one, 1]))));
    case "config/set":
    case "relay/set":
      return data === null ? unknownAction : write(api, data);
    case "relay/trig":
      return data === null ? unknownAction : trigger(api, data);
    case "system/reboot":
      if (data === null) return unknownAction;
      api.reboot();
      return ok("reboot", {});
    default:
      return noHandler;
  }
}

function pick(config: ReadonlyMap<string, string>, data: Data | null): Record<string, string> {
  const wanted = data && Array.isArray(data["item"]) ? new Set<unknown>(data["item"].slice(0, 5000)) : null;
  return Object.fromEntries([...config].filter(([key]) => wanted === null || wanted.has(key)));
}

function levels(form: SimPhoneSettings["statusForm"], prefix: string, all: Record<string, number>): Data {
  const dress = (level: number): unknown =>
    form === "int" ? level : form === "string" ? String(level) : { Status: level };
  return Object.fromEntries(Object.entries(all).map(([letter, level]) => [`${prefix}${letter}`, dress(level)]));
}

function write(api: SimApi, data: Data): SimAnswer {
  const { config } = api.unit;
  const faults = api.faults();
  const entries = Object.entries(data);
  const known = entries.every(([key, value]) => config.has(key) && typeof value === "string" && value.length <= 255);
  if (entries.length === 0 || !known) return { retcode: -1, action: "set", message: "Error param" };
  const before = new Map(config);
  for (const [key, value] of entries)
    if (!faults.notSticking.includes(key)) config.set(key, faults.takesInstead[key] ?? String(value));
  api.wrote(Object.keys(data), before);
  return { retcode: api.settings.changeRetcode, action: "set", message: "set successfully!", data: {} };
}

function trigger(api: SimApi, data: Data): SimAnswer {
  const relay = api.unit.relays[Number(data["num"]) - 1];
  const delay = Number(data["delay"] ?? 0);
  if (relay === undefined || !Number.isInteger(delay) || delay < 0 || delay > 65_535)
    return { retcode: -1, action: "trigRelay", message: "Failed", data: {} };
  api.moved(relay);
  if (Number(data["mode"]) === 1) api.relays.stay(relay);
  else api.relays.trigger(relay, delay > 0 ? delay : undefined);
  return { retcode: api.settings.changeRetcode, action: "trigRelay", message: "OK", data: {} };
}

function openDoor(api: SimApi, query: URLSearchParams): SimAnswer {
  if (api.unit.read("openViaHttp.enable", "1") !== "1") return { retcode: -3, message: "Not Enable" };
  if (api.settings.highSecurity && api.settings.auth !== "digest") return { retcode: -4, message: "Not Safe" };
  if (query.get("action") !== "OpenDoor") return { retcode: -1, message: "unknown action" };
  return openByNumber(api, query) ? { retcode: 0, message: "OK" } : { retcode: -2, message: "bad DoorNum" };
}

function openByNumber(api: SimApi, query: URLSearchParams): boolean {
  const door = query.get("DoorNum") ?? "";
  const relay = door === "SA" || door === "SB" ? door : api.unit.relays[Number(door) - 1];
  if (relay === undefined) return false;
  api.moved(relay);
  api.relays.trigger(relay);
  return true;
}

function oldOpenDoor(api: SimApi, query: URLSearchParams): SimAnswer {
  if (api.unit.read("openViaHttp.enable", "1") !== "1") return { retcode: -3, message: "Not Enable" };
  if (api.settings.highSecurity) return { retcode: -4, message: "Not Safe" };
  const rightful =
    query.get("UserName") === api.unit.read("openViaHttp.user", "") &&
    query.get("Password") === api.unit.read("openViaHttp.password", "");
  const result = !rightful ? -1 : openByNumber(api, query) ? 0 : -2;
  return `<html><body><input id=hcSingleResult type=hidden value='${String(result)}'></body></html>`;
}

function parseBody(body: string): Data | null {
  try {
    const value: unknown = JSON.parse(body);
    return isData(value) ? value : null;
  } catch {
    return null;
  }
}

function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

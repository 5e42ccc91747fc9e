import { fail } from "../lib/errors.ts";
import { cleanText, isObject, wholeNumber } from "./envelope.ts";

/** The unit's settings as it reports them: full key -> text. */
export type ConfigMap = ReadonlyMap<string, string>;

const maxKeys = 20_000;
const maxKeyLength = 200;
const maxValueLength = 4096;

/** What a unit says of itself. */
export interface UnitIdentity {
  readonly model: string;
  readonly firmware: string;
  readonly mac: string | null;
}

/** Model ids that more than one public source confirms: the first number of the firmware version. */
const modelIds: Readonly<Record<string, string>> = {
  "18": "E18",
  "29": "R29",
  "83": "IT83",
  "108": "A08",
  "320": "R20 V3",
  "539": "S539",
  "916": "X916",
  "2915": "X915 V2",
};

/** Reads `data` of `system/info`. Throws `protocol` when it names neither model nor firmware. */
export function readIdentity(data: unknown): UnitIdentity {
  const status = isObject(data) && isObject(data["Status"]) ? data["Status"] : {};
  const firmware = cleanText(status["FirmwareVersion"]);
  const model = cleanText(status["Model"]) || modelIds[firmware.split(".")[0] ?? ""] || "";
  if (model === "" && firmware === "") throw fail("protocol", "The door phone does not say what it is.");
  const mac = cleanText(status["MAC"]);
  return { model: model || "unknown", firmware: firmware || "unknown", mac: mac === "" ? null : mac };
}

/** Reads `data` of `system/status`: the unit's clock and up time as the unit words them, null where missing. */
export function readSystemStatus(data: unknown): { systemTime: string | null; upTime: string | null } {
  const map = isObject(data) ? data : {};
  return { systemTime: cleanText(map["SystemTime"]) || null, upTime: cleanText(map["UpTime"]) || null };
}

/** Reads a map of settings. Numbers become text; anything else that is no text, and over-long entries, are left out. */
export function readConfig(data: unknown): ConfigMap {
  if (!isObject(data)) throw fail("protocol", "The door phone sent no settings.");
  const map = new Map<string, string>();
  for (const [key, value] of Object.entries(data)) {
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text !== "string" || key.length > maxKeyLength || text.length > maxValueLength) continue;
    map.set(key, text);
    if (map.size > maxKeys) throw fail("protocol", "The door phone sent an implausible number of settings.");
  }
  return map;
}

/** Reads `RelayA..D` or `InputA..`: each an integer, a numeric text, or an object with a status. Others are left out. */
export function readLevels(data: unknown, prefix: "Relay" | "Input"): Record<string, number> {
  const levels: Record<string, number> = {};
  if (!isObject(data)) return levels;
  for (const letter of "ABCDEFGH") {
    const raw = data[`${prefix}${letter}`];
    const level = wholeNumber(isObject(raw) ? (raw["Status"] ?? raw["status"] ?? raw["Value"] ?? raw["value"]) : raw);
    if (level !== null) levels[letter] = level;
  }
  return levels;
}

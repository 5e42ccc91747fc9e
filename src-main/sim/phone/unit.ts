import { keyPrefix } from "../../phone/key-maps/entry.ts";
import type { Candidate } from "../../phone/key-maps/lookup.ts";
import { candidates } from "../../phone/key-maps/lookup.ts";
import { fail } from "../../lib/errors.ts";
import type { SimPhoneSettings } from "./settings.ts";
import { simPhoneModels } from "./settings.ts";

/** What a simulated door phone is and holds. */
export interface SimUnit {
  readonly model: string;
  readonly firmware: string;
  /** Letters of its local relays and inputs. */
  readonly relays: readonly string[];
  readonly inputs: readonly string[];
  /** All settings, full key -> text. */
  readonly config: Map<string, string>;
  /** The value of a field wherever this unit keeps it, or the fallback. */
  read(field: string, fallback: string): string;
}

const letters = ["A", "B", "C", "D"];
const factory: Readonly<Record<string, string>> = {
  triggerDelay: "0",
  holdDelay: "5",
  type: "0",
  mode: "0",
  liftControl: "0",
  connectType: "0",
};

/** Builds the unit's settings after its model. Throws `bad-input` for a model that is not simulated. */
export function createSimUnit(settings: SimPhoneSettings): SimUnit {
  const model = simPhoneModels[settings.model];
  if (!model)
    throw fail(
      "bad-input",
      `There is no simulated ${settings.model}; choose ${Object.keys(simPhoneModels).join(", ")}.`,
      {
        field: "model",
      },
    );
  const config = new Map<string, string>();
  const keys = new Map<string, string>();
  const relays = letters.slice(0, model.relays);
  for (const [field, all] of candidates) {
    const key = settings.keyNames[field] ?? keyFor(settings, model.families, field, all);
    if (key === undefined || !exists(settings, relays, field)) continue;
    keys.set(field, key);
    config.set(key, factoryValue(settings, field));
  }
  for (let at = 0; at < settings.fillerKeys; at++)
    config.set(`Config.Simulated.PAGE${String(Math.floor(at / 30))}.Item${String(at % 30)}`, String(at % 7));
  return {
    model: settings.model,
    firmware: model.firmware,
    relays,
    inputs: letters.slice(0, model.inputs),
    config,
    read: (field, fallback) => config.get(keys.get(field) ?? "") ?? fallback,
  };
}

/** Families that were asked for win in that order; a model's own mixture follows the order of the maps, as on E18. */
function keyFor(
  settings: SimPhoneSettings,
  mixture: readonly string[],
  field: string,
  all: readonly Candidate[],
): string | undefined {
  if (madeUp(settings, field)) return all[0]?.key;
  const has = (one: Candidate, families: readonly string[]): boolean => [...families, "common"].includes(one.family);
  const asked = settings.families?.flatMap((family) => all.find((one) => has(one, [family])) ?? []);
  return (asked ? asked[0] : all.find((one) => has(one, mixture)))?.key;
}

function madeUp(settings: SimPhoneSettings, field: string): boolean {
  return settings.securityRelayKeys && /^(securityRelay|rs485)/.test(field);
}

function exists(settings: SimPhoneSettings, relays: readonly string[], field: string): boolean {
  const relay = /^relay(.)\./.exec(field)?.[1];
  const row = /^web\.\D+(\d+)$/.exec(field)?.[1];
  return (relay === undefined || relays.includes(relay)) && (row === undefined || Number(row) <= settings.webRows);
}

function factoryValue(settings: SimPhoneSettings, field: string): string {
  const [group = "", property = ""] = field.split(".");
  const letter = group.at(-1) ?? "";
  if (field === "openViaHttp.enable") return settings.openViaHttp ? "1" : "0";
  if (field === "dtmf.mode" || field === "web.type") return "0";
  if (field === "dtmf.enable") return "1";
  if (property === "dtmf1") return group.startsWith("security") ? "9" : String(letters.indexOf(letter));
  if (property === "name") return group.startsWith("security") ? `SecurityRelay${letter}` : `Relay${letter}`;
  return factory[property] ?? "";
}

/** Keys that `relay/get` shows: everything under RELAY and DTMF. */
export function isRelayKey(key: string): boolean {
  return key.startsWith(`${keyPrefix}RELAY.`) || key.startsWith(`${keyPrefix}DTMF.`);
}

import { hidden, redactText } from "../lib/log.ts";
import type { ConfigMap } from "./answers.ts";
import type { FieldSpec } from "./fields.ts";
import { fieldNames, fieldSpec } from "./fields.ts";
import type { Mark } from "./key-maps/entry.ts";
import type { Candidate } from "./key-maps/lookup.ts";
import { candidates, familyOf } from "./key-maps/lookup.ts";

/** One setting that the unit reported. */
export interface Setting {
  value: string;
  key: string;
  mark: Mark;
}

/** A field of the manual that this unit does not offer, and why. */
export interface NotOffered {
  field: string;
  group: string;
  property: string;
  reason: string;
  menuPath: string;
}

/** The relay settings of one unit. Secrets and credentials inside URLs read as `**`. `readAt` is ISO 8601, UTC. */
export interface PhoneSettings {
  family: string;
  fields: Record<string, Setting>;
  specs: FieldSpec[];
  notOffered: NotOffered[];
  readAt: string;
}

/** The key under which this unit keeps a field: the first candidate that it reported, or null. */
export function keyOf(config: ConfigMap, field: string): Candidate | null {
  return candidates.get(field)?.find((one) => config.has(one.key)) ?? null;
}

/** What may be shown of a field's value: secrets become `**`, and so do credentials inside a URL. */
export function shownValue(field: string, value: string): string {
  if (fieldSpec(field)?.secret) return value === "" ? "" : hidden;
  return field.startsWith("web.action") ? redactText(value) : value;
}

/** Why this unit does not offer a field, in one sentence. */
export function whyNotOffered(config: ConfigMap, field: string): string {
  const letter = /^relay([A-D])\./.exec(field)?.[1];
  const siblings = fieldNames.filter((name) => name.split(".")[0] === field.split(".")[0]);
  if (letter && !siblings.some((name) => keyOf(config, name))) return `This unit reports no Relay ${letter}.`;
  if (/^(securityRelay|rs485)|(accessMethod|liftControl)$/.test(field))
    return "No confirmed name of this setting is known and this unit reports none; set it in the door phone's own page.";
  return "This unit reports no setting for it under a name that is known; set it in the door phone's own page.";
}

/** Turns the unit's whole map into the fields of the manual. `readAt` as ISO text. */
export function readSettings(config: ConfigMap, readAt: string): PhoneSettings {
  const settings: PhoneSettings = { family: familyOf(config), fields: {}, specs: [], notOffered: [], readAt };
  let webRowMissing = false;
  for (const field of fieldNames) {
    const spec = fieldSpec(field);
    if (!spec) continue;
    const place = keyOf(config, field);
    if (place) {
      const value = shownValue(field, config.get(place.key) ?? "");
      settings.fields[field] = { value, key: place.key, mark: place.mark };
      settings.specs.push(spec);
      continue;
    }
    // Fifty rows that are not there are one fact, not a hundred and fifty.
    const isRow = /^web\.(action|key|extension)\d+$/.test(field);
    if (isRow && webRowMissing) continue;
    webRowMissing ||= isRow;
    const { group, property, menuPath } = spec;
    settings.notOffered.push({ field, group, property, reason: whyNotOffered(config, field), menuPath });
  }
  return settings;
}

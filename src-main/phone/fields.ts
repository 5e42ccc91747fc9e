import type { Mark } from "./key-maps/entry.ts";
import { candidates } from "./key-maps/lookup.ts";

/** How a field is entered and checked; a form is drawn from this. */
export interface FieldSpec {
  /** E.g. `relayA.holdDelay`. */
  field: string;
  /** E.g. `relayA`. */
  group: string;
  /** E.g. `holdDelay`; of numbered web relay rows with the number: `action1`. */
  property: string;
  kind: "number" | "choice" | "text" | "digits" | "switch";
  min?: number;
  max?: number;
  maxLength?: number;
  choices?: { value: string; word: string; mark: Mark }[];
  unit?: "s";
  secret?: boolean;
  danger: boolean;
  menuPath: string;
}

/** Names the sentence about the door that a dangerous change must be confirmed with. */
export type DangerCode =
  "type" | "mode" | "dtmf-mode" | "connect-type" | "rs485-apply" | "access-method" | "web-only" | "open-via-http";

/** A field's own rules; `dangerOf` names the danger of a new value, null for none. */
interface Rule extends Pick<FieldSpec, "kind" | "min" | "max" | "maxLength" | "choices" | "unit" | "secret"> {
  readonly danger?: DangerCode;
  /** Dangerous only when set to this value. */
  readonly dangerValue?: string;
}

type Choices = NonNullable<FieldSpec["choices"]>;

const choice = (mark: Mark, ...pairs: [string, string, Mark?][]): Choices =>
  pairs.map(([value, word, own]) => ({ value, word, mark: own ?? mark }));
const onOff = (mark: Mark): Choices => choice(mark, ["0", "Off"], ["1", "On"]);

const delays = {
  // X916; older pages say 1-10.
  triggerDelay: { kind: "number", min: 0, max: 10, unit: "s" },
  holdDelay: { kind: "number", min: 1, max: 60, unit: "s" },
} as const satisfies Record<string, Rule>;

const shared: Record<string, Rule> = {
  ...delays,
  dtmf1: { kind: "digits", maxLength: 1 },
  dtmfMulti: { kind: "digits", maxLength: 4 },
  name: { kind: "text", maxLength: 63 },
  // How a unit writes the ticked methods is not known: any change counts as dangerous.
  accessMethod: { kind: "text", maxLength: 63, danger: "access-method" },
  liftControl: { kind: "switch", choices: onOff("PROPOSED") },
};

const rules: Record<string, Record<string, Rule>> = {
  relay: {
    ...shared,
    type: { kind: "choice", danger: "type", choices: choice("HW", ["0", "Default State"], ["1", "Invert State"]) },
    mode: { kind: "choice", danger: "mode", choices: choice("HW", ["0", "Monostable"], ["1", "Bistable"]) },
  },
  securityRelay: { ...shared, connectType: { kind: "text", maxLength: 31, danger: "connect-type" } },
  dtmf: {
    mode: {
      kind: "choice",
      danger: "dtmf-mode",
      choices: choice("PROPOSED", ["0", "1-digit", "HW"], ["1", "2-digit"], ["2", "3-digit"], ["3", "4-digit"]),
    },
    enable: { kind: "switch", choices: onOff("HW") },
  },
  web: {
    type: {
      kind: "choice",
      danger: "web-only",
      dangerValue: "1",
      choices: choice("PROPOSED", ["0", "Disabled"], ["1", "Only Web Relay"], ["2", "Both Local Relay and Web Relay"]),
    },
    ip: { kind: "text", maxLength: 63 },
    user: { kind: "text", maxLength: 63 },
    password: { kind: "text", maxLength: 63, secret: true },
    action: { kind: "text", maxLength: 255 },
    key: { kind: "digits", maxLength: 4 },
    extension: { kind: "text", maxLength: 63 },
  },
  rs485: { applyTo: { kind: "text", maxLength: 31, danger: "rs485-apply" } },
  openViaHttp: {
    enable: { kind: "switch", choices: onOff("THIRD"), danger: "open-via-http" },
    user: { kind: "text", maxLength: 63, danger: "open-via-http" },
    password: { kind: "text", maxLength: 63, secret: true, danger: "open-via-http" },
  },
};

const menuPaths: Record<string, string> = {
  relay: "Access Control > Relay",
  dtmf: "Access Control > Relay",
  web: "Access Control > Web Relay",
  securityRelay: "Access Control > Relay > Security Relay",
  rs485: "Device > RS485",
  openViaHttp: "Access Control > Relay > Open Relay via HTTP",
};

interface Field {
  readonly spec: FieldSpec;
  readonly danger: DangerCode | null;
  readonly dangerValue: string | null;
}

function makeField(field: string): Field | null {
  const [group = "", property = ""] = field.split(".");
  const kind = group.replace(/^(relay|securityRelay)[A-D]$/, "$1");
  const rule = rules[kind]?.[property.replace(/\d+$/, "")] ?? rules[kind]?.[property];
  if (!rule) return null;
  const { danger, dangerValue, ...form } = rule;
  const menuPath = menuPaths[kind] ?? "";
  const spec: FieldSpec = { field, group, property, ...form, danger: danger !== undefined, menuPath };
  return { spec, danger: danger ?? null, dangerValue: dangerValue ?? null };
}

/** Every field of the manual that this product knows, with or without a place in a given unit, in the order of the maps. */
const fields: ReadonlyMap<string, Field> = new Map(
  [...candidates.keys()].sort(byForm).flatMap((name) => {
    const field = makeField(name);
    return field ? [[name, field] as const] : [];
  }),
);

function byForm(a: string, b: string): number {
  const groups = ["relay", "dtmf", "securityRelay", "rs485", "web", "openViaHttp"];
  const place = (name: string): number => groups.findIndex((group) => new RegExp(`^${group}([A-D])?\\.`).test(name));
  return place(a) - place(b) || a.localeCompare(b, "en", { numeric: true });
}

/** All field names, in the order of a form. */
export const fieldNames: readonly string[] = [...fields.keys()];

/** The rules of a field, or null when there is no such field at all. */
export function fieldSpec(field: string): FieldSpec | null {
  return fields.get(field)?.spec ?? null;
}

/** The danger that lies in setting a field to this value, or null. */
export function dangerOf(field: string, value: string): DangerCode | null {
  const { danger = null, dangerValue = null } = fields.get(field) ?? {};
  return dangerValue === null || dangerValue === value ? danger : null;
}

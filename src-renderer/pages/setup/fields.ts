import type { FieldSpec, Mark, NotOffered, PhoneSettings } from "../../types.ts";

/** The three words a person sees for how sure a key is, as keys below `mark`. */
export function markWord(mark: Mark): "confirmed" | "found" | "notConfirmed" {
  switch (mark) {
    case "HW":
    case "SPEC":
    case "PROD":
      return "confirmed";
    case "LEARNT":
      return "found";
    case "TEMPLATE":
    case "THIRD":
    case "INF":
    case "PROPOSED":
    case "UNKNOWN":
      return "notConfirmed";
  }
}

const security = ["connectType"];

/** Dictionary key of a field below `field`, `fieldManual` and `fieldHelp`: without letters and row numbers. */
export function fieldKey(spec: Pick<FieldSpec, "group" | "property">): string {
  const property = spec.property.replace(/\d+$/, (digits) => (spec.property === "dtmf1" ? digits : ""));
  const kind = spec.group.replace(/^(relay|securityRelay)[A-D]$/, "$1");
  return kind === "securityRelay" && !security.includes(property) ? `relay.${property}` : `${kind}.${property}`;
}

/** The row of a numbered web relay field (`action12` -> 12), else null. */
export function webRow(property: string): number | null {
  const match = /^(?:action|key|extension)(\d+)$/.exec(property);
  return match === null ? null : Number(match[1]);
}

/** Steps that show fields. */
export type FieldStep = "security" | "local" | "web";

/** Which step shows a group. What we do not know is shown with the local relays, never dropped. */
export function stepOf(group: string): FieldStep {
  if (/^(securityRelay|rs485)/.test(group)) return "security";
  return group === "web" ? "web" : "local";
}

/** One block of the form. */
export interface FieldGroup {
  group: string;
  specs: FieldSpec[];
  notOffered: NotOffered[];
}

/** The blocks of a step, in the order the unit's specs came. A letter of which nothing is offered is left out of Local. */
export function groupsOf(settings: PhoneSettings, step: FieldStep): FieldGroup[] {
  const groups = new Map<string, FieldGroup>();
  const at = (group: string): FieldGroup => {
    const known = groups.get(group);
    if (known !== undefined) return known;
    const made = { group, specs: [], notOffered: [] };
    groups.set(group, made);
    return made;
  };
  for (const spec of settings.specs) if (stepOf(spec.group) === step) at(spec.group).specs.push(spec);
  for (const field of settings.notOffered) if (stepOf(field.group) === step) at(field.group).notOffered.push(field);
  const all = [...groups.values()];
  for (const group of all) {
    group.specs.sort((a, b) => place(a) - place(b));
    group.notOffered.sort((a, b) => place(a) - place(b));
  }
  return step === "local" ? all.filter((group) => group.specs.length > 0) : all;
}

// The order of the manual's pages; what is not in it comes last, as it came.
const order = [
  ...["connectType", "applyTo", "enable", "type", "mode", "triggerDelay", "holdDelay", "dtmf1", "dtmfMulti"],
  ...["name", "accessMethod", "liftControl", "ip", "user", "password"],
];
function place({ property }: { property: string }): number {
  const at = order.indexOf(property);
  return at < 0 ? order.length : at;
}

/** True for text that may hold a password: it is kept in memory only. */
export function maybeSecret(spec: Pick<FieldSpec, "secret"> | undefined, value: string): boolean {
  return spec?.secret === true || /\/\/[^/\s]*@|pass|pwd|token/i.test(value);
}

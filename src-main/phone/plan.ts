import { errorShape, fail } from "../lib/errors.ts";
import type { ErrorShape } from "../lib/errors.ts";
import type { ConfigMap } from "./answers.ts";
import { checkValue } from "./check-value.ts";
import { dangerOf, fieldSpec } from "./fields.ts";
import type { Mark } from "./key-maps/entry.ts";
import { keyOf, shownValue, whyNotOffered } from "./settings.ts";
import type { Warning } from "./warnings.ts";
import { findWarnings } from "./warnings.ts";

/** One line of a review: what stands there and what would. Secrets read as `**`. */
export interface PlannedChange {
  field: string;
  key: string;
  mark: Mark;
  old: string;
  new: string;
  /** A `DangerCode`, or null. */
  danger: string | null;
}

/** One key to write, with the raw values. Never shown, never logged. */
export interface KeyWrite {
  readonly field: string;
  readonly key: string;
  readonly old: string;
  readonly new: string;
}

/** What may be shown of a plan, and beside it what would be written. `problems` not empty: nothing may be written. */
export interface ChangePlan {
  readonly review: { changes: PlannedChange[]; problems: ErrorShape[]; warnings: Warning[] };
  readonly writes: readonly KeyWrite[];
}

/**
 * Compares what is asked (field -> raw value) with the unit's map as just read. Equal values drop out. A field that does
 * not exist or a value that is none is a `bad-input` problem, a field this unit does not offer an `unsupported` one.
 */
export function planChanges(config: ConfigMap, asked: Readonly<Record<string, string>>): ChangePlan {
  const changes: PlannedChange[] = [];
  const problems: ErrorShape[] = [];
  const writes: KeyWrite[] = [];
  for (const [field, value] of Object.entries(asked)) {
    const step = planOne(config, field, value);
    if ("code" in step) problems.push(step);
    else if (step.old !== step.new) {
      writes.push(step);
      const { key, mark } = step;
      const danger = dangerOf(field, step.new);
      changes.push({ field, key, mark, old: shownValue(field, step.old), new: shownValue(field, step.new), danger });
    }
  }
  const after = new Map(writes.map((write) => [write.field, write.new]));
  const look = (field: string): string | undefined => after.get(field) ?? config.get(keyOf(config, field)?.key ?? "");
  const warnings = [...findWarnings(look, new Set(after.keys())), ...sureness(changes, after)];
  return { review: { changes, problems, warnings }, writes };
}

function planOne(config: ConfigMap, field: string, value: string): (KeyWrite & { mark: Mark }) | ErrorShape {
  const spec = fieldSpec(field);
  if (!spec)
    return errorShape(fail("bad-input", `There is no field "${field.slice(0, 64)}".`, { field: field.slice(0, 64) }));
  const place = keyOf(config, field);
  if (!place) {
    const words = `${field} is not offered: ${whyNotOffered(config, field)}`;
    return errorShape(fail("unsupported", words, { field, data: { menuPath: spec.menuPath } }));
  }
  const old = config.get(place.key) ?? "";
  // What already stands there is no change, even where our own rules would not allow it.
  if (value === old) return { field, key: place.key, mark: place.mark, old, new: old };
  const checked = checkValue(spec, value);
  if (typeof checked !== "string") return errorShape(checked);
  const same = spec.kind === "number" && /^\d{1,6}$/.test(old) && Number(old) === Number(checked);
  return { field, key: place.key, mark: place.mark, old, new: same ? old : checked };
}

/** Keys and values whose meaning no source confirms. */
function sureness(changes: readonly PlannedChange[], after: ReadonlyMap<string, string>): Warning[] {
  const unsure = (mark: Mark | undefined): boolean => mark === "PROPOSED" || mark === "UNKNOWN" || mark === "INF";
  const keys = changes.filter((change) => unsure(change.mark)).map((change) => change.field);
  const values = changes
    .map((change) => change.field)
    .filter((field) => unsure(fieldSpec(field)?.choices?.find((one) => one.value === after.get(field))?.mark));
  return [
    ...(keys.length > 0 ? [{ code: "key-not-confirmed", fields: keys }] : []),
    ...(values.length > 0 ? [{ code: "value-not-confirmed", fields: values }] : []),
  ];
}

import { fail } from "../lib/errors.ts";
import type { ToolkitError } from "../lib/errors.ts";
import { hidden } from "../lib/log.ts";
import type { FieldSpec } from "./fields.ts";

/** The value as the unit wants it (numbers without leading zeros), or the reason why it cannot be written: `bad-input` on the field. */
export function checkValue(spec: FieldSpec, value: string): string | ToolkitError {
  const bad = (words: string): ToolkitError => fail("bad-input", `${spec.field}: ${words}`, { field: spec.field });
  if ([...value].some((char) => char < " " || char === "\u007f")) return bad("control characters are not allowed.");
  if (value.length > (spec.maxLength ?? 255)) return bad(`at most ${String(spec.maxLength ?? 255)} characters.`);
  if (value === hidden || value.includes(`://${hidden}@`))
    return bad(`type the password anew, or leave this field as it is; ${hidden} only stands for it.`);
  switch (spec.kind) {
    case "number":
      return (
        checkNumber(spec, value) ?? bad(`a whole number of seconds from ${String(spec.min)} to ${String(spec.max)}.`)
      );
    case "switch":
    case "choice": {
      const known = spec.choices ?? [];
      if (known.some((one) => one.value === value)) return value;
      return bad(`one of ${known.map((one) => `${one.value} (${one.word})`).join(", ")}.`);
    }
    case "digits": {
      if (spec.property === "dtmfMulti")
        return /^([0-9*#]{2,4})?$/.test(value) ? value : bad("2 to 4 of 0-9, * and #.");
      if (spec.property === "dtmf1") return /^[0-9*#]?$/.test(value) ? value : bad("one of 0-9, * and #.");
      return /^[0-9*#]*$/.test(value) ? value : bad("only 0-9, * and #.");
    }
    case "text":
      return value;
  }
}

function checkNumber(spec: FieldSpec, value: string): string | null {
  if (!/^\d{1,6}$/.test(value)) return null;
  const number = Number(value);
  return number >= (spec.min ?? 0) && number <= (spec.max ?? 999_999) ? String(number) : null;
}

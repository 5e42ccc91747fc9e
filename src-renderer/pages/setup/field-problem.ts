import type { FieldSpec } from "../../types.ts";

/** Why a typed value cannot be right, as a key below `fieldProblem`; the main side judges again before anything is written. */
export function problemOf(spec: FieldSpec, value: string): { key: string; named: Record<string, unknown> } | null {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  switch (spec.kind) {
    case "number": {
      const fits = /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
      return fits ? null : { key: "number", named: { min, max } };
    }
    case "digits":
      return /^[0-9*#]*$/.test(value) ? null : { key: "digits", named: {} };
    case "choice":
    case "switch":
    case "text":
      return null;
  }
}

import type { ConfigMap } from "../phone/answers.ts";
import { dangerOf } from "../phone/fields.ts";
import type { ChangePlan, KeyWrite } from "../phone/plan.ts";
import { keyOf, shownValue } from "../phone/settings.ts";

/**
 * What puts a write back: the very values that stood there, also where our own rules for new values would not allow them.
 * Keys that hold their old value already drop out. A key that the unit no longer has is left out: nothing can be put there.
 */
export function planBack(config: ConfigMap, last: readonly KeyWrite[]): ChangePlan {
  const writes = last.flatMap(({ field, key, old }): KeyWrite[] => {
    const now = config.get(key);
    return now === undefined || now === old ? [] : [{ field, key, old: now, new: old }];
  });
  const changes = writes.map(({ field, key, old, new: back }) => ({
    ...{ field, key, mark: keyOf(config, field)?.mark ?? ("UNKNOWN" as const) },
    ...{ old: shownValue(field, old), new: shownValue(field, back), danger: dangerOf(field, back) },
  }));
  return { review: { changes, problems: [], warnings: [] }, writes };
}

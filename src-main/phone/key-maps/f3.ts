import type { KeyMap } from "./entry.ts";

/** Family F3: only in the example of the maker's API description. */
export const f3: KeyMap = {
  family: "F3",
  entries: [
    { field: "relay{L}.triggerDelay", key: "RELAY.TrigDelay{L}", mark: "SPEC", seen: "API description", order: 2 },
    { field: "relay{L}.name", key: "RELAY.RelayName{L}", mark: "SPEC", seen: "API description", order: 2 },
  ],
};

import type { KeyMap } from "./entry.ts";

/** Family F1: property, then letter. Seen on E18 18.30.10.118 and X916. */
export const f1: KeyMap = {
  family: "F1",
  entries: [
    { field: "relay{L}.type", key: "RELAY.Type{L}", mark: "HW", seen: "X916, E18", order: 2 },
    { field: "relay{L}.mode", key: "RELAY.Mode{L}", mark: "HW", seen: "X916, E18", order: 2 },
    { field: "relay{L}.triggerDelay", key: "RELAY.TriggerDelay{L}", mark: "HW", seen: "E18, X916", order: 1 },
    { field: "relay{L}.holdDelay", key: "RELAY.HoldDelay{L}", mark: "HW", seen: "E18, X916", order: 1 },
    { field: "relay{L}.name", key: "RELAY.Name{L}", mark: "HW", seen: "E18", order: 1 },
  ],
};

import type { KeyMap } from "./entry.ts";

/** Family F2: Relay, letter, property. E18 mixes it with F1; E12, R20A, S532 and an R27 OEM use its delay. */
export const f2: KeyMap = {
  family: "F2",
  entries: [
    { field: "relay{L}.type", key: "RELAY.Relay{L}Type", mark: "HW", seen: "E18", order: 1 },
    { field: "relay{L}.mode", key: "RELAY.Relay{L}Mode", mark: "HW", seen: "E18", order: 1 },
    {
      field: "relay{L}.holdDelay",
      key: "RELAY.Relay{L}Delay",
      mark: "PROD",
      seen: "E12, R20A, S532, R27 OEM",
      order: 2,
    },
    { field: "relay{L}.name", key: "RELAY.Relay{L}Name", mark: "INF", seen: "after its siblings in F2", order: 3 },
  ],
};

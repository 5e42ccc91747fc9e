import type { KeyEntry, KeyMap } from "./entry.ts";

const proposed = (field: string, key: string): KeyEntry => ({
  field,
  key,
  mark: "PROPOSED",
  seen: "nowhere; made up after its siblings",
  order: 9,
});

/**
 * Names that no public source confirms. They count only when this very unit reports that very key, keep the mark
 * PROPOSED even then, and are never written otherwise.
 */
export const proposedKeys: KeyMap = {
  family: "proposed",
  entries: [
    proposed("relay{L}.accessMethod", "RELAY.AccessMethod{L}"),
    proposed("relay{L}.liftControl", "RELAY.LiftControl{L}"),
    proposed("securityRelay{L}.connectType", "SECURITYRELAY.ConnectType{L}"),
    proposed("securityRelay{L}.triggerDelay", "SECURITYRELAY.TriggerDelay{L}"),
    proposed("securityRelay{L}.holdDelay", "SECURITYRELAY.HoldDelay{L}"),
    proposed("securityRelay{L}.dtmf1", "SECURITYRELAY.DtmfCode{L}"),
    proposed("securityRelay{L}.dtmfMulti", "SECURITYRELAY.MultiDtmfCode{L}"),
    proposed("securityRelay{L}.accessMethod", "SECURITYRELAY.AccessMethod{L}"),
    proposed("securityRelay{L}.liftControl", "SECURITYRELAY.LiftControl{L}"),
    proposed("securityRelay{L}.name", "SECURITYRELAY.Name{L}"),
    proposed("rs485.applyTo", "RS485.ApplyTo"),
  ],
};

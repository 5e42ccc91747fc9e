import { fail, ToolkitError } from "../lib/errors.ts";
import type { ConfigMap } from "./answers.ts";
import type { DoorNumber, Phone } from "./client.ts";
import { fieldNames } from "./fields.ts";
import { keyOf } from "./settings.ts";

/** Relays that can be triggered: local A..D, Security Relay A and B. */
export type PhoneRelay = "A" | "B" | "C" | "D" | "SA" | "SB";

/** What is known of a relay before it is triggered; null: the unit's settings could not be read. */
export interface RelayFacts {
  readonly level: number;
  readonly holdSeconds: number | null;
  readonly bistable: boolean;
}

/**
 * Reads what a trigger needs from the unit's map. Throws `unsupported` for a local relay of which the unit reports
 * nothing at all.
 */
export function relayFacts(config: ConfigMap, relay: PhoneRelay): RelayFacts {
  if (relay.startsWith("S")) return { level: 0, holdSeconds: null, bistable: false };
  const group = `relay${relay}`;
  const read = (property: string): string | undefined => config.get(keyOf(config, `${group}.${property}`)?.key ?? "");
  if (!fieldNames.some((name) => name.startsWith(`${group}.`) && keyOf(config, name)))
    throw fail("unsupported", `This unit reports no Relay ${relay}.`, { field: "relay" });
  const hold = Number(read("holdDelay"));
  const plausible = Number.isInteger(hold) && hold >= 1 && hold <= 60;
  // The maker's texts contradict each other about `level`; the relay's own Type is what units were driven with.
  return { level: read("type") === "1" ? 1 : 0, holdSeconds: plausible ? hold : null, bistable: read("mode") === "1" };
}

/** The relay's facts from the unit, or null where its firmware hands out no settings. */
export async function readRelayFacts(
  phone: Pick<Phone, "config">,
  relay: PhoneRelay,
  signal?: AbortSignal,
): Promise<RelayFacts | null> {
  try {
    return relayFacts(await phone.config(signal), relay);
  } catch (error) {
    if (error instanceof ToolkitError && error.code === "unsupported" && error.field === undefined) return null;
    throw error;
  }
}

/**
 * Triggers one relay, sent exactly once. `seconds`: whole, 1 to 60, local relays only; without it the relay's own Hold
 * Delay, else 1. A security relay goes through `/fcgi/OpenDoor` and holds for its own Hold Delay. On a bistable relay
 * this toggles. Errors as in {@link Phone}; `bad-input` on `seconds`.
 */
export async function triggerRelay(
  phone: Pick<Phone, "trigger" | "openDoor">,
  request: { readonly relay: PhoneRelay; readonly seconds?: number; readonly facts: RelayFacts | null },
  signal?: AbortSignal,
): Promise<void> {
  const { relay, seconds, facts } = request;
  checkTrigger(relay, seconds);
  if (relay === "SA" || relay === "SB") return phone.openDoor(relay satisfies DoorNumber, signal);
  const delay = seconds ?? facts?.holdSeconds ?? 1;
  return phone.trigger({ num: "ABCD".indexOf(relay) + 1, mode: 0, level: facts?.level ?? 0, delay }, signal);
}

/** Throws `bad-input` on `seconds` when this relay cannot be held for that long. Sends nothing. */
export function checkTrigger(relay: PhoneRelay, seconds: number | undefined): void {
  if (seconds === undefined) return;
  if (relay.startsWith("S"))
    throw fail("bad-input", "A security relay is held for its own Hold Delay; leave the seconds out.", {
      field: "seconds",
    });
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60)
    throw fail("bad-input", "The door phone takes whole seconds, 1 to 60.", { field: "seconds" });
}

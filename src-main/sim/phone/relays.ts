import type { Clock } from "../../lib/clock.ts";
import type { SimUnit } from "./unit.ts";

/** A relay of the simulated unit: `A`..`D` local, `SA`, `SB` the security relays. */
export type SimRelayName = string;

/** The relays of a simulated unit and their timers. */
export interface SimRelays {
  /** Moves as the settings say: after the trigger delay, toggling when bistable, else for `seconds` or the hold delay. */
  trigger(relay: SimRelayName, seconds?: number): void;
  /** Closes and stays. */
  stay(relay: SimRelayName): void;
  /** Who is active now. */
  active(): Record<SimRelayName, boolean>;
  /** What `relay/status` says: 0 low, 1 high, after the relay's Type. Local relays only. */
  levels(): Record<string, number>;
  /** Everything falls back; all timers end. */
  reset(): void;
}

/** Hooks of {@link createSimRelays}. `onSecurityRelay` is the cable to a simulated SR01: letter and seconds. */
export interface SimRelayHooks {
  onChange(relay: SimRelayName, active: boolean): void;
  onSecurityRelay(letter: "A" | "B", seconds: number): void;
}

/** Relays that follow the unit's settings at the moment of the trigger, by the clock. */
export function createSimRelays(unit: SimUnit, clock: Clock, hooks: SimRelayHooks): SimRelays {
  const names = [...unit.relays, "SA", "SB"];
  const active = new Map<SimRelayName, boolean>(names.map((name) => [name, false]));
  const timers = new Map<string, () => void>();

  const later = (name: string, ms: number, fn: () => void): void => {
    timers.get(name)?.();
    const callOff = clock.after(ms, () => {
      timers.delete(name);
      fn();
    });
    timers.set(name, callOff);
  };
  const set = (relay: SimRelayName, on: boolean): void => {
    if (active.get(relay) === on) return;
    active.set(relay, on);
    hooks.onChange(relay, on);
  };
  const seconds = (field: string, fallback: string): number => Math.max(0, Number(unit.read(field, fallback)) || 0);

  const move = (relay: SimRelayName, group: string, holdSeconds: number): void => {
    if (unit.read(`${group}.mode`, "0") === "1") {
      set(relay, active.get(relay) !== true);
      return;
    }
    set(relay, true);
    if (relay === "SA" || relay === "SB") hooks.onSecurityRelay(relay === "SA" ? "A" : "B", holdSeconds);
    later(`${relay} off`, holdSeconds * 1000, () => {
      set(relay, false);
    });
  };

  return {
    trigger: (relay, forSeconds) => {
      const group = relay.startsWith("S") ? `securityRelay${relay.slice(1)}` : `relay${relay}`;
      const hold = forSeconds ?? seconds(`${group}.holdDelay`, "5");
      later(`${relay} on`, seconds(`${group}.triggerDelay`, "0") * 1000, () => {
        move(relay, group, hold);
      });
    },
    stay: (relay) => {
      timers.get(`${relay} off`)?.();
      timers.delete(`${relay} off`);
      set(relay, true);
    },
    active: () => Object.fromEntries(active),
    levels: () =>
      Object.fromEntries(
        unit.relays.map((letter) => {
          const inverted = unit.read(`relay${letter}.type`, "0") === "1";
          return [letter, (active.get(letter) === true) !== inverted ? 1 : 0];
        }),
      ),
    reset: () => {
      for (const callOff of timers.values()) callOff();
      timers.clear();
      for (const name of names) set(name, false);
    },
  };
}

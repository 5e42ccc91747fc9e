import type { Clock } from "../../lib/clock.ts";
import type { SimApi } from "./endpoints.ts";
import type { SimRelays } from "./relays.ts";
import { createSimRelays } from "./relays.ts";
import type { SimPhoneFaults, SimPhoneSettings } from "./settings.ts";
import { simPhoneFaultsSchema } from "./settings.ts";
import type { SimUnit } from "./unit.ts";

/** Something that happened at the simulated door phone. Paths come without their query. */
export type SimPhoneEvent =
  | { readonly event: "request"; readonly method: string; readonly path: string; readonly status: number | null }
  | { readonly event: "trigger"; readonly relay: string; readonly count: number }
  | { readonly event: "write"; readonly keys: readonly string[] }
  | { readonly event: "relay"; readonly relay: string; readonly active: boolean }
  | { readonly event: "reboot" };

/** The unit as it stands. `relays` as `relay/status` says; `triggers` counts carried-out triggers by relay. */
export interface SimPhoneState {
  readonly config: Readonly<Record<string, string>>;
  readonly relays: Readonly<Record<string, number>>;
  readonly active: Readonly<Record<string, boolean>>;
  readonly triggers: Readonly<Record<string, number>>;
  /** Requests that came, refused ones included, and the largest number that ran at once. */
  readonly requests: number;
  readonly mostAtOnce: number;
}

/** What the inside of a simulated door phone is made of. */
export interface CoreParts {
  readonly clock: Clock;
  readonly settings: SimPhoneSettings;
  readonly unit: SimUnit;
  readonly faults: Partial<SimPhoneFaults>;
  tell(event: SimPhoneEvent): void;
  onSecurityRelay(letter: "A" | "B", seconds: number): void;
}

/** The inside of a simulated door phone, without its server and its login. */
export interface SimPhoneCore {
  readonly clock: Clock;
  readonly api: SimApi;
  /** Fires when the unit is switched off for good. */
  readonly signal: AbortSignal;
  faults(): SimPhoneFaults;
  setFaults(faults: Partial<SimPhoneFaults>): void;
  /** Whether this counted fault hits now; counts it down. */
  take(name: CountedFault, path: string): boolean;
  readiness(): "down" | "starting" | "ready";
  /** A request comes; the returned function says that it went. */
  enter(): () => void;
  running(): number;
  state(): SimPhoneState;
  tell(event: SimPhoneEvent): void;
  reboot(): void;
  stop(): void;
}

/** Faults that hit a number of times. */
export type CountedFault =
  | "unauthorizedAgain"
  | "closeBefore"
  | "closeAfter"
  | "hangAfter"
  | "errorAnswers"
  | "emptyAnswers"
  | "htmlAnswers"
  | "refusals";

/** Joins settings, relays and faults. */
export function createCore(parts: CoreParts): SimPhoneCore {
  const { clock, settings, unit, tell } = parts;
  const life = new AbortController();
  const triggers = new Map<string, number>();
  const relays = createSimRelays(unit, clock, {
    onChange: (relay, active) => {
      tell({ event: "relay", relay, active });
    },
    onSecurityRelay: parts.onSecurityRelay,
  });
  const power = createPower(parts, relays);
  const counter = createCounter();
  const faults = createFaultBox(parts.faults);
  const api: SimApi = {
    settings,
    unit,
    relays,
    reboot: power.reboot,
    upMs: power.upMs,
    faults: faults.faults,
    moved: (relay) => {
      const count = (triggers.get(relay) ?? 0) + 1;
      triggers.set(relay, count);
      tell({ event: "trigger", relay, count });
    },
    wrote: (keys, before) => {
      power.wrote(before);
      tell({ event: "write", keys });
    },
  };
  return {
    clock,
    api,
    tell,
    ...faults,
    signal: life.signal,
    readiness: power.readiness,
    enter: counter.enter,
    running: counter.running,
    state: () => ({
      config: Object.fromEntries(unit.config),
      relays: relays.levels(),
      active: relays.active(),
      triggers: Object.fromEntries(triggers),
      ...counter.seen(),
    }),
    reboot: power.reboot,
    stop: () => {
      life.abort();
      relays.reset();
    },
  };
}

function createFaultBox(initial: Partial<SimPhoneFaults>): Pick<SimPhoneCore, "faults" | "setFaults" | "take"> {
  let faults = simPhoneFaultsSchema.parse(initial);
  return {
    faults: () => faults,
    setFaults: (next) => {
      faults = simPhoneFaultsSchema.parse(next);
    },
    take: (name, path) => {
      if (faults[name] === 0 || !path.startsWith(faults.only)) return false;
      faults = { ...faults, [name]: faults[name] - 1 };
      return true;
    },
  };
}

/** Restarts: away, then starting, then ready; what was written last may be lost. */
function createPower({ clock, settings, unit, tell }: CoreParts, relays: SimRelays) {
  let bootedAt = clock.now();
  let readyAt = Number.NEGATIVE_INFINITY;
  let beforeLastWrite: ReadonlyMap<string, string> | null = null;
  return {
    upMs: () => Math.max(0, clock.now() - bootedAt),
    readiness: (): "down" | "starting" | "ready" =>
      clock.now() >= readyAt ? "ready" : clock.now() >= bootedAt ? "starting" : "down",
    wrote: (before: ReadonlyMap<string, string>) => {
      beforeLastWrite = before;
    },
    reboot: () => {
      relays.reset();
      if (settings.loseLastWrite && beforeLastWrite)
        for (const [key, value] of beforeLastWrite) unit.config.set(key, value);
      beforeLastWrite = null;
      bootedAt = clock.now() + settings.rebootMs;
      readyAt = bootedAt + settings.notReadyMs;
      tell({ event: "reboot" });
    },
  };
}

function createCounter() {
  let requests = 0;
  let running = 0;
  let mostAtOnce = 0;
  return {
    enter: () => {
      requests += 1;
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      return () => {
        running -= 1;
      };
    },
    running: () => running,
    seen: () => ({ requests, mostAtOnce }),
  };
}

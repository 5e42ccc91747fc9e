import { inputNumbers } from "./door-unit.ts";
import type { Sr01Event, Sr01State } from "./events.ts";
import { FaultBox, type Sr01Faults } from "./faults.ts";
import { SimulatedUnit, type SimSr01Options } from "./simulated-unit.ts";

export type { Sr01Event, Sr01State } from "./events.ts";
export type { SimSr01Options } from "./simulated-unit.ts";

/** A software SR01: an OSDP PD with the faults of a real one at will. */
export interface SimSr01 {
  state(): Sr01State;
  exitButton(pressed: boolean): void;
  doorContact(open: boolean): void;
  tamper(on: boolean): void;
  /** What LSTATR says of its supply; it keeps running. */
  power(failure: boolean): void;
  /** Takes its power away: the lock output falls off, a transfer is forgotten, it is deaf. */
  unplug(): void;
  /** Gives the power back: it runs at once. */
  plugIn(): void;
  /** The local reset at the unit: it forgets its key and is in install mode. Nothing happens where there is no secure channel. */
  resetKey(): void;
  /** Replaces all faults. */
  setFaults(faults: Sr01Faults): void;
  /** Returns the way to stop listening. */
  onEvent(fn: (event: Sr01Event) => void): () => void;
  /** Stops for good and leaves the port. */
  close(): void;
}

/** Starts a simulated SR01 on a port. Vendor, model and hardware version are those of the captured libosdp PD. */
export function createSimSr01(options: SimSr01Options): SimSr01 {
  const unit = new SimulatedUnit(options);
  return {
    state: () => unit.state(),
    exitButton: (pressed) => {
      unit.door.setInput(inputNumbers.exitButton, pressed);
    },
    doorContact: (open) => {
      unit.door.setInput(inputNumbers.doorContact, open);
    },
    tamper: (on) => {
      unit.door.setTamper(on);
    },
    power: (failure) => {
      unit.door.setPowerFailure(failure);
    },
    unplug: () => {
      unit.goDown(null);
    },
    plugIn: () => {
      unit.comeUp();
    },
    resetKey: () => {
      if (!unit.security) return;
      unit.security.resetKey();
      unit.events.emit({ event: "key-reset" });
    },
    setFaults: (faults) => {
      unit.faults.now = new FaultBox(faults).now;
    },
    onEvent: (fn) => unit.events.add(fn),
    close: () => {
      unit.close();
    },
  };
}

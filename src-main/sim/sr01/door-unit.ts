import type { Clock } from "../../lib/clock.ts";
import type { OutputOrder } from "../../osdp/commands.ts";
import type { PdReply } from "../../osdp/peripheral-answer.ts";
import { replyWith } from "../../osdp/peripheral-answer.ts";
import { ISTATR, LSTATR, OSTATR, RSTATR } from "../../osdp/replies.ts";
import type { Sr01Event } from "./events.ts";
import { orderOutput, outputIsOn, restingOutput, settleOutput } from "./output.ts";

/** Inputs by number. */
export const inputNumbers = { exitButton: 0, doorContact: 1 } as const;

/** What a door unit tells, and the report that a panel gets at its next POLL. */
type OnChange = (event: Sr01Event, report: PdReply) => void;

/** The things at the terminals of the simulated SR01: one lock output, exit button, door contact, tamper, power. */
export class DoorUnit {
  /** Outputs that there are. */
  readonly outputCount = 1;
  /** How often an output switched on. */
  moves = 0;
  readonly #clock: Clock;
  readonly #onChange: OnChange;
  #output = restingOutput;
  #shown = false;
  #inputs = [0, 0];
  #tamper = false;
  #powerFailure = false;
  #endTimer: () => void = () => undefined;

  constructor(clock: Clock, onChange: OnChange) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The four status reports. Readers: one byte, 1 = not connected, since a relay has none. */
  status(): Record<"local" | "inputs" | "outputs" | "readers", PdReply> {
    return {
      local: replyWith(LSTATR, { tamper: this.#tamper, powerFailure: this.#powerFailure }),
      inputs: replyWith(ISTATR, { values: [...this.#inputs] }),
      outputs: replyWith(OSTATR, { values: [Number(this.#shown)] }),
      readers: replyWith(RSTATR, { values: [1] }),
    };
  }

  /** The same as plain values. */
  values(): { outputs: number[]; inputs: number[]; tamper: boolean; powerFailure: boolean } {
    const [inputs, tamper, powerFailure] = [[...this.#inputs], this.#tamper, this.#powerFailure];
    return { outputs: [Number(this.#shown)], inputs, tamper, powerFailure };
  }

  /** Orders in their order. The caller has checked output numbers and codes. */
  order(orders: readonly OutputOrder[]): void {
    for (const { code, timer } of orders) {
      this.#output = orderOutput(settleOutput(this.#output, this.#clock.now()), code, timer, this.#clock.now());
      this.#show();
    }
  }

  /** Without power: the output falls off, timers are forgotten. */
  release(): void {
    this.#output = restingOutput;
    this.#show();
  }

  setInput(input: number, active: boolean): void {
    if (this.#inputs[input] === Number(active)) return;
    this.#inputs = this.#inputs.map((value, index) => (index === input ? Number(active) : value));
    this.#onChange({ event: "input", input, active }, this.status().inputs);
  }

  setTamper(on: boolean): void {
    if (this.#tamper === on) return;
    this.#tamper = on;
    this.#onChange({ event: "tamper", on }, this.status().local);
  }

  setPowerFailure(failure: boolean): void {
    if (this.#powerFailure === failure) return;
    this.#powerFailure = failure;
    this.#onChange({ event: "power", failure }, this.status().local);
  }

  /** Calls off its timer. */
  close(): void {
    this.#endTimer();
  }

  #show(): void {
    this.#endTimer();
    const { timed } = this.#output;
    if (timed) {
      this.#endTimer = this.#clock.after(timed.endsAtMs - this.#clock.now(), () => {
        this.#output = settleOutput(this.#output, this.#clock.now());
        this.#show();
      });
    }
    const on = outputIsOn(this.#output);
    if (on === this.#shown) return;
    this.#shown = on;
    if (on) this.moves += 1;
    this.#onChange({ event: "output", output: 0, on }, this.status().outputs);
  }
}

import type { Log } from "../../lib/log.ts";
import type { BindingPort } from "./line-io.ts";

/** Who switches the adapter's transmitter: the adapter itself, or our RTS line, which is high or low while sending. */
export const directions = ["auto", "rts-high", "rts-low"] as const;
/** One of {@link directions}. */
export type Direction = (typeof directions)[number];

/** The transmitter of an adapter. `byRts` false: the adapter does it, and the modem lines are never touched. */
export interface Transmitter {
  readonly byRts: boolean;
  on(): Promise<void>;
  off(): Promise<void>;
}

/**
 * Switches by RTS. DTR stays as the system raised it on opening. A port without modem lines (a pseudo-terminal) is told in
 * the log once and goes on.
 */
export function createTransmitter(port: BindingPort, direction: Direction, log: Log): Transmitter {
  const nothing = (): Promise<void> => Promise.resolve();
  if (direction === "auto") return { byRts: false, on: nothing, off: nothing };
  let told = false;
  const rts = async (high: boolean): Promise<void> => {
    try {
      await port.set?.({ brk: false, cts: false, dtr: true, rts: high });
    } catch (cause) {
      if (!told) log.warn("serial.no-rts", { direction, seen: String(cause) });
      told = true;
    }
  };
  const sends = direction === "rts-high";
  return { byRts: true, on: () => rts(sends), off: () => rts(!sends) };
}

import { outputCodes } from "../../osdp/commands.ts";

/** One output: its lasting state, and the timed action that overrides it for a while. Times in ms of the clock. */
export interface OutputState {
  permanent: boolean;
  timed: { on: boolean; endsAtMs: number } | null;
}

/** An output after power-up: off. */
export const restingOutput: OutputState = { permanent: false, timed: null };

/** Whether the output is on. */
export function outputIsOn({ permanent, timed }: OutputState): boolean {
  return timed ? timed.on : permanent;
}

/**
 * The output after one order (OSDP v2.2, 6.9 table). `timer` in 100 ms. Codes 1 and 2 end a running timed action, 3 and 4 let
 * it finish first, 5 and 6 start it anew. A timed action of 0 is over at once: nothing stays on for ever by it. The
 * caller has checked the code (0..6).
 */
export function orderOutput(state: OutputState, code: number, timer: number, nowMs: number): OutputState {
  const timed = (on: boolean): OutputState["timed"] => (timer === 0 ? null : { on, endsAtMs: nowMs + timer * 100 });
  switch (code) {
    case outputCodes.permanentOff:
      return { permanent: false, timed: null };
    case outputCodes.permanentOn:
      return { permanent: true, timed: null };
    case outputCodes.permanentOffAfterTimer:
      return { ...state, permanent: false };
    case outputCodes.permanentOnAfterTimer:
      return { ...state, permanent: true };
    case outputCodes.timedOn:
      return { ...state, timed: timed(true) };
    case outputCodes.timedOff:
      return { ...state, timed: timed(false) };
    default:
      return state;
  }
}

/** The output once the time is `nowMs`: a timed action that is over is gone. */
export function settleOutput(state: OutputState, nowMs: number): OutputState {
  return state.timed && state.timed.endsAtMs <= nowMs + 1e-6 ? { ...state, timed: null } : state;
}

import { equalBytes } from "../lib/bytes.ts";

/** What a PD remembers of the sequence. `last` null: nothing accepted since power-up. */
export interface SequenceState {
  last: number | null;
  /** The last executed command as received, and the reply as sent; kept for a repeat. */
  stored: { command: Uint8Array; reply: Uint8Array } | null;
  /** The last answer was BUSY. */
  busy: boolean;
}

/** State after power-up: only sequence 0 is accepted. */
export const freshSequence: SequenceState = { last: null, stored: null, busy: false };

/**
 * What becomes of a good command, by its sequence number. OSDP v2.2, 5.9; osdp 7.19 for BUSY.
 * - 0 is accepted unconditionally.
 * - After BUSY any other number is accepted and becomes the new base: panels are known to repeat with the number before
 *   (libosdp), with the same and with the next one. Even a frame equal to the stored one is then the repeat of the
 *   command that got BUSY (POLL 1, POLL 2 answered BUSY, POLL 1 again).
 * - The same number with identical bytes is a repeat: the stored reply goes out unchanged.
 * - The same number with another command is refused (NAK 04), where libosdp executes it: the standard lets a panel move
 *   on only by a new number, so the panel has lost count, and a lock had better not guess which of two orders was meant.
 * - Neither last nor next: refused.
 */
export function judgeSequence(
  state: SequenceState,
  sequence: number,
  bytes: Uint8Array,
): "execute" | "repeat" | "refuse" {
  if (sequence === 0 || (state.busy && state.last !== null)) return "execute";
  if (state.last === null) return "refuse";
  if (sequence === state.last) return state.stored && equalBytes(state.stored.command, bytes) ? "repeat" : "refuse";
  return sequence === (state.last % 3) + 1 ? "execute" : "refuse";
}

/** The number that the next new command should carry. */
export function expectedNumber({ last }: SequenceState): number {
  return last === null ? 0 : (last % 3) + 1;
}

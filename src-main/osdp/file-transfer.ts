import { DEFAULT_RECEIVE_BYTES, MAX_FRAME_BYTES } from "./frame.ts";
import type { FileStatus } from "./replies.ts";

/** Bytes of a frame around a plain fragment: mark, header, code, 11-byte head, CRC. n = receive size - 20. */
const aroundFragment = 20;
/** Idle fragments in a row that may be answered "go on" although everything was sent. */
const maxIdleWithoutWord = 5;
/** Least pause between two idle fragments, ms. */
const idlePauseMs = 100;

/** Where a transfer stands. Plain data; {@link transferStep} makes the next one. Sizes and offsets in bytes. */
export interface TransferState {
  readonly total: number;
  /** Fragments go through a secure session. */
  readonly secured: boolean;
  /** Sent and answered so far. */
  readonly offset: number;
  /** Size of the fragment that waits for its FTSTAT; 0 for an idle one. */
  readonly inFlight: number;
  /** Longest frame that the peer takes. */
  readonly receiveBytes: number;
  /** Most data in one fragment just now. */
  readonly fragmentBytes: number;
  /** Largest fragment that was answered. */
  readonly largest: number;
  /** Idle fragments answered with "go on". */
  readonly idleWithoutWord: number;
  /** When the next fragment may go after the present wait. */
  readonly finishing: boolean;
}

/** What the sender does next. */
export type TransferAction =
  | { type: "fragment"; offset: number; size: number }
  /** Sends no fragment for so long; POLLs go on if `poll`, one goes at once if `pollFirst`. Then the next fragment. */
  | { type: "wait"; ms: number; poll: boolean; pollFirst: boolean }
  /** One POLL at once, then the next fragment. */
  | { type: "poll" }
  | { type: "end"; outcome: "processed" | "rebooting" }
  | { type: "fail"; reason: TransferFailure; detail: number };

/** Why a transfer cannot end well. */
export type TransferFailure = "aborted" | "not-recognised" | "malformed" | "refused" | "early-end" | "no-end";

/** What happened: the answer to a fragment, or the end of a wait or poll. */
export type TransferEvent = { type: "status"; status: FileStatus } | { type: "ready" };

/**
 * Most file bytes in one fragment for a peer that takes frames of so many bytes, mark included. In a session the data is
 * padded to blocks of 16, and a block and a MAC are added: n = 16 * floor((rx - 15) / 16) - 12. 128 is the standard's floor.
 */
export function fragmentBytesFor(receiveBytes: number, secured: boolean): number {
  return insideFrame(Math.min(Math.max(receiveBytes, DEFAULT_RECEIVE_BYTES), MAX_FRAME_BYTES), secured);
}

function insideFrame(frameBytes: number, secured: boolean): number {
  return secured ? 16 * Math.floor((frameBytes - 15) / 16) - 12 : frameBytes - aroundFragment;
}

/** A transfer before its first fragment. */
export function transferStart(total: number, receiveBytes: number, secured: boolean): TransferState {
  const fragmentBytes = fragmentBytesFor(receiveBytes, secured);
  return {
    ...{ total, secured, receiveBytes, fragmentBytes },
    ...{ offset: 0, inFlight: 0, largest: 0, idleWithoutWord: 0, finishing: false },
  };
}

/** The pure heart of FILETRANSFER as the ACU (OSDP v2.2, 6.26, 7.25): state and event in, state and action out. */
export function transferStep(
  state: TransferState,
  event: TransferEvent,
): { state: TransferState; action: TransferAction } {
  if (event.type === "ready") return nextFragment(state);
  const { status } = event;
  if (status.detail < 0)
    return { state, action: { type: "fail", reason: refusal(status.detail), detail: status.detail } };
  const answered: TransferState = {
    ...state,
    offset: state.offset + state.inFlight,
    inFlight: 0,
    largest: Math.max(state.largest, state.inFlight),
    fragmentBytes: fragmentAfterUpdate(state, status.updateMax),
  };
  return answered.offset < answered.total ? duringTransfer(answered, status) : afterLastByte(answered, status);
}

function duringTransfer(state: TransferState, status: FileStatus): { state: TransferState; action: TransferAction } {
  if (status.detail === 1 || status.detail === 2) {
    return { state, action: { type: "fail", reason: "early-end", detail: status.detail } };
  }
  return pause(state, status, status.delayMs);
}

function afterLastByte(state: TransferState, status: FileStatus): { state: TransferState; action: TransferAction } {
  switch (status.detail) {
    case 1:
      return { state, action: { type: "end", outcome: "processed" } };
    case 2:
      return { state, action: { type: "end", outcome: "rebooting" } };
    case 3:
      return pause({ ...state, finishing: true, idleWithoutWord: 0 }, status, Math.max(status.delayMs, idlePauseMs));
    default: {
      // "Go on" although nothing is left: ask a few times with idle fragments, then say that it never ended.
      const idleWithoutWord = state.idleWithoutWord + 1;
      const next = { ...state, finishing: true, idleWithoutWord };
      if (idleWithoutWord > maxIdleWithoutWord) {
        return { state: next, action: { type: "fail", reason: "no-end", detail: status.detail } };
      }
      return pause(next, status, Math.max(status.delayMs, idlePauseMs));
    }
  }
}

/** Waits as FtDelay says; FtAction bit 0 lets others in meanwhile, bit 2 asks for one POLL. Bit 1 (leave SC) is ignored: a lock stays encrypted. */
function pause(state: TransferState, status: FileStatus, ms: number): { state: TransferState; action: TransferAction } {
  const pollFirst = (status.action & 4) !== 0;
  if (ms > 0) return { state, action: { type: "wait", ms, poll: (status.action & 1) !== 0, pollFirst } };
  if (pollFirst) return { state, action: { type: "poll" } };
  return nextFragment(state);
}

function nextFragment(state: TransferState): { state: TransferState; action: TransferAction } {
  const size = Math.min(state.fragmentBytes, state.total - state.offset);
  return { state: { ...state, inFlight: size }, action: { type: "fragment", offset: state.offset, size } };
}

/**
 * FtUpdateMsgMax: implementations differ whether it means the message or the fragment (docs/protocol.md). Taken as the whole
 * message, the smaller result; a value too small to be a message is taken as the fragment. Never above what the peer takes.
 */
function fragmentAfterUpdate(state: TransferState, updateMax: number): number {
  if (updateMax === 0) return state.fragmentBytes;
  const asMessage = insideFrame(Math.min(updateMax, MAX_FRAME_BYTES), state.secured);
  return Math.min(asMessage > 0 ? asMessage : updateMax, fragmentBytesFor(state.receiveBytes, state.secured));
}

function refusal(detail: number): TransferFailure {
  switch (detail) {
    case -1:
      return "aborted";
    case -2:
      return "not-recognised";
    case -3:
      return "malformed";
    default:
      return "refused";
  }
}

import { sleep, throwIfAborted, type Clock } from "../lib/clock.ts";
import { fail, ToolkitError } from "../lib/errors.ts";
import { ABORT, ACURXSIZE, FILETRANSFER } from "./commands.ts";
import type { Device, DeviceFacts } from "./device.ts";
import { interrupted } from "./device-errors.ts";
import {
  fragmentBytesFor,
  transferStart,
  transferStep,
  type TransferAction,
  type TransferFailure,
} from "./file-transfer.ts";
import { DEFAULT_RECEIVE_BYTES, MAX_FRAME_BYTES } from "./frame.ts";
import type { FileStatus } from "./replies.ts";

/** POLL between fragments so often, where the peer allows it: a press of the exit button is heard during a transfer. */
const pollEveryMs = 200;
/** However long FtDelay is, the peer hears from us before its 8 s are over. */
const quietLimitMs = 7000;
/** A transfer that a restart of the device interrupts begins anew from offset 0 so often. */
const maxInterruptions = 2;
/** So many answers tell how quick this unit is. */
const answersToKnow = 4;
/** How often the first full fragment is sent before smaller ones are tried (libosdp PDs drop frames over 200 ms long). */
const firstFragmentAttempts = 3;

/** What is sent and how. */
export interface SendFileOptions {
  data: Uint8Array;
  /** FtType; 1 = opaque. */
  type: number;
  clock: Clock;
  signal?: AbortSignal | undefined;
  /** Longest time for "finishing", ms. */
  finishLimitMs: number;
  onProgress(progress: { sentBytes: number; finishing: boolean; fragmentBytes: number; seconds: number }): void;
}

/** End of a transfer. `seconds` from the first byte of the first FILETRANSFER to the FTSTAT of the last byte. */
export interface SentFile {
  outcome: "processed" | "rebooting";
  seconds: number;
  fragmentBytes: number;
}

/** One transfer under way: the loop around the pure step function. */
interface Run {
  readonly device: Device;
  readonly options: SendFileOptions;
  /** Who is being flashed; after a restart nobody else may get the file. */
  readonly unit: DeviceFacts["id"] | null;
  firstSentAt: number | null;
  lastByteAt: number | null;
  lastPollAt: number;
  finishingSince: number | null;
  /** Fragments answered, and the slowest answer, ms. */
  answered: number;
  slowestMs: number;
}

/**
 * Sends a file by FILETRANSFER: ABORT first, then fragments as large as the peer takes. Rejects with `device-refused`
 * (negative status), `protocol` (ended early or never), `device-timeout`, `cancelled`; the device is told ABORT then.
 * `data` of the error: sentBytes, totalBytes, seconds, fragmentBytes.
 */
export async function sendFile(device: Device, options: SendFileOptions): Promise<SentFile> {
  const run: Run = {
    ...{ device, options, firstSentAt: null, lastByteAt: null, lastPollAt: 0, finishingSince: null },
    ...{ answered: 0, slowestMs: 0, unit: device.facts?.id ?? null },
  };
  const needsShortFrames = device.shortFrameRates.has(device.baud);
  let receiveBytes = needsShortFrames ? DEFAULT_RECEIVE_BYTES : (device.facts?.receiveBytes ?? DEFAULT_RECEIVE_BYTES);
  for (let interruptions = 0; ;) {
    const end = await transferOnce(run, receiveBytes, interruptions < maxInterruptions);
    if (end === "smaller") {
      device.forget();
      device.shortFrameRates.add(device.baud);
      receiveBytes = DEFAULT_RECEIVE_BYTES;
    } else if (end === "interrupted") {
      interruptions += 1;
    } else return end;
  }
}

/** The end of one try from offset 0: sent, or why it is worth another one. */
type TryEnd = SentFile | "smaller" | "interrupted";

async function transferOnce(run: Run, receiveBytes: number, mayBegin: boolean): Promise<TryEnd> {
  const { options, device } = run;
  await prepare(run);
  // Every start of the conversation makes new facts: the peer may have lost what it has of the file.
  const begun = device.facts;
  const start = transferStart(options.data.length, receiveBytes, device.security !== "none");
  const shrinkable = start.fragmentBytes > fragmentBytesFor(DEFAULT_RECEIVE_BYTES, start.secured);
  let { state, action } = transferStep(start, { type: "ready" });
  run.lastByteAt = null;
  try {
    for (;;) {
      throwIfAborted(options.signal);
      if (action.type === "end") {
        return { outcome: action.outcome, seconds: secondsOf(run), fragmentBytes: state.largest };
      }
      if (action.type === "fail") throw failure(action.reason, action.detail);
      if (action.type === "fragment") {
        const status = await sendFragment(run, action, shrinkable && state.offset === 0);
        if (!status) return "smaller";
        mustNotHaveRestarted(device, begun);
        ({ state, action } = transferStep(state, { type: "status", status }));
        noteProgress(run, state.offset, state.finishing, state.largest);
        if (canPoll(run, status, action)) {
          await poll(run);
          mustNotHaveRestarted(device, begun);
        }
      } else {
        await passTime(run, action);
        mustNotHaveRestarted(device, begun);
        ({ state, action } = transferStep(state, { type: "ready" }));
      }
    }
  } catch (error) {
    if (mayBegin && wasInterrupted(error)) return "interrupted";
    await abortQuietly(device, error);
    throw withProgress(error, run, state.offset, state.largest);
  }
}

/** A read was carried over a restart, or the line was silent for so long that the conversation began anew. */
function mustNotHaveRestarted(device: Device, begun: DeviceFacts | null): void {
  if (device.facts !== begun) throw interrupted(FILETRANSFER.name);
}

/** The device restarted the conversation under a fragment: it may have lost the file, but can be given it from the start. */
function wasInterrupted(error: unknown): boolean {
  return error instanceof ToolkitError && error.data?.["restarted"] === true;
}

/** After the first answers a lost one is missed sooner: by what this unit needs, within the bounds. */
function replyLimitMs(run: Run): number {
  if (run.answered < answersToKnow) return FILETRANSFER.timeoutMs;
  return Math.min(FILETRANSFER.timeoutMs, Math.max(200, 3 * run.slowestMs));
}

async function sendFragment(
  run: Run,
  action: Extract<TransferAction, { type: "fragment" }>,
  first: boolean,
): Promise<FileStatus | null> {
  const { data, type, signal, clock } = run.options;
  const fragment = data.subarray(action.offset, action.offset + action.size);
  run.firstSentAt ??= clock.now();
  try {
    const answer = await run.device.request(
      FILETRANSFER,
      { type, total: data.length, offset: action.offset, fragment },
      { signal, replyMs: replyLimitMs(run), maxAttempts: first ? firstFragmentAttempts : undefined },
    );
    run.answered += 1;
    run.slowestMs = Math.max(run.slowestMs, answer.replyMs);
    if (action.offset + action.size === data.length && run.lastByteAt === null) run.lastByteAt = answer.receivedAt;
    return answer.value as FileStatus;
  } catch (error) {
    if (first && error instanceof ToolkitError && error.code === "device-timeout") return null;
    throw takesNoFiles(error) ? noFileTransfer(error) : error;
  }
}

/** There is no capability for files: a unit that knows none says NAK 03. */
function takesNoFiles(error: unknown): error is ToolkitError {
  return error instanceof ToolkitError && error.data?.["nak"] === 3;
}

function noFileTransfer(cause: ToolkitError): ToolkitError {
  return fail("unsupported", "This unit takes no files over OSDP.", { cause, data: { ...cause.data } });
}

function canPoll(run: Run, status: FileStatus, next: TransferAction): boolean {
  return next.type === "fragment" && (status.action & 1) !== 0 && pollIsDue(run);
}

function pollIsDue(run: Run): boolean {
  return run.options.clock.now() - run.lastPollAt >= pollEveryMs;
}

async function poll(run: Run): Promise<void> {
  run.lastPollAt = run.options.clock.now();
  try {
    await run.device.poll({ signal: run.options.signal });
  } catch (error) {
    // What it has to report, or that it reports nothing, must not end a transfer.
    const strange = error instanceof ToolkitError && error.data?.["got"] !== undefined;
    if (!strange && !isRefusal(error)) throw error;
  }
}

async function passTime(run: Run, action: Extract<TransferAction, { type: "wait" | "poll" }>): Promise<void> {
  if (action.type === "poll") return poll(run);
  const { clock, signal } = run.options;
  const until = clock.now() + action.ms;
  if (action.pollFirst || (action.poll && pollIsDue(run))) await poll(run);
  const every = action.poll ? pollEveryMs : quietLimitMs;
  for (let left = action.ms; left > 0; left = until - clock.now()) {
    const part = Math.min(left, every);
    await sleep(clock, part, signal);
    if (part < left) await poll(run);
  }
}

function noteProgress(run: Run, sentBytes: number, finishing: boolean, fragmentBytes: number): void {
  const now = run.options.clock.now();
  if (finishing) run.finishingSince ??= now;
  if (run.finishingSince !== null && now - run.finishingSince > run.options.finishLimitMs) throw failure("no-end", 3);
  run.options.onProgress({ sentBytes, finishing, fragmentBytes, seconds: secondsOf(run) });
}

function secondsOf(run: Run): number {
  if (run.firstSentAt === null) return 0;
  return ((run.lastByteAt ?? run.options.clock.now()) - run.firstSentAt) / 1000;
}

/**
 * Tells how much we take, and ends a transfer that the peer may still hold open: there is no resume (OSDP v2.2, 6.26). A
 * refusal of either is fine.
 */
async function prepare(run: Run): Promise<void> {
  const { device, options, unit } = run;
  const { signal } = options;
  try {
    await refusable(device.request(ACURXSIZE, { bytes: MAX_FRAME_BYTES }, { signal }));
    await refusable(device.request(ABORT, {}, { signal }));
    const now = device.facts?.id;
    if (unit && now && (unit.serialNumber !== now.serialNumber || unit.vendor !== now.vendor)) {
      throw fail(
        "not-verified",
        `Another unit answers now: serial number ${now.serialNumber}. Nothing was sent to it.`,
      );
    }
  } catch (error) {
    throw run.firstSentAt === null ? error : withProgress(error, run, 0, 0);
  }
}

async function refusable(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ToolkitError && error.code === "device-refused";
}

/** Tells the device that nothing more comes, if it can still hear us; the first error counts. */
async function abortQuietly(device: Device, cause: unknown): Promise<void> {
  const gone =
    cause instanceof ToolkitError &&
    (cause.code === "link-lost" || cause.code === "busy" || cause.code === "device-timeout");
  if (gone) return;
  try {
    await device.request(ABORT, {}, { maxAttempts: 2 });
  } catch {
    // The reason why the transfer ended is thrown by the caller.
  }
}

const failureTexts: Readonly<Record<TransferFailure, string>> = {
  aborted: "The device broke the transfer off (status -1).",
  "not-recognised": "The device does not recognise this file (status -2); it keeps its old firmware.",
  malformed: "The device found the file damaged (status -3); it keeps its old firmware.",
  refused: "The device refused the file.",
  "early-end": "The device said that it was done before it had the whole file.",
  "no-end": "The device took the whole file but never said that it was processed.",
};

function failure(reason: TransferFailure, detail: number): ToolkitError {
  const code = reason === "early-end" || reason === "no-end" ? "protocol" : "device-refused";
  return fail(code, failureTexts[reason], { data: { reason, status: detail } });
}

function withProgress(error: unknown, run: Run, sentBytes: number, fragmentBytes: number): unknown {
  if (!(error instanceof ToolkitError)) return error;
  const data = {
    ...error.data,
    sentBytes,
    totalBytes: run.options.data.length,
    seconds: secondsOf(run),
    fragmentBytes,
  };
  return fail(error.code, error.message, {
    cause: error,
    data,
    ...(error.field === undefined ? {} : { field: error.field }),
  });
}

import { sleep, throwIfAborted, type Clock } from "../lib/clock.ts";
import { ToolkitError } from "../lib/errors.ts";
import type { Port } from "../lib/port.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";
import { FrameParser, type ParserEvent } from "./parser.ts";

/** A port that can only be listened to: there is no way to write through it. */
export type ListenPort = Pick<Port, "path" | "baud" | "setBaud" | "onData" | "onClose">;

/** Bytes as they came, `at` by the clock, ms. */
export interface HeardPiece {
  at: number;
  bytes: Uint8Array;
}

/** The rate of a line, and what was heard at that rate while it was found. */
export interface FoundBaud {
  baud: number;
  heard: HeardPiece[];
}

/** Rates that OSDP knows (5.1), the usual ones first. */
export const osdpRates: readonly number[] = [9600, 38_400, 115_200, 19_200, 57_600, 230_400];

/** Two frames with a good CRC, or four with a checksum: by chance not once in years of noise. */
const enough = 4;
/** What a rate keeps of what it heard: the newest. */
const maxHeardBytes = 65_536;
const longestDwellMs = 5000;

/** How to search. `firstDwellMs`: how long each rate is tried in the first round; it doubles with each round. */
export interface FindBaudOptions {
  clock: Clock;
  signal?: AbortSignal | undefined;
  rates?: readonly number[];
  firstDwellMs?: number;
}

/**
 * Finds the rate of a line by listening alone: each rate is tried in turn and judged by frames whose check is right. Goes
 * on until one is found: its only other ends are the signal (`cancelled`) and the port's (`link-lost`). Rates that the
 * adapter cannot run at are left out.
 */
export async function findBaud(port: ListenPort, options: FindBaudOptions): Promise<FoundBaud> {
  const { clock, signal, rates = osdpRates, firstDwellMs = 500 } = options;
  for (let dwellMs = firstDwellMs; ; dwellMs = Math.min(2 * dwellMs, longestDwellMs)) {
    for (const baud of rates) {
      throwIfAborted(signal);
      if (!(await canRunAt(port, baud))) continue;
      const heard = await listenAt(port, clock, dwellMs, signal);
      if (heard) return { baud, heard };
    }
    // Even if no rate could be set, this must not spin.
    await sleep(clock, 1, signal);
  }
}

async function canRunAt(port: ListenPort, baud: number): Promise<boolean> {
  try {
    await port.setBaud(baud);
    return true;
  } catch (error) {
    if (error instanceof ToolkitError && error.code === "bad-input") return false;
    throw error;
  }
}

/** What was heard at the present rate if it is the line's, else null. */
async function listenAt(
  port: ListenPort,
  clock: Clock,
  dwellMs: number,
  signal: AbortSignal | undefined,
): Promise<HeardPiece[] | null> {
  const parser = new FrameParser();
  const heard: HeardPiece[] = [];
  let score = 0;
  let heardBytes = 0;
  const done = new AbortController();
  const leave = port.onData((bytes) => {
    heard.push({ at: clock.now(), bytes });
    heardBytes += bytes.length;
    while (heardBytes > maxHeardBytes) heardBytes -= heard.shift()?.bytes.length ?? heardBytes;
    score += parser.push(bytes).reduce((sum, event) => sum + worth(event), 0);
    if (score >= enough) done.abort();
  });
  const stop = (): void => {
    done.abort();
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await pause(clock, dwellMs, done.signal);
    // A long frame under way, or a first good one: worth the time of one more frame.
    if (score < enough && (score > 0 || parser.pending)) {
      await pause(clock, Math.max(dwellMs / 2, (MAX_FRAME_BYTES * 10_000) / port.baud), done.signal);
    }
  } finally {
    leave();
    signal?.removeEventListener("abort", stop);
  }
  throwIfAborted(signal);
  return score >= enough ? heard : null;
}

function worth(event: ParserEvent): number {
  if (event.type !== "frame") return 0;
  return event.frame.check === "crc" ? 2 : 1;
}

/** Waits, or less when `stop` fires. */
async function pause(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
  try {
    await sleep(clock, ms, stop);
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

import { toToolkitError } from "../lib/errors.ts";
import type { Clock } from "../lib/clock.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { TracePiece, Wire } from "../osdp/wire.ts";
import { getSetting, setSetting } from "../records/settings.ts";
import type { Store } from "../records/store.ts";
import { latencySchema, type Latency, type PortVerdict } from "./model/adapter.ts";

/** Never wait less than this for the adapter, ms: the system itself may be busy for so long. */
const floorMs = 25;
/** Nor more than this. */
const ceilingMs = 500;
/** Polls that must answer before a figure is believed. */
const enough = 5;

/** The allowance for an adapter in every time limit of the line: twice the worst seen, 25 to 500 ms. */
export function allowanceMs({ worstMs }: Pick<Latency, "worstMs">): number {
  return Math.min(ceilingMs, Math.max(floorMs, Math.ceil(2 * worstMs)));
}

/** What an exchange took beyond the time of its bits, ms. */
export interface Turn {
  replyMs: number | null;
  echoMs: number | null;
}

/**
 * One exchange from its trace: time from the last bit sent to the last byte that came, the answer's own bits taken off.
 * Bytes that repeat what was sent are the adapter's echo. A line that does not pace itself gives 0.
 */
export function turnOf(sent: TracePiece, received: readonly TracePiece[], baud: number): Turn {
  const lineMs = (bytes: number): number => (bytes * 10_000) / baud;
  const sentEnd = sent.at + lineMs(sent.bytes.length);
  const all = Uint8Array.from(received.flatMap(({ bytes }) => [...bytes]));
  const echoes = equalBytes(all.slice(0, sent.bytes.length), sent.bytes);
  const answerBytes = all.length - (echoes ? sent.bytes.length : 0);
  const last = received.at(-1);
  return {
    replyMs: last && answerBytes > 0 ? Math.max(0, last.at - sentEnd - lineMs(answerBytes)) : null,
    echoMs: echoes ? Math.max(0, echoedAt(received, sent.bytes.length) - sentEnd) : null,
  };
}

function echoedAt(received: readonly TracePiece[], length: number): number {
  let count = 0;
  for (const { at, bytes } of received) {
    count += bytes.length;
    if (count >= length) return at;
  }
  return Number.NaN;
}

/** What is measured with: a line, and one harmless exchange on it. */
export interface Measuring {
  wire: Pick<Wire, "onTrace" | "baud">;
  clock: Clock;
  poll: (signal?: AbortSignal) => Promise<unknown>;
  exchanges?: number;
  signal?: AbortSignal | undefined;
}

/** Measures by polling the unit. Null when too few polls were answered. Rejects with `link-lost`, `busy`, `cancelled`. */
export async function measureLatency({
  wire,
  clock,
  poll,
  exchanges = 20,
  signal,
}: Measuring): Promise<Latency | null> {
  const turns: Turn[] = [];
  let current: { sent: TracePiece; received: TracePiece[] } | null = null;
  const take = (): void => {
    if (current) turns.push(turnOf(current.sent, current.received, wire.baud));
    current = null;
  };
  const leave = wire.onTrace((piece) => {
    if (piece.direction === "received") {
      current?.received.push(piece);
      return;
    }
    take();
    current = { sent: piece, received: [] };
  });
  try {
    for (let i = 0; i < exchanges; i++) await poll(signal);
  } catch (error) {
    // A poll is repeated by the bus; when it gives up, what was measured so far has to do.
    if (["link-lost", "busy", "cancelled", "bug"].includes(toToolkitError(error).code)) throw error;
  } finally {
    take();
    leave();
  }
  return summary(turns, new Date(clock.wallTime()).toISOString());
}

function summary(turns: readonly Turn[], measuredAt: string): Latency | null {
  const replies = sorted(turns.map(({ replyMs }) => replyMs));
  const echoes = sorted(turns.map(({ echoMs }) => echoMs));
  if (replies.length < enough) return null;
  return {
    ...{ exchanges: turns.length, lost: turns.length - replies.length, measuredAt },
    ...{ medianMs: median(replies), worstMs: rounded(replies.at(-1) ?? 0) },
    echoMs: echoes.length > 0 ? median(echoes) : null,
  };
}

function sorted(times: readonly (number | null)[]): number[] {
  return times.filter((one) => one !== null).sort((a, b) => a - b);
}

function median(times: readonly number[]): number {
  return rounded(times[Math.floor(times.length / 2)] ?? 0);
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

const settingOf = (key: string): string => `adapter-latency ${key}`;

/** Keeps the figure with the adapter (by its key). */
export function keepLatency(store: Store, key: string, latency: Latency): void {
  setSetting(store, settingOf(key), latency);
}

/** The figure kept with an adapter, or null. */
export function keptLatency(store: Store, key: string): Latency | null {
  const parsed = latencySchema.safeParse(getSetting(store, settingOf(key)));
  return parsed.success ? parsed.data : null;
}

/** What is known of an adapter's own waiting: FTDI chips hold bytes back for `timerMs`; null = no such timer is seen. */
export interface LatencyTimer {
  timerMs: number | null;
  ftdi: boolean;
  platform: string;
  path: string;
  command: string | null;
}

/** What makes this adapter quicker, or null when nothing is known to. `code` is `ready`: the port works as it is. */
export function latencyAdvice({ timerMs, ftdi, platform, path, command }: LatencyTimer): PortVerdict | null {
  if (!ftdi || (platform === "linux" && (timerMs === null || timerMs <= 1))) return null;
  const held = timerMs === null ? "usually 16 ms" : `${String(timerMs)} ms`;
  const message = `The adapter ${path} holds what it hears back for up to ${held} (its latency timer), at every speed.`;
  if (platform === "linux") {
    const nextStep = "Set it to 1 ms with the command, or: sr01 doctor --port PORT --set-latency-timer";
    return { code: "ready", message, nextStep, ...(command === null ? {} : { commands: [command] }) };
  }
  const nextStep =
    platform === "win32"
      ? "Device Manager > Ports > this port > Port Settings > Advanced > Latency Timer: 1 ms."
      : "This system's own driver does not offer a setting for it; measure here, and use the figure.";
  return { code: "ready", message, nextStep };
}

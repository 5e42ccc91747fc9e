import { equalBytes, toHex } from "../lib/bytes.ts";
import { sleep, throwIfAborted, type Clock } from "../lib/clock.ts";
import { fail, toToolkitError, type ToolkitError } from "../lib/errors.ts";
import { Listeners } from "../lib/listeners.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Port } from "../lib/port.ts";
import { ForeignWatch } from "./foreign-watch.ts";
import { MIN_FRAME_BYTES, withMark, type Frame } from "./frame.ts";
import { FrameParser, type ParserEvent } from "./parser.ts";

/** How long things may take on this line, in ms. */
export interface WireTiming {
  /** Turn-around of the adapter and the system, added to every limit. */
  latencyMs: number;
  /** Longest pause inside one frame: nominal 20 ms (5.8), plus `latencyMs`. */
  gapMs: number;
}

/** Fits USB adapters and pseudo-terminals. In virtual time use zero latency. */
export const defaultTiming: WireTiming = { latencyMs: 50, gapMs: 20 };

/** What became of one sending of one command. Times by the clock of the wire; `replyMs` from the end of sending. */
export type Outcome =
  | { type: "reply"; frame: Frame; bytes: Uint8Array; sentAt: number; receivedAt: number; replyMs: number }
  /** Nothing, or nothing that could have been meant as a reply. */
  | { type: "silence"; sentAt: number }
  /** A reply began and came damaged or cut. */
  | { type: "damaged"; sentAt: number }
  /** The line was lost, or given up, after sending had begun. */
  | { type: "lost"; sentAt: number; error: ToolkitError };

/** Every byte both ways, with its time: for captures. */
export interface TracePiece {
  direction: "sent" | "received";
  at: number;
  bytes: Uint8Array;
}

interface OpenAttempt {
  accepts: (frame: Frame) => boolean;
  settle: (outcome: Outcome) => void;
  sentAt: number;
  /** When its last bit is out, by arithmetic. */
  lineEnd: number;
  damaged: boolean;
  /** Bytes heard that belong to no frame. */
  rubbish: number;
}

function anotherMaster(why: string, heard?: Uint8Array): ToolkitError {
  return fail(
    "busy",
    "Another device is sending on this line, so we stopped sending. Only one may be in charge of an RS485 line.",
    {
      data: { why, ...(heard ? { heard: toHex(heard.slice(0, 64)) } : {}) },
    },
  );
}

/** A damaged candidate, or so much rubbish that it can only have been a reply with a damaged head. */
function looksLikeReply(event: ParserEvent): boolean {
  return event.type === "damaged" || (event.type === "noise" && event.bytes.length >= MIN_FRAME_BYTES - 1);
}

/**
 * One half-duplex line: sends one command at a time and waits for its reply. Counts time limits from the end of sending
 * (OSDP v2.2, 5.7, 5.8), keeps the line idle two characters before sending, tells apart silence and damage, drops its own
 * echo, and falls silent for good when another master is heard.
 */
export class Wire {
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #timing: WireTiming;
  readonly #parser = new FrameParser();
  readonly #turn = new Mutex();
  readonly #trace = new Listeners<[TracePiece]>();
  readonly #stops = new Listeners<[ToolkitError]>();
  readonly #foreign: ForeignWatch;
  #open: OpenAttempt | null = null;
  #stopped: ToolkitError | null = null;
  #lastActivity = Number.NEGATIVE_INFINITY;
  #echo: Uint8Array | null = null;
  /** The adapter gives back what we send: seen at least once. */
  #echoes = false;
  /** Bytes received so far, and the count at which the echo of the open attempt ends. */
  #received = 0;
  #echoEnd = 0;
  #cancelGap: () => void = () => undefined;

  constructor(port: Port, clock: Clock, timing: WireTiming = defaultTiming) {
    this.#port = port;
    this.#clock = clock;
    this.#timing = timing;
    this.#foreign = new ForeignWatch(timing.latencyMs);
    port.onData((chunk) => {
      this.#receive(chunk);
    });
    port.onClose((error) => {
      this.#stop(error ?? fail("link-lost", `The port ${port.path} was closed.`));
    });
  }

  /** Rate of the line, bit/s. */
  get baud(): number {
    return this.#port.baud;
  }
  /** Why nothing is sent any more, or null. */
  get stopped(): ToolkitError | null {
    return this.#stopped;
  }
  /** Hears every byte both ways. */
  onTrace(fn: (piece: TracePiece) => void): () => void {
    return this.#trace.add(fn);
  }
  /** Hears once why the line fell silent: `busy` (another master), `link-lost`. */
  onStop(fn: (error: ToolkitError) => void): () => void {
    return this.#stops.add(fn);
  }

  /**
   * Sends a frame (SOM to check; the mark is added) and waits for the reply that `accepts`. `replyMs` is the time to its
   * first byte after the end of sending. Rejects only before sending: with the stop reason, or `cancelled`.
   */
  attempt(
    frame: Uint8Array,
    accepts: (frame: Frame) => boolean,
    replyMs: number,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    return this.#turn.run(async () => {
      await this.#waitIdle(signal);
      // What lies there unfinished belongs to no reply of ours; it may show another master.
      this.#takeAll(this.#parser.gap());
      this.#throwIfStopped();
      return this.#exchange(withMark(frame), accepts, replyMs);
    });
  }

  /** Runs `work` while nothing else is sent, e.g. a change of rate. */
  alone<T>(work: (port: Port) => Promise<T>): Promise<T> {
    return this.#turn.run(() => work(this.#port));
  }

  #throwIfStopped(): void {
    if (this.#stopped) throw this.#stopped;
  }

  /** Two idle characters before sending (5.7); a frame that is still coming in, e.g. a doubled reply, may end first. */
  async #waitIdle(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const quietMs = this.#parser.pending ? this.#timing.gapMs + this.#timing.latencyMs : this.#byteMs(2);
      const missing = this.#lastActivity + quietMs - this.#clock.now();
      if (missing < 0.5 || this.#stopped) break;
      await sleep(this.#clock, missing, signal);
    }
    throwIfAborted(signal);
  }

  #exchange(bytes: Uint8Array, accepts: (frame: Frame) => boolean, replyMs: number): Promise<Outcome> {
    const sentAt = this.#clock.now();
    return new Promise<Outcome>((resolve) => {
      let callOff = (): void => undefined;
      const end = (): void => {
        callOff();
        this.#open = null;
      };
      const open: OpenAttempt = {
        accepts,
        sentAt,
        lineEnd: sentAt + this.#byteMs(bytes.length),
        damaged: false,
        rubbish: 0,
        settle: (outcome) => {
          end();
          const why = this.#foreign.exchangeEnded(this.#clock.now(), outcome.type !== "reply", open.rubbish);
          resolve(outcome);
          if (why) this.#stop(anotherMaster(why));
        },
      };
      this.#open = open;
      this.#echo = bytes.slice(1);
      this.#echoEnd = this.#received + bytes.length;
      const lineMs = this.#byteMs(bytes.length);
      const limit = replyMs + this.#timing.latencyMs;
      // A drain that never ends must not hold the line: the limit runs from the arithmetic end of sending at the latest.
      callOff = this.#clock.after(lineMs + 1000 + limit, () => {
        open.settle({ type: "silence", sentAt });
      });
      this.#write(bytes, sentAt + lineMs).then(
        () => {
          if (this.#open !== open) return;
          callOff();
          const left = Math.max(0, sentAt + lineMs - this.#clock.now());
          callOff = this.#clock.after(left + limit, () => {
            callOff = this.#judge(open, this.#byteMs(this.#parser.maxFrameBytes));
          });
        },
        (error: unknown) => {
          if (this.#open === open) open.settle({ type: "lost", sentAt, error: toToolkitError(error) });
        },
      );
    });
  }

  /** The limit is over. What the system has not handed over yet gets one more turn; a reply that has begun may end. */
  #judge(open: OpenAttempt, longestMs: number): () => void {
    const decide = (): void => {
      if (this.#open !== open) return;
      if (this.#parser.pending && longestMs > 0) {
        callOff = this.#clock.after(Math.min(longestMs, 20), () => {
          longestMs -= 20;
          decide();
        });
      } else open.settle({ type: open.damaged ? "damaged" : "silence", sentAt: open.sentAt });
    };
    let callOff = this.#clock.after(1, decide);
    return () => {
      callOff();
    };
  }

  async #write(bytes: Uint8Array, lineEnd: number): Promise<void> {
    const at = this.#clock.now();
    this.#lastActivity = lineEnd;
    this.#trace.emit({ direction: "sent", at, bytes });
    await this.#port.write(bytes);
    this.#lastActivity = Math.max(this.#lastActivity, this.#clock.now());
  }

  #receive(chunk: Uint8Array): void {
    const now = this.#clock.now();
    this.#lastActivity = Math.max(this.#lastActivity, now);
    this.#received += chunk.length;
    this.#trace.emit({ direction: "received", at: now, bytes: chunk });
    this.#takeAll(this.#parser.push(chunk));
    this.#cancelGap();
    if (!this.#parser.pending && !this.#open?.damaged) return;
    this.#cancelGap = this.#clock.after(this.#timing.gapMs + this.#timing.latencyMs, () => {
      this.#gapOver();
    });
  }

  #gapOver(): void {
    const open = this.#open;
    const cut = this.#parser.pending;
    this.#takeAll(this.#parser.gap());
    if (open && this.#open === open && (cut || open.damaged)) open.settle({ type: "damaged", sentAt: open.sentAt });
  }

  #takeAll(events: ParserEvent[]): void {
    for (const event of events) this.#take(event);
  }

  #take(event: ParserEvent): void {
    const open = this.#open;
    if (event.type === "frame" && open && event.frame.reply && open.accepts(event.frame)) {
      this.#echo = null;
      const receivedAt = this.#clock.now();
      const replyMs = Math.max(0, receivedAt - open.lineEnd);
      open.settle({ type: "reply", frame: event.frame, bytes: event.bytes, sentAt: open.sentAt, receivedAt, replyMs });
      return;
    }
    if (event.type === "frame" && this.#echo && equalBytes(event.bytes, this.#echo)) {
      this.#echo = null;
      this.#echoes = true;
      return;
    }
    const damagedEcho = this.#echoes && event.at < this.#echoEnd;
    if (open && !damagedEcho && looksLikeReply(event)) open.damaged = true;
    if (open && !damagedEcho && event.type === "noise") open.rubbish += event.bytes.length;
    const why = this.#foreign.judge(event, this.#clock.now(), open !== null);
    if (why) this.#stop(anotherMaster(why, event.bytes));
  }

  #stop(error: ToolkitError): void {
    if (this.#stopped) return;
    this.#stopped = error;
    this.#cancelGap();
    this.#open?.settle({ type: "lost", sentAt: this.#open.sentAt, error });
    this.#stops.emit(error);
  }

  #byteMs(bytes: number): number {
    return (bytes * 10_000) / this.#port.baud;
  }
}

import { concatBytes } from "../lib/bytes.ts";
import { throwIfAborted, type Clock } from "../lib/clock.ts";
import { fail, type ToolkitError } from "../lib/errors.ts";
import { findBaud, osdpRates, type HeardPiece, type ListenPort } from "../osdp/baud-finder.ts";
import { ByteTimes } from "../osdp/byte-times.ts";
import type { LineCapture } from "../osdp/capture.ts";
import { MAX_FRAME_BYTES, type Frame } from "../osdp/frame.ts";
import { SessionFollower, type Followed } from "../osdp/session-follower.ts";
import { StreamDecoder, type StreamItem } from "../osdp/stream-decoder.ts";

/** What listening tells, in stream order. `at`: ms since it began, when the first byte arrived. */
export type Heard =
  | { type: "baud"; at: number; baud: number }
  | { type: "frame"; at: number; frame: Frame; ok: boolean; followed: Followed }
  /**
   * Bytes that belong to no frame. `gapMs`: how long the line had given nothing before them. `exposed`: they may hold a
   * key that anybody could read, as a session under the factory key is open.
   */
  | { type: "noise"; at: number; gapMs: number; bytes: Uint8Array; exposed: boolean };

/** What was heard in all. `baud` is null while it is not known. */
export interface ListenSummary {
  frames: number;
  noiseBytes: number;
  baud: number | null;
}

/** How to listen. `keys`: of the devices, 16 bytes each; the factory key is always tried. */
export interface ListenOptions {
  clock: Clock;
  baud: number | "auto";
  keys: readonly Uint8Array[];
  onHeard: (heard: Heard) => void;
  /** Gets every byte heard at the line's rate. */
  capture?: LineCapture | undefined;
  rates?: readonly number[];
}

/** After such a pause nothing begun goes on: 20 ms of the standard (5.8) and an adapter's latency. */
const pauseMs = 70;
/** With `auto`: so many bytes and so long without one good frame, and the rate is searched anew. */
const strayBytes = 200;
const strayMs = 3000;

/** A silent tap on a line: tells frames and noise with their times, decrypts, finds the rate. Cannot write. */
export class Listening {
  /** Always up to date. */
  readonly summary: ListenSummary = { frames: 0, noiseBytes: 0, baud: null };
  readonly #port: ListenPort;
  readonly #options: ListenOptions;
  readonly #startedAt: number;
  readonly #decoder = new StreamDecoder();
  readonly #times = new ByteTimes();
  readonly #follower: SessionFollower;
  #goodAt = 0;
  #stray = 0;
  #cancelPause: () => void = () => undefined;
  /** Noise that may go on. */
  #noise: { from: number; parts: Uint8Array[]; bytes: number } | null = null;
  /** Ends the tap at the present rate. */
  #onStray: () => void = () => undefined;

  constructor(port: ListenPort, options: ListenOptions) {
    this.#port = port;
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#follower = new SessionFollower(options.keys);
  }

  /**
   * Listens for `ms` (for ever without) and resolves. Rejects with `cancelled` when the signal fires and with `link-lost`
   * when the port goes. What was heard by then has been told.
   */
  async run(signal: AbortSignal, ms?: number): Promise<void> {
    const end = new AbortController();
    const stop = (): void => {
      end.abort();
    };
    let gone: ToolkitError | null = null;
    const leaveClose = this.#port.onClose((error) => {
      gone = error ?? fail("link-lost", `The port ${this.#port.path} was closed.`);
      stop();
    });
    signal.addEventListener("abort", stop, { once: true });
    const callOff = ms === undefined ? () => undefined : this.#options.clock.after(ms, stop);
    try {
      throwIfAborted(signal);
      while (!end.signal.aborted) await this.#listen(end.signal);
    } catch (error) {
      if (!end.signal.aborted) throw error;
    } finally {
      callOff();
      leaveClose();
      signal.removeEventListener("abort", stop);
      this.#paused();
    }
    if (gone) throw gone as ToolkitError;
    throwIfAborted(signal);
  }

  /** One rate, until the signal fires or (with `auto`) it proves to be the line's no more. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { baud, clock, rates = osdpRates } = this.#options;
    if (baud === "auto") {
      const found = await findBaud(this.#port, { clock, signal, rates });
      this.#settleOn(found.baud);
      for (const piece of found.heard) this.#take(piece);
    } else this.#settleOn(baud);
    const stray = new AbortController();
    this.#onStray = () => {
      stray.abort();
    };
    const leave = this.#port.onData((bytes) => {
      this.#take({ at: clock.now(), bytes });
    });
    await fired(AbortSignal.any([signal, stray.signal]));
    leave();
  }

  #settleOn(baud: number): void {
    this.#goodAt = this.#options.clock.now();
    this.#stray = 0;
    this.summary.baud = baud;
    this.#options.onHeard({ type: "baud", at: this.#goodAt - this.#startedAt, baud });
  }

  #take({ at, bytes }: HeardPiece): void {
    this.#options.capture?.take({ direction: "received", at, bytes });
    this.#times.note(bytes.length, at);
    this.#stray += bytes.length;
    for (const item of this.#decoder.push(bytes)) this.#tell(item);
    this.#cancelPause();
    this.#cancelPause = this.#options.clock.after(pauseMs, () => {
      this.#paused();
    });
    const lost = this.#stray >= strayBytes && at - this.#goodAt >= strayMs;
    if (this.#options.baud === "auto" && lost) this.#onStray();
  }

  #paused(): void {
    this.#cancelPause();
    for (const item of this.#decoder.end()) this.#tell(item);
    this.#endNoise();
    this.#options.capture?.settle();
  }

  #tell(item: StreamItem): void {
    if (item.type === "noise") {
      this.#addNoise(item.at, item.bytes);
      return;
    }
    this.#endNoise();
    const { frame, ok } = item;
    const arrivedAt = this.#times.at(item.at);
    this.summary.frames += 1;
    if (ok) {
      this.#goodAt = arrivedAt;
      this.#stray = 0;
    }
    const at = arrivedAt - this.#startedAt;
    this.#options.onHeard({ type: "frame", at, frame, ok, followed: this.#follower.take(item) });
  }

  /** Noise is told in one piece however the system cut it. */
  #addNoise(from: number, bytes: Uint8Array): void {
    const noise = this.#noise;
    const goesOn = noise !== null && noise.from + noise.bytes === from && noise.bytes < MAX_FRAME_BYTES;
    if (!goesOn) this.#endNoise();
    this.#noise ??= { from, parts: [], bytes: 0 };
    this.#noise.parts.push(bytes);
    this.#noise.bytes += bytes.length;
  }

  #endNoise(): void {
    const noise = this.#noise;
    if (!noise) return;
    this.#noise = null;
    this.summary.noiseBytes += noise.bytes;
    this.#options.onHeard({
      type: "noise",
      at: this.#times.at(noise.from) - this.#startedAt,
      gapMs: this.#times.gapBefore(noise.from),
      bytes: concatBytes(...noise.parts),
      exposed: this.#follower.exposed,
    });
  }
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        "abort",
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

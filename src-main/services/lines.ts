import { sleep, type Clock } from "../lib/clock.ts";
import { toHex } from "../lib/bytes.ts";
import { fail, type ToolkitError } from "../lib/errors.ts";
import { Listeners } from "../lib/listeners.ts";
import type { Port } from "../lib/port.ts";
import { Bus } from "../osdp/bus.ts";
import { LineCapture } from "../osdp/capture.ts";
import { tapPort } from "../osdp/port-tap.ts";
import type { LineMode } from "./model/common.ts";
import type { PortSource, Seams } from "./seams.ts";

/** So many paths' captures are kept; the oldest goes. */
const maxCaptures = 8;
/** A line without leases is given back after so long. */
const idleCloseMs = 30_000;

/** Right to use a line. Release it in `finally`. */
export interface Lease {
  release(): void;
}

/** One open port with its bus. Only {@link Lines} makes them. */
export class Line {
  readonly path: string;
  readonly mode: LineMode;
  readonly bus: Bus;
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #gone = new Listeners<[ToolkitError | null]>();
  #exclusive: string | null = null;
  #shared = 0;
  #cancelIdle: () => void = () => undefined;

  constructor(port: Port, mode: LineMode, seams: Pick<Seams, "clock" | "wireTiming" | "deviceTiming">) {
    this.path = port.path;
    this.mode = mode;
    this.#port = port;
    this.#clock = seams.clock;
    this.bus = new Bus(port, seams.clock, seams.wireTiming, seams.deviceTiming);
    port.onClose((error) => {
      this.#cancelIdle();
      this.#gone.emit(error ?? null);
    });
    this.#idleFrom();
  }

  /** Who has the line alone, or null. */
  get exclusive(): string | null {
    return this.#exclusive;
  }

  /** The line was closed: null by us, else why. */
  onGone(fn: (error: ToolkitError | null) => void): () => void {
    return this.#gone.add(fn);
  }

  /** Use beside others; requests queue. `busy` while somebody has the line alone, or in Listening, where nothing is sent. */
  share(): Lease {
    this.#mayUse();
    this.#shared += 1;
    this.#cancelIdle();
    return this.#lease(() => (this.#shared -= 1));
  }

  /** Use alone, e.g. for flashing. `busy` while anybody uses it. */
  takeAlone(holder: string): Lease {
    this.#mayUse();
    if (this.#shared > 0) throw fail("busy", "The line is in use just now.");
    this.#exclusive = holder;
    this.#cancelIdle();
    return this.#lease(() => (this.#exclusive = null));
  }

  /** Gives the port back. */
  close(): Promise<void> {
    this.#cancelIdle();
    return this.#port.close();
  }

  #mayUse(): void {
    if (this.mode === "listening") {
      throw fail(
        "busy",
        "In Listening the door phone is in charge and nothing is sent. Choose Alone or Bench for this.",
      );
    }
    if (this.#exclusive !== null)
      throw fail("busy", `The line is in use by ${this.#exclusive}.`, { data: { holder: this.#exclusive } });
    if (this.bus.wire.stopped) throw this.bus.wire.stopped;
  }

  #lease(end: () => void): Lease {
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        end();
        this.#idleFrom();
      },
    };
  }

  #idleFrom(): void {
    this.#cancelIdle();
    if (this.#shared > 0 || this.#exclusive !== null || this.mode === "listening") return;
    this.#cancelIdle = this.#clock.after(idleCloseMs, () => void this.close());
  }
}

/** How to open a line. */
export interface OpenLineOptions {
  path: string;
  baud: number;
  mode: LineMode;
  listenMs: number;
  signal?: AbortSignal | undefined;
}

/** What a line needs. `allowanceMs`: what was measured on this port's adapter, in place of the usual allowance. */
export type LineSeams = Pick<Seams, "clock" | "wireTiming" | "deviceTiming"> & {
  allowanceMs?: (path: string) => number | null | Promise<number | null>;
};

/** Owns every port and its bus. Opens a line by the rules of the line modes: listen first, one user of a port. */
export class Lines {
  readonly #ports: PortSource;
  readonly #seams: LineSeams;
  readonly #open = new Map<string, Line | null>();
  readonly #captures = new Map<string, LineCapture>();

  constructor(ports: PortSource, seams: LineSeams) {
    this.#ports = ports;
    this.#seams = seams;
  }

  /** What passed on a path in the last minutes, attempts that failed included. Never holds a key. */
  capture(path: string): LineCapture {
    const kept = this.#captures.get(path) ?? new LineCapture({ clock: this.#seams.clock, role: "panel" });
    this.#captures.delete(path);
    this.#captures.set(path, kept);
    for (const old of [...this.#captures.keys()].slice(0, -maxCaptures)) this.#captures.delete(old);
    return kept;
  }

  /**
   * Opens a port. In Alone and Bench it first listens: any byte, rubbish included, means another master, and ends with
   * `busy`, nothing sent. `data.heard` holds the first bytes in hex.
   */
  async open(options: OpenLineOptions): Promise<Line> {
    const { path, baud, mode, signal } = options;
    if (this.#open.has(path)) throw fail("busy", `The port ${path} is already open here.`, { field: "port" });
    this.#open.set(path, null);
    let port: Port | null = null;
    try {
      const capture = this.capture(path);
      const wireTiming = await this.#timingOf(path);
      port = tapPort(await this.#ports.open(path, baud, signal), this.#seams.clock, (piece) => {
        capture.take(piece);
      });
      if (mode !== "listening") await listenFirst(port, this.#seams.clock, options.listenMs, signal);
      const line = new Line(port, mode, { ...this.#seams, wireTiming });
      line.onGone(() => this.#open.delete(path));
      this.#open.set(path, line);
      return line;
    } catch (error) {
      this.#open.delete(path);
      await port?.close();
      throw error;
    }
  }

  async #timingOf(path: string): Promise<Seams["wireTiming"]> {
    const { wireTiming, allowanceMs } = this.#seams;
    const latencyMs = (await allowanceMs?.(path)) ?? null;
    return latencyMs === null ? wireTiming : { ...wireTiming, latencyMs };
  }

  /** Closes everything. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((line) => line?.close()));
  }
}

async function listenFirst(port: Port, clock: Clock, listenMs: number, signal?: AbortSignal): Promise<void> {
  const heard: Uint8Array[] = [];
  let count = 0;
  const stop = new AbortController();
  const onOuterAbort = (): void => {
    stop.abort();
  };
  signal?.addEventListener("abort", onOuterAbort, { once: true });
  let gone: ToolkitError | undefined;
  const leaveData = port.onData((chunk) => {
    count += chunk.length;
    if (heard.length < 16) heard.push(chunk.slice(0, 64));
    stop.abort();
  });
  const leaveClose = port.onClose((error) => {
    gone = error ?? fail("link-lost", `The port ${port.path} was closed.`);
    stop.abort();
  });
  try {
    if (signal?.aborted) stop.abort();
    await sleep(clock, listenMs, stop.signal);
  } catch (error) {
    if (gone) throw gone;
    if (count === 0) throw error;
  } finally {
    leaveData();
    leaveClose();
    signal?.removeEventListener("abort", onOuterAbort);
  }
  if (count > 0) {
    const hex = heard.map(toHex).join("").slice(0, 128);
    throw fail(
      "busy",
      "Somebody else is sending on this line. Nothing was sent. An RS485 line has one master: take the door phone's A/B off first.",
      {
        data: { heardBytes: count, heard: hex },
      },
    );
  }
}

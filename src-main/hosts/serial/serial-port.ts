import { SerialPort } from "serialport";
import { sleep, systemClock } from "../../lib/clock.ts";
import { fail, toToolkitError, type ToolkitError } from "../../lib/errors.ts";
import { Listeners } from "../../lib/listeners.ts";
import type { Log } from "../../lib/log.ts";
import { Mutex } from "../../lib/mutex.ts";
import type { Port } from "../../lib/port.ts";
import { pulledVerdict } from "../../services/port-verdict.ts";
import { createTransmitter, type Direction, type Transmitter } from "./direction.ts";
import { lineIo, type BindingPort, type LineIo } from "./line-io.ts";
import { openError } from "./open-errors.ts";

/** What to open: `baud` in bit/s. `open` is the binding's own, tests may pass another. */
export interface OpenSerialPort {
  path: string;
  baud: number;
  log: Log;
  signal?: AbortSignal | undefined;
  /** Who switches the transmitter; the adapter itself unless said otherwise. */
  direction?: Direction | undefined;
  open?: (options: { path: string; baudRate: number; lock: boolean; hupcl: boolean }) => Promise<BindingPort>;
}

/**
 * Opens a serial device 8N1 with an exclusive lock, its transmitter off. Its modem lines are only touched when RTS is to
 * switch the transmitter. Errors: `bad-input` (field
 * `port`: not there, no serial port, not allowed, with the command that helps), `busy` (in use), `cancelled`, else
 * `link-lost`.
 */
export async function openSerialPort(options: OpenSerialPort): Promise<Port> {
  const { path, baud, log, signal, open = (wanted) => SerialPort.binding.open(wanted) } = options;
  if (!Number.isInteger(baud) || baud <= 0) {
    throw fail("bad-input", "The speed must be a positive whole number.", { field: "baud" });
  }
  if (signal?.aborted) throw fail("cancelled", "Stopped on request.");
  // hupcl false: closing must not drop DTR, which resets what hangs behind some adapters.
  const opening = open({ path, baudRate: baud, lock: true, hupcl: false });
  const port = await abandonable(opening, signal).catch((cause: unknown) => {
    const error = signal?.aborted ? toToolkitError(cause) : openError(path, cause);
    log.info("serial.open-failed", { path, baud, code: error.code, seen: error.message });
    throw error;
  });
  log.debug("serial.open", { path, baud });
  const transmitter = createTransmitter(port, options.direction ?? "auto", log);
  await transmitter.off();
  return new SerialLine({ path, baud, port, log, transmitter });
}

/** Time of so many bytes on the line, 8N1, and the stop bit of the last one. */
function lineMs(bytes: number, baud: number): number {
  return ((bytes * 10 + 1) * 1000) / baud;
}

/** The opened port, or `cancelled` at once when the signal fires; a port that opens after that is closed. */
function abandonable(opening: Promise<BindingPort>, signal: AbortSignal | undefined): Promise<BindingPort> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(fail("cancelled", "Stopped on request."));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    opening
      .then(async (port) => {
        if (signal?.aborted) await port.close();
        else resolve(port);
      })
      .catch(reject)
      .finally(() => signal?.removeEventListener("abort", onAbort));
  });
}

interface Opened {
  path: string;
  baud: number;
  port: BindingPort;
  log: Log;
  transmitter: Transmitter;
}

class SerialLine implements Port {
  readonly path: string;
  #baud: number;
  readonly #port: BindingPort;
  readonly #io: LineIo;
  readonly #log: Log;
  readonly #data = new Listeners<[Uint8Array]>();
  readonly #closed = new Listeners<[ToolkitError?]>();
  readonly #turns = new Mutex();
  /** Ways to end the operations under way when the line ends before they do. */
  readonly #pending = new Set<(error: ToolkitError) => void>();
  #ending: Promise<void> | undefined;

  readonly #transmitter: Transmitter;

  constructor({ path, baud, port, log, transmitter }: Opened) {
    this.path = path;
    this.#baud = baud;
    this.#port = port;
    this.#io = lineIo(port);
    this.#log = log;
    this.#transmitter = transmitter;
    void this.#readLoop();
  }

  get baud(): number {
    return this.#baud;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#turn(async () => {
      const { byRts } = this.#transmitter;
      const since = systemClock.now();
      await this.#transmitter.on();
      try {
        await this.#io.write(bytes);
        await this.#port.drain();
        // The chip's own buffer is not empty yet when the system says so; a transmitter switched off cuts the frame.
        if (byRts) await sleep(systemClock, Math.max(0, since + lineMs(bytes.length, this.#baud) - systemClock.now()));
      } finally {
        await this.#transmitter.off();
      }
    });
  }

  async setBaud(baud: number): Promise<void> {
    await this.#turn(async () => {
      try {
        await this.#port.update({ baudRate: baud });
      } catch (cause) {
        if (!/not supported|custom baud/i.test(String(cause))) throw cause;
        throw fail("bad-input", `This adapter cannot run at ${String(baud)} bit/s.`, { field: "baud", cause });
      }
    });
    this.#baud = baud;
  }

  onData(fn: (chunk: Uint8Array) => void): () => void {
    return this.#data.add(fn);
  }

  onClose(fn: (error?: ToolkitError) => void): () => void {
    return this.#closed.add(fn);
  }

  close(): Promise<void> {
    return this.#end();
  }

  /** One operation at a time; it ends at the latest when the line does. A foreign error means that the line is gone. */
  #turn(work: () => Promise<void>): Promise<void> {
    return this.#turns.run(() => {
      if (this.#ending) return Promise.reject(this.#closedError());
      return new Promise<void>((resolve, reject) => {
        this.#pending.add(reject);
        const settle = async (): Promise<void> => {
          try {
            await work();
            resolve();
          } catch (cause) {
            const error = toToolkitError(cause);
            if (error.code === "bug") this.#hangUp(cause);
            reject(error.code === "bug" ? this.#goneError(cause) : error);
          } finally {
            this.#pending.delete(reject);
          }
        };
        void settle();
      });
    });
  }

  async #readLoop(): Promise<void> {
    while (!this.#ending) {
      let chunk: Uint8Array;
      try {
        chunk = await this.#io.read();
      } catch (cause) {
        this.#hangUp(cause);
        return;
      }
      this.#tell(() => {
        this.#data.emit(chunk);
      });
    }
  }

  #hangUp(cause: unknown): void {
    if (this.#ending) return;
    this.#log.warn("serial.gone", { path: this.path, seen: String(cause) });
    void this.#end(this.#goneError(cause));
  }

  #end(error?: ToolkitError): Promise<void> {
    this.#ending ??= this.#finish(error);
    return this.#ending;
  }

  async #finish(error: ToolkitError | undefined): Promise<void> {
    const unsent = this.#pending.size > 0;
    for (const reject of this.#pending) reject(error ?? this.#closedError());
    this.#pending.clear();
    // A lost line is told at once; a closed one when it is really free.
    if (error)
      this.#tell(() => {
        this.#closed.emit(error);
      });
    try {
      // Otherwise the system may hold the port for seconds to send what nobody wants any more.
      if (unsent && !error) await this.#port.flush();
    } catch (cause) {
      this.#log.debug("serial.flush-failed", { path: this.path, seen: String(cause) });
    }
    try {
      await this.#io.close();
    } catch (cause) {
      this.#log.warn("serial.close-failed", { path: this.path, seen: String(cause) });
    }
    if (!error)
      this.#tell(() => {
        this.#closed.emit();
      });
  }

  /** A listener's error is its own: it must not end the line. */
  #tell(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      this.#log.error("serial.listener-failed", { path: this.path, seen: String(error) });
    }
  }

  #closedError(): ToolkitError {
    return fail("link-lost", `The port ${this.path} is closed.`);
  }

  #goneError(cause: unknown): ToolkitError {
    const verdict = pulledVerdict(this.path);
    return fail("link-lost", `The adapter ${this.path} is gone.`, { data: { seen: String(cause), verdict }, cause });
  }
}

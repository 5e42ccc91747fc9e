import { connect, type Socket } from "node:net";
import { systemClock } from "../../lib/clock.ts";
import { fail, type ToolkitError } from "../../lib/errors.ts";
import { Listeners } from "../../lib/listeners.ts";
import type { Log } from "../../lib/log.ts";
import { Mutex } from "../../lib/mutex.ts";
import type { Port } from "../../lib/port.ts";
import { gatewayVerdict } from "../../services/port-verdict.ts";
import { parseGatewayPath, type GatewayAddress } from "./gateway-address.ts";

/** A quiet connection is probed after so long, then every second, ten times: a dead gateway is noticed within 20 s. */
export const keepAliveMs = 5000;
/** Longest single write; a frame is 1440 bytes. */
const maxWriteBytes = 64 * 1024;

/** What to open. `baud` is the rate set in the gateway: it is used for time limits and cannot be changed from here. */
export interface OpenTcpPort {
  /** `tcp://host:port`. */
  path: string;
  baud: number;
  log: Log;
  signal?: AbortSignal | undefined;
  /** Budget for connecting, and for one write, ms. */
  connectMs?: number;
  writeMs?: number;
  /** For tests. */
  connectTo?: (address: GatewayAddress) => Socket;
}

const connectPlain = ({ host, port }: GatewayAddress): Socket => connect({ host, port, noDelay: true });

/**
 * Opens a raw byte stream to an RS485 gateway. Nothing is connected to but what was typed. Errors: `bad-input` (form of
 * the path), `link-lost` (not reached in time, refused), `cancelled`.
 */
export async function openTcpPort(options: OpenTcpPort): Promise<Port> {
  const { path, baud, log, signal, connectMs = 5000, writeMs = 5000, connectTo = connectPlain } = options;
  if (!Number.isInteger(baud) || baud <= 0) {
    throw fail("bad-input", "The speed must be a positive whole number.", { field: "baud" });
  }
  const address = parseGatewayPath(path);
  if (signal?.aborted) throw fail("cancelled", "Stopped on request.");
  const socket = connectTo(address);
  try {
    await connected(socket, path, connectMs, signal);
  } catch (error) {
    socket.destroy();
    log.info("tcp.open-failed", { path, seen: String(error) });
    throw error;
  }
  socket.setKeepAlive(true, keepAliveMs);
  log.debug("tcp.open", { path, baud, remote: socket.remoteAddress });
  return new TcpLine(path, baud, socket, log, writeMs);
}

function connected(socket: Socket, path: string, connectMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const callOff = systemClock.after(connectMs, () => {
      end(() => {
        reject(unreachable(path, `no answer within ${String(connectMs / 1000)} s`));
      });
    });
    const onAbort = (): void => {
      end(() => {
        reject(fail("cancelled", "Stopped on request."));
      });
    };
    const onError = (cause: Error): void => {
      end(() => {
        reject(unreachable(path, reasonOf(cause), cause));
      });
    };
    const end = (settle: () => void): void => {
      callOff();
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError).on("error", () => undefined);
      settle();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => {
      end(resolve);
    });
  });
}

function unreachable(path: string, seen: string, cause?: unknown): ToolkitError {
  const verdict = gatewayVerdict(path, seen);
  const data = { path, seen, reason: "gateway-unreachable", verdict };
  return fail("link-lost", verdict.message, { data, ...(cause === undefined ? {} : { cause }) });
}

/** The system's words for an error, short: `ECONNREFUSED`. */
function reasonOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException | null)?.code ?? String(cause);
}

class TcpLine implements Port {
  readonly path: string;
  readonly baud: number;
  readonly #socket: Socket;
  readonly #log: Log;
  readonly #writeMs: number;
  readonly #data = new Listeners<[Uint8Array]>();
  readonly #closed = new Listeners<[ToolkitError?]>();
  readonly #turns = new Mutex();
  #ended = false;
  #reason: ToolkitError | undefined;
  /** Ends the write under way; without effect when there is none. */
  #failWrite: (error: ToolkitError) => void = () => undefined;

  constructor(path: string, baud: number, socket: Socket, log: Log, writeMs: number) {
    this.path = path;
    this.baud = baud;
    this.#socket = socket;
    this.#log = log;
    this.#writeMs = writeMs;
    socket.on("data", (chunk: Buffer) => {
      this.#tell(() => {
        this.#data.emit(Uint8Array.from(chunk));
      });
    });
    socket.on("error", (cause) => {
      this.#lost(reasonOf(cause), cause);
    });
    socket.on("end", () => {
      this.#lost("it closed the connection");
    });
    socket.on("close", () => {
      this.#lost("the connection is closed");
    });
  }

  /** Resolves when the bytes are handed to the network. A gateway that takes nothing any more is gone. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#turns.run(() => {
      if (this.#ended) throw this.#reason ?? this.#closedError();
      if (bytes.length > maxWriteBytes) throw fail("bug", "A write to a gateway is too long.");
      return new Promise<void>((resolve, reject) => {
        const callOff = systemClock.after(this.#writeMs, () => {
          this.#lost("it takes no more bytes");
        });
        this.#failWrite = (error) => {
          callOff();
          reject(error);
        };
        this.#socket.write(bytes, (error) => {
          if (error) this.#lost(reasonOf(error), error);
          callOff();
          resolve();
        });
      });
    });
  }

  setBaud(baud: number): Promise<void> {
    if (baud === this.baud) return Promise.resolve();
    const message = `The speed of a gateway is set in the gateway's own page, not from here (now ${String(this.baud)} bit/s).`;
    return Promise.reject(fail("unsupported", message, { field: "baud", data: { path: this.path, wanted: baud } }));
  }

  onData(fn: (chunk: Uint8Array) => void): () => void {
    return this.#data.add(fn);
  }

  onClose(fn: (error?: ToolkitError) => void): () => void {
    return this.#closed.add(fn);
  }

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  #lost(seen: string, cause?: unknown): void {
    if (this.#ended) return;
    this.#log.warn("tcp.gone", { path: this.path, seen });
    this.#end(this.#gone(seen, cause));
  }

  #end(error?: ToolkitError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reason = error;
    this.#failWrite(error ?? this.#closedError());
    this.#socket.destroy();
    this.#tell(() => {
      if (error) this.#closed.emit(error);
      else this.#closed.emit();
    });
  }

  /** A listener's error is its own: it must not end the line. */
  #tell(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      this.#log.error("tcp.listener-failed", { path: this.path, seen: String(error) });
    }
  }

  #closedError(): ToolkitError {
    return fail("link-lost", `The connection to ${this.path} is closed.`);
  }

  #gone(seen: string, cause?: unknown): ToolkitError {
    const data = { seen, verdict: gatewayVerdict(this.path, seen) };
    return fail("link-lost", `The gateway ${this.path} is gone: ${seen}.`, {
      data,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

import type { ToolkitError } from "./errors.ts";
import { fail } from "./errors.ts";
import { Listeners } from "./listeners.ts";

/** A byte line: serial adapter, pseudo-terminal, TCP gateway or a pair in memory. 8N1, no flow control. */
export interface Port {
  /** What a person calls it: `/dev/ttyUSB0`, `COM3`, `training`. */
  readonly path: string;
  /** Present rate in bit/s. */
  readonly baud: number;
  /** Hands bytes to the line. Resolves when the system says they are out (which some systems say too early). */
  write(bytes: Uint8Array): Promise<void>;
  /** Changes the rate. What is still in the buffers may be damaged. */
  setBaud(baud: number): Promise<void>;
  /** Received bytes, in order. Returns the way to stop listening. */
  onData(fn: (chunk: Uint8Array) => void): () => void;
  /** Called once: without an error after `close()`, with `link-lost` when the line went away by itself. */
  onClose(fn: (error?: ToolkitError) => void): () => void;
  /** Gives the line back. Safe to call twice. */
  close(): Promise<void>;
}

/** Two joined ports in memory: what one writes the other receives at once. For tests and as the base of `sim/line`. */
export function portPair(pathA = "pair-a", pathB = "pair-b", baud = 9600): [MemoryPort, MemoryPort] {
  const a = new MemoryPort(pathA, baud);
  const b = new MemoryPort(pathB, baud);
  a.onSend = (bytes) => {
    b.deliver(bytes);
  };
  b.onSend = (bytes) => {
    a.deliver(bytes);
  };
  return [a, b];
}

/** One end of a line in memory. Its owner decides in `onSend` where written bytes go and feeds `deliver`. */
export class MemoryPort implements Port {
  readonly path: string;
  baud: number;
  /** Takes what was written; may return a promise that ends when the bytes are out. */
  onSend: (bytes: Uint8Array) => void | Promise<void> = () => undefined;
  #closed = false;
  readonly #data = new Listeners<[Uint8Array]>();
  readonly #close = new Listeners<[ToolkitError?]>();

  constructor(path: string, baud: number) {
    this.path = path;
    this.baud = baud;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw fail("link-lost", `The port ${this.path} is closed.`);
    await this.onSend(bytes.slice());
  }

  setBaud(baud: number): Promise<void> {
    this.baud = baud;
    return Promise.resolve();
  }

  onData(fn: (chunk: Uint8Array) => void): () => void {
    return this.#data.add(fn);
  }

  onClose(fn: (error?: ToolkitError) => void): () => void {
    return this.#close.add(fn);
  }

  /** Bytes that arrive from the far end. Ignored when closed. */
  deliver(bytes: Uint8Array): void {
    if (!this.#closed) this.#data.emit(bytes);
  }

  /** The cable is pulled: like a lost adapter. */
  hangUp(): void {
    this.#end(fail("link-lost", `The adapter ${this.path} is gone.`));
  }

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  #end(error?: ToolkitError): void {
    if (this.#closed) return;
    this.#closed = true;
    if (error) this.#close.emit(error);
    else this.#close.emit();
  }
}

import type { Clock } from "../lib/clock.ts";
import { Listeners } from "../lib/listeners.ts";
import { encodeFrame, MARK, type Frame } from "./frame.ts";
import { isKeyset, KeysetGuard } from "./keyset-guard.ts";
import { StreamCutter, type Piece } from "./stream-cutter.ts";
import type { TracePiece } from "./wire.ts";

/** One piece of a recorded line. */
export interface CaptureRecord {
  /** As OSDP captures name it, seen from the panel: `output` = we sent, `input` = we received, `trace` = overheard. */
  io: "input" | "output" | "trace";
  /** Of its first byte, ms since 1970, fractions allowed. */
  wallMs: number;
  bytes: Uint8Array;
  /** A key stood here: the bytes that could give it away are zero. */
  masked: boolean;
}

/** How a line is recorded. */
export interface CaptureOptions {
  clock: Pick<Clock, "now" | "wallTime">;
  /**
   * `panel`: we are in charge, and no KEYSET is kept, sealed or not. `tap`: we only listen; a KEYSET sealed under a key
   * of the device's own stays as it was, for those who hold that key.
   */
  role: "panel" | "tap";
  /** What the ring holds at most: bytes (each record counts 64 more), and ms. Default 4 MiB and 5 minutes. */
  maxBytes?: number;
  maxAgeMs?: number;
}

const recordCost = 64;
/** A pause after which nothing that was begun goes on; generous, as adapters hand bytes over late. */
const pauseMs = 150;

/**
 * Records every byte of a line with its time: into a ring of the last minutes, and to whoever listens. Keys are blotted
 * out before anything is kept. Never throws.
 */
export class LineCapture {
  readonly #options: Required<CaptureOptions>;
  readonly #wallStart: number;
  readonly #cutters = { sent: new StreamCutter(), received: new StreamCutter() };
  readonly #guard = new KeysetGuard();
  readonly #records = new Listeners<[CaptureRecord]>();
  #ring: CaptureRecord[] = [];
  /** Records before this one are dropped; the list is shortened now and then. */
  #head = 0;
  #ringBytes = 0;
  #last: TracePiece | null = null;

  constructor(options: CaptureOptions) {
    this.#options = { maxBytes: 4 * 1024 * 1024, maxAgeMs: 300_000, ...options };
    this.#wallStart = options.clock.wallTime() - options.clock.now();
  }

  /** Bytes that the ring holds. */
  get heldBytes(): number {
    return this.#ringBytes;
  }

  /** Takes the next bytes of the line, from a wire's trace or a tapped port. */
  take(piece: TracePiece): void {
    const last = this.#last;
    if (last && (last.direction !== piece.direction || piece.at - last.at > pauseMs)) this.settle();
    this.#last = piece;
    const { direction, at, bytes } = piece;
    this.#keepAll(direction, this.#cutters[direction].push(bytes, at));
  }

  /** Takes in what still waited for its end. */
  settle(): void {
    for (const direction of ["sent", "received"] as const) {
      this.#keepAll(direction, this.#cutters[direction].gap());
    }
  }

  /** The last minutes, oldest first. */
  records(): readonly CaptureRecord[] {
    this.settle();
    return this.#ring.slice(this.#head);
  }

  /** Hears every record as it becomes certain. Returns the way to leave. */
  onRecord(fn: (record: CaptureRecord) => void): () => void {
    return this.#records.add(fn);
  }

  #keepAll(direction: TracePiece["direction"], pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      const io = this.#options.role === "tap" ? "trace" : direction === "sent" ? "output" : "input";
      const wallMs = this.#wallStart + piece.at;
      this.#keep({ io, wallMs, ...this.#withoutKey(piece) });
    }
  }

  #keep(record: CaptureRecord): void {
    this.#ring.push(record);
    this.#ringBytes += record.bytes.length + recordCost;
    this.#dropOld(record.wallMs - this.#options.maxAgeMs);
    this.#records.emit(record);
  }

  #dropOld(tooOldMs: number): void {
    for (let old = this.#ring[this.#head]; old; old = this.#ring[this.#head]) {
      if (this.#ringBytes <= this.#options.maxBytes && old.wallMs >= tooOldMs) break;
      this.#ringBytes -= old.bytes.length + recordCost;
      this.#head += 1;
    }
    if (this.#head < 1024 || this.#head * 2 < this.#ring.length) return;
    this.#ring = this.#ring.slice(this.#head);
    this.#head = 0;
  }

  /** What cannot be read while a session runs under the factory key may hold a sealed key, readable by all. */
  #withoutKey(piece: Piece): Pick<CaptureRecord, "bytes" | "masked"> {
    if (piece.type === "other") {
      if (piece.bytes.some((byte) => byte !== MARK)) this.#guard.disturbed();
      const masked = piece.keyset || this.#guard.exposed;
      return { bytes: masked ? new Uint8Array(piece.bytes.length) : piece.bytes, masked };
    }
    this.#guard.see(piece.frame);
    const hide = this.#options.role === "panel" ? isKeyset(piece.frame) : this.#guard.readable(piece.frame);
    return hide ? { bytes: blotted(piece.frame, piece.bytes), masked: true } : { bytes: piece.bytes, masked: false };
  }
}

/** The frame without its data and MAC, with a good check, so that it still reads as what it was. */
function blotted(frame: Frame, marked: Uint8Array): Uint8Array {
  const mac = frame.mac ? new Uint8Array(frame.mac.length) : null;
  const bytes = encodeFrame({ ...frame, data: new Uint8Array(frame.data.length), mac });
  const whole = new Uint8Array(marked.length).fill(MARK);
  whole.set(bytes, marked.length - bytes.length);
  return whole;
}

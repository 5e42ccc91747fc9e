import { concatBytes } from "../lib/bytes.ts";
import { ByteTimes } from "./byte-times.ts";
import { MARK, MAX_FRAME_BYTES, type Frame } from "./frame.ts";
import { isKeyset } from "./keyset-guard.ts";
import { FrameParser, type ParserEvent } from "./parser.ts";

/** Bytes outside frames are given out at the latest when so many wait. */
const maxWaitingBytes = 4 * MAX_FRAME_BYTES;
/** Bytes outside frames that came further apart than this are pieces of their own. */
const apartMs = 10;

/** A piece of the stream, `at` = when its first byte arrived. All pieces together are the stream, byte for byte. */
export type Piece =
  /** One good frame; `bytes` begins with its marks. */
  | { type: "frame"; at: number; bytes: Uint8Array; frame: Frame }
  /** Anything else. `keyset`: a KEYSET with a bad check is in it. */
  | { type: "other"; at: number; bytes: Uint8Array; keyset: boolean };

/** Cuts one direction of a line into whole frames and the rest. Loses no byte, marks included; holds a bounded tail. */
export class StreamCutter {
  readonly #parser = new FrameParser();
  readonly #times = new ByteTimes();
  #raw: Uint8Array = new Uint8Array(0);
  /** Place of the first byte that waits. */
  #from = 0;
  #keyset = false;

  /** True while bytes wait for what comes after them. */
  get waiting(): boolean {
    return this.#raw.length > 0;
  }

  /** Takes the next bytes and gives the pieces that became certain. */
  push(chunk: Uint8Array, at: number): Piece[] {
    this.#times.note(chunk.length, at);
    this.#raw = concatBytes(this.#raw, chunk);
    const pieces = this.#cut(this.#parser.push(chunk));
    const surplus = this.#raw.length - MAX_FRAME_BYTES;
    return this.#raw.length > maxWaitingBytes ? [...pieces, ...this.#rest(this.#from + surplus)] : pieces;
  }

  /** The line was silent, or its direction turned: all that waits is given out. */
  gap(): Piece[] {
    const pieces = this.#cut(this.#parser.gap());
    return [...pieces, ...this.#rest(this.#from + this.#raw.length)];
  }

  #cut(events: readonly ParserEvent[]): Piece[] {
    const pieces: Piece[] = [];
    for (const event of events) {
      if (event.type === "damaged" && event.frame && isKeyset(event.frame)) this.#keyset = true;
      if (event.type !== "frame") continue;
      pieces.push(...this.#rest(this.#markBefore(event.at)));
      const at = this.#times.at(this.#from);
      pieces.push({ type: "frame", at, bytes: this.#take(event.at + event.bytes.length), frame: event.frame });
    }
    return pieces;
  }

  /** Where the marks in front of `place` begin. */
  #markBefore(place: number): number {
    let start = place;
    while (start > this.#from && this.#raw[start - this.#from - 1] === MARK) start -= 1;
    return start;
  }

  /** What waits before `to`, as pieces outside frames. */
  #rest(to: number): Piece[] {
    const keyset = this.#keyset;
    this.#keyset = false;
    if (to <= this.#from) return [];
    return this.#times.split(this.#from, to, apartMs).map((part) => {
      const at = this.#times.at(part.from);
      return { type: "other", at, bytes: this.#take(part.to), keyset };
    });
  }

  #take(to: number): Uint8Array {
    const bytes = this.#raw.slice(0, to - this.#from);
    this.#raw = this.#raw.slice(bytes.length);
    this.#from = to;
    return bytes;
  }
}

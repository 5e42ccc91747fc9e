import { checkIsGood, decodeFrame, MARK, MAX_FRAME_BYTES, MIN_FRAME_BYTES, SOM, type Frame } from "./frame.ts";

/** What the parser found, in stream order. `at` counts bytes since the parser was made. Nothing is swallowed. */
export type ParserEvent =
  | { type: "frame"; at: number; bytes: Uint8Array; frame: Frame }
  /** A candidate of full length whose check or inner lengths are wrong; the search goes on one byte after its start. */
  | { type: "damaged"; at: number; bytes: Uint8Array; frame: Frame | null }
  /** Bytes that belong to no frame. Marks in front of a frame and on an idle line are not noise. */
  | { type: "noise"; at: number; bytes: Uint8Array };

/**
 * Cuts a byte stream into frames (OSDP v2.2, 5.9; robust form: on a bad check one byte is skipped and the search goes on
 * inside what was read). Holds at most one frame and one chunk. Never throws. Knows no time: its owner calls `gap()` when
 * the line has been silent for longer than a frame may pause.
 */
export class FrameParser {
  /** A candidate longer than this cannot be meant; lower it while only short replies can come. */
  maxFrameBytes: number;
  #buffer = new Uint8Array(0);
  #start = 0;
  #noise: number[] = [];

  constructor(maxFrameBytes = MAX_FRAME_BYTES) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** True while a begun frame waits for more bytes. */
  get pending(): boolean {
    return this.#buffer.length > 0;
  }

  /** Takes the next bytes and tells what became certain. */
  push(chunk: Uint8Array): ParserEvent[] {
    const joined = new Uint8Array(this.#buffer.length + chunk.length);
    joined.set(this.#buffer);
    joined.set(chunk, this.#buffer.length);
    this.#buffer = joined;
    return this.#scan(false);
  }

  /** The line was silent: what is unfinished will not be finished. Whole frames inside it are still delivered. */
  gap(): ParserEvent[] {
    return this.#scan(true);
  }

  #scan(final: boolean): ParserEvent[] {
    const events: ParserEvent[] = [];
    const bytes = this.#buffer;
    let at = 0;
    while (at < bytes.length) {
      const step = this.#look(bytes, at, final, events);
      if (step === 0) break;
      at += step;
    }
    this.#buffer = bytes.slice(at);
    this.#start += at;
    if (this.#buffer.length === 0 || final || this.#noise.length >= MAX_FRAME_BYTES)
      this.#endNoise(this.#start, events);
    return events;
  }

  /** Looks at one place: 0 = need more, else how many bytes to go on. */
  #look(bytes: Uint8Array, at: number, final: boolean, events: ParserEvent[]): number {
    if (bytes[at] !== SOM) return this.#skip(bytes[at] as number);
    if (bytes.length - at < 4) return final ? this.#skip(SOM) : 0;
    const length = (bytes[at + 2] as number) + (bytes[at + 3] as number) * 256;
    if (length < MIN_FRAME_BYTES || length > this.maxFrameBytes) return this.#skip(SOM);
    if (bytes.length - at < length) return final ? this.#skip(SOM) : 0;
    const candidate = bytes.slice(at, at + length);
    const place = this.#start + at;
    const frame = decodeFrame(candidate);
    if (frame && checkIsGood(candidate)) {
      this.#endNoise(place, events);
      events.push({ type: "frame", at: place, bytes: candidate, frame });
      return length;
    }
    this.#endNoise(place, events);
    events.push({ type: "damaged", at: place, bytes: candidate, frame });
    return this.#skip(SOM);
  }

  #skip(byte: number): number {
    this.#noise.push(byte);
    return 1;
  }

  /** Tells the noise that ends before `place`; marks at its end, or nothing but marks, are dropped. */
  #endNoise(place: number, events: ParserEvent[]): void {
    const noise = this.#noise;
    const from = place - noise.length;
    let count = noise.length;
    while (count > 0 && noise[count - 1] === MARK) count -= 1;
    if (count > 0) events.push({ type: "noise", at: from, bytes: Uint8Array.from(noise.slice(0, count)) });
    this.#noise = [];
  }
}

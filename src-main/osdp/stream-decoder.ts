import type { Frame } from "./frame.ts";
import { FrameParser, type ParserEvent } from "./parser.ts";

/** One thing found in a recorded stream. A damaged frame is told only when no good frame starts inside it. */
export type StreamItem =
  | { type: "frame"; at: number; bytes: Uint8Array; frame: Frame; ok: boolean }
  | { type: "noise"; at: number; bytes: Uint8Array };

/**
 * Turns a recorded byte stream into items in stream order, each byte in one item at most (marks are in none). A candidate
 * with a bad check is held back until all that may start inside it is known.
 */
export class StreamDecoder {
  readonly #parser = new FrameParser();
  #held: Extract<ParserEvent, { type: "damaged" }> | null = null;
  #heldNoise: Extract<ParserEvent, { type: "noise" }>[] = [];

  /** Takes the next bytes, in any chunks. */
  push(chunk: Uint8Array): StreamItem[] {
    return this.#parser.push(chunk).flatMap((event) => this.#take(event));
  }

  /** The stream is at its end, or a pause makes sure that nothing begun goes on. */
  end(): StreamItem[] {
    const items = this.#parser.gap().flatMap((event) => this.#take(event));
    return [...items, ...this.#release()];
  }

  #take(event: ParserEvent): StreamItem[] {
    const held = this.#held;
    const inside = held !== null && event.at < held.at + held.bytes.length;
    switch (event.type) {
      case "frame": {
        const before = inside ? this.#dropHeld() : this.#release();
        return [...before, { ...event, ok: true }];
      }
      case "damaged": {
        if (inside) return [];
        const before = this.#release();
        this.#held = event;
        return before;
      }
      case "noise": {
        if (held === null) return [event];
        this.#heldNoise.push(event);
        return [];
      }
    }
  }

  /** The held candidate was not one: its bytes were noise. */
  #dropHeld(): StreamItem[] {
    const noise = this.#heldNoise;
    this.#held = null;
    this.#heldNoise = [];
    return noise;
  }

  /** Tells the held candidate, and the noise behind its end. */
  #release(): StreamItem[] {
    const held = this.#held;
    if (!held) return [];
    const end = held.at + held.bytes.length;
    const noise = this.#dropHeld().flatMap((item) => {
      const from = Math.max(0, end - item.at);
      return from >= item.bytes.length ? [] : [{ ...item, at: item.at + from, bytes: item.bytes.slice(from) }];
    });
    if (!held.frame) return [{ type: "noise", at: held.at, bytes: held.bytes }, ...noise];
    return [{ type: "frame", at: held.at, bytes: held.bytes, frame: held.frame, ok: false }, ...noise];
  }
}

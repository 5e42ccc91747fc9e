import type { ParserEvent } from "./parser.ts";

/** So many unsolicited bytes within the window mean another sender. Fewer may be a glitch of the line. */
const foreignBytes = 3;
const windowMs = 10_000;
/** So much rubbish around an otherwise good reply is more than a glitch of the turn-around (libosdp bears three bytes) ... */
const rubbishBytes = 4;
/** ... and so many such exchanges within the window mean that somebody talks into them. */
const rubbishExchanges = 2;
/** After a failed exchange, late and doubled replies are expected for so long. */
const lateMs = 1000;
/** A reply's own tail and turn-around glitches after a good exchange, on top of the adapter's latency. */
const settleMs = 5;

/**
 * Decides whether what was heard comes from another master (an RS485 line has one). A whole command frame that is not our
 * own echo is proof; so are bytes while nobody was asked and no late reply can be on its way. Replies are no proof: they
 * may be late.
 */
export class ForeignWatch {
  readonly #latencyMs: number;
  #quietFrom = Number.NEGATIVE_INFINITY;
  #heard: { at: number; count: number }[] = [];
  #rubbish: { at: number; count: number }[] = [];
  #failedAt = Number.NEGATIVE_INFINITY;

  /** `latencyMs`: how late the adapter may hand over what it heard. */
  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  /**
   * An exchange ended; `failed` when no good reply came, so that one may still come. Gives why the rubbish heard in it shows
   * another master, or null. After a failure rubbish may be a late reply, damaged on its way: it proves nothing then.
   */
  exchangeEnded(at: number, failed: boolean, rubbish = 0): string | null {
    this.#quietFrom = Math.max(this.#quietFrom, at + (failed ? lateMs : settleMs) + this.#latencyMs);
    if (failed) this.#failedAt = at;
    if (failed || rubbish < rubbishBytes || at - this.#failedAt < lateMs + this.#latencyMs) return null;
    this.#rubbish = [...this.#rubbish.filter((piece) => at - piece.at < windowMs), { at, count: rubbish }];
    return this.#rubbish.length >= rubbishExchanges ? "bytes in between our own exchanges" : null;
  }

  /** Why this event shows another master, or null. `asking` while one of our commands waits for its reply. */
  judge(event: ParserEvent, now: number, asking: boolean): string | null {
    if (event.type === "frame") return event.frame.reply ? null : "a command that we did not send";
    if (asking || now < this.#quietFrom) return null;
    this.#heard = this.#heard.filter((piece) => now - piece.at < windowMs);
    this.#heard.push({ at: now, count: event.bytes.length });
    const total = this.#heard.reduce((sum, piece) => sum + piece.count, 0);
    return total >= foreignBytes ? "bytes while nobody was asked" : null;
  }
}

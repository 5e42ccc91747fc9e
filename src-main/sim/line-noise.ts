import { trialsToHit, type Random } from "./prng.ts";

/** Noise of a line. Rates are probabilities: an error a data bit, a loss a byte. */
export interface LineFaults {
  bitErrorRate: number;
  byteLossRate: number;
}

/** What happened on one way of a line, in bytes; `damagedBits` in bits. */
export interface LaneCounters {
  sentBytes: number;
  deliveredBytes: number;
  lostBytes: number;
  damagedBits: number;
  /** Read at another rate than sent. */
  garbledBytes: number;
  /** Damaged because both ends sent. */
  collidedBytes: number;
  /** Sent while the cable was pulled. */
  cutBytes: number;
}

/** All counters at zero. */
export function freshCounters(): LaneCounters {
  return {
    sentBytes: 0,
    deliveredBytes: 0,
    lostBytes: 0,
    damagedBits: 0,
    garbledBytes: 0,
    collidedBytes: 0,
    cutBytes: 0,
  };
}

/** Damages bytes by rate. Counts down to the next hit, so that a quiet line costs nothing. */
export class Noise {
  readonly #random: Random;
  #faults: LineFaults = { bitErrorRate: 0, byteLossRate: 0 };
  #goodBits = Infinity;
  #goodBytes = Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  set(faults: LineFaults): void {
    this.#faults = faults;
    this.#goodBits = trialsToHit(this.#random, faults.bitErrorRate);
    this.#goodBytes = trialsToHit(this.#random, faults.byteLossRate);
  }

  /** The bytes as they arrive: lost ones left out, damaged ones changed. */
  apply(bytes: Uint8Array, counters: LaneCounters): Uint8Array {
    if (this.#goodBytes >= bytes.length && this.#goodBits >= bytes.length * 8) {
      this.#goodBytes -= bytes.length;
      this.#goodBits -= bytes.length * 8;
      return bytes;
    }
    const arrived: number[] = [];
    for (const byte of bytes) {
      if (this.#loses()) counters.lostBytes += 1;
      else arrived.push(this.#damage(byte, counters));
    }
    return Uint8Array.from(arrived);
  }

  /** As many random bytes as a receiver at `ratio` times the sender's rate would make of `count`. */
  garble(count: number, ratio: number): Uint8Array {
    const seen = Math.max(1, Math.round(count * Math.min(ratio, 4)));
    return Uint8Array.from({ length: seen }, () => Math.floor(this.#random() * 256));
  }

  #loses(): boolean {
    if (this.#goodBytes > 0) {
      this.#goodBytes -= 1;
      return false;
    }
    this.#goodBytes = trialsToHit(this.#random, this.#faults.byteLossRate);
    return true;
  }

  #damage(byte: number, counters: LaneCounters): number {
    let result = byte;
    for (let bit = 0; bit < 8; bit++) {
      if (this.#goodBits > 0) this.#goodBits -= 1;
      else {
        result ^= 1 << bit;
        counters.damagedBits += 1;
        this.#goodBits = trialsToHit(this.#random, this.#faults.bitErrorRate);
      }
    }
    return result;
  }
}

/** How one exchange of a line test ended; the five are never merged. */
export const packetOutcomes = ["received", "timeout", "damaged", "refused", "mismatch"] as const;
/** See {@link packetOutcomes}. `refused`: an undamaged NAK or BUSY. `mismatch`: another reply or identity than asked for. */
export type PacketOutcome = (typeof packetOutcomes)[number];

/** How often each outcome came. */
export type PacketCounts = Record<PacketOutcome, number>;

/** What a line test of one rate says. Rates of loss are shares of all packets, 0..1. */
export interface QualityVerdict {
  /** Never an acceptance with fewer than {@link acceptancePackets}. */
  kind: "screening" | "acceptance";
  verdict: "pass" | "marginal" | "fail";
  packets: number;
  /** Packets that were not answered as asked: timeout, damaged, mismatch. */
  lost: number;
  lossRate: number;
  /** With 95 % confidence the true rate of loss is at most this. */
  upTo: number;
  /** With 95 % confidence the true rate of loss is at least this. */
  atLeast: number;
}

/** A test of fewer packets is a screening, whatever its result. */
export const acceptancePackets = 3000;
/** The highest true rate of loss that passes. A repeat heals one packet in a hundred unseen; a hand-over asks for more. */
export const lossLimits = { screening: 0.01, acceptance: 0.002 } as const;

const confidenceLeft = 0.05;

/** No packet yet. */
export function noPackets(): PacketCounts {
  return { received: 0, timeout: 0, damaged: 0, refused: 0, mismatch: 0 };
}

/** All of them. */
export function packetsOf(counts: PacketCounts): number {
  return packetOutcomes.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/**
 * The verdict: `pass` when the true rate of loss is at most the limit with 95 % confidence, `fail` when it is above it with
 * 95 % confidence or any mismatch came, `marginal` when so many packets cannot tell. A refusal went over the line
 * undamaged both ways and is no loss.
 */
export function judgeQuality(counts: PacketCounts): QualityVerdict {
  const packets = packetsOf(counts);
  const lost = counts.timeout + counts.damaged + counts.mismatch;
  const kind = packets >= acceptancePackets ? "acceptance" : "screening";
  const [upTo, atLeast] = [lossUpTo(lost, packets), lossAtLeast(lost, packets)];
  const limit = lossLimits[kind];
  const verdict = counts.mismatch > 0 || atLeast > limit ? "fail" : upTo <= limit ? "pass" : "marginal";
  return { kind, verdict, packets, lost, lossRate: packets === 0 ? 0 : lost / packets, upTo, atLeast };
}

/**
 * One-sided upper 95 % bound of the rate of loss: 3/N without a loss ("rule of three", a little above the exact
 * 1 - 0.05^(1/N)), else exact (Clopper and Pearson 1934). 1 without packets.
 */
export function lossUpTo(lost: number, packets: number): number {
  if (lost >= packets) return 1;
  return lost === 0 ? Math.min(1, 3 / packets) : exactUpTo(lost, packets);
}

/** One-sided lower 95 % bound, exact. 0 without a loss. */
export function lossAtLeast(lost: number, packets: number): number {
  if (lost <= 0 || packets <= 0) return 0;
  return 1 - exactUpTo(packets - lost, packets);
}

/** The rate at which `lost` or fewer of `packets` come with 5 % probability. */
function exactUpTo(lost: number, packets: number): number {
  if (lost >= packets) return 1;
  let [low, high] = [lost / packets, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (atMost(lost, packets, middle) > confidenceLeft) low = middle;
    else high = middle;
  }
  return high;
}

/** P(X <= lost) of a binomial distribution, summed in logarithms so that nothing underflows. */
function atMost(lost: number, packets: number, rate: number): number {
  if (rate >= 1) return lost >= packets ? 1 : 0;
  const odds = Math.log(rate) - Math.log1p(-rate);
  let term = packets * Math.log1p(-rate);
  let sum = Math.exp(term);
  for (let i = 0; i < lost; i++) {
    term += Math.log((packets - i) / (i + 1)) + odds;
    sum += Math.exp(term);
  }
  return sum;
}

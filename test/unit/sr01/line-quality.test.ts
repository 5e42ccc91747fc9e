import { describe, expect, test } from "vitest";
import {
  acceptancePackets,
  judgeQuality,
  lossAtLeast,
  lossUpTo,
  noPackets,
  type PacketCounts,
} from "../../../src-main/sr01/line-quality.ts";

const counts = (change: Partial<PacketCounts>): PacketCounts => ({ ...noPackets(), ...change });

describe("bounds of a rate of loss", () => {
  // Clopper-Pearson, one-sided 95 %, from published tables (e.g. 1 of 10: 39.4 %, 5 of 100: 10.2 %).
  test.each([
    { lost: 0, packets: 100, upTo: 0.03, atLeast: 0 },
    { lost: 0, packets: 3000, upTo: 0.001, atLeast: 0 },
    { lost: 1, packets: 10, upTo: 0.3942, atLeast: 0.0051 },
    { lost: 5, packets: 100, upTo: 0.1023, atLeast: 0.0199 },
    { lost: 10, packets: 10, upTo: 1, atLeast: 0.7411 },
    { lost: 0, packets: 0, upTo: 1, atLeast: 0 },
  ])("$lost of $packets: at most $upTo, at least $atLeast", ({ lost, packets, upTo, atLeast }) => {
    expect(lossUpTo(lost, packets)).toBeCloseTo(upTo, 4);
    expect(lossAtLeast(lost, packets)).toBeCloseTo(atLeast, 4);
  });

  test("large tests neither underflow nor take long", () => {
    expect(lossUpTo(50_000, 100_000)).toBeCloseTo(0.5026, 3);
    expect(lossAtLeast(50_000, 100_000)).toBeCloseTo(0.4974, 3);
  });

  test("one loss more is never a lower bound", () => {
    for (let lost = 1; lost <= 50; lost++) expect(lossUpTo(lost, 50)).toBeGreaterThan(lossUpTo(lost - 1, 50) - 1e-12);
  });
});

describe("verdicts", () => {
  test.each<{ name: string; counts: PacketCounts; kind: string; verdict: string }>([
    { name: "299 good ones cannot tell", counts: counts({ received: 299 }), kind: "screening", verdict: "marginal" },
    { name: "300 good ones pass a screening", counts: counts({ received: 300 }), kind: "screening", verdict: "pass" },
    {
      name: "one less than needed is a screening however good",
      counts: counts({ received: acceptancePackets - 1 }),
      kind: "screening",
      verdict: "pass",
    },
    {
      name: "an acceptance",
      counts: counts({ received: acceptancePackets }),
      kind: "acceptance",
      verdict: "pass",
    },
    {
      name: "what passes a screening may not pass an acceptance",
      counts: counts({ received: 2995, timeout: 5 }),
      kind: "acceptance",
      verdict: "marginal",
    },
    {
      name: "refusals went over the line undamaged",
      counts: counts({ received: 200, refused: 100 }),
      kind: "screening",
      verdict: "pass",
    },
    {
      name: "one wrong answer fails",
      counts: counts({ received: 299, mismatch: 1 }),
      kind: "screening",
      verdict: "fail",
    },
    {
      name: "surely above the limit",
      counts: counts({ received: 280, timeout: 10, damaged: 10 }),
      kind: "screening",
      verdict: "fail",
    },
    { name: "nobody there", counts: counts({ timeout: 20 }), kind: "screening", verdict: "fail" },
    { name: "nothing sent", counts: noPackets(), kind: "screening", verdict: "marginal" },
  ])("$name: $verdict ($kind)", ({ counts: given, kind, verdict }) => {
    expect(judgeQuality(given)).toMatchObject({ kind, verdict });
  });
});

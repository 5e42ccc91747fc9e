import type { Evidence } from "./evidence.ts";
import { findings, ownTest, pairTests, suspects, type SplitTest, type Suspect } from "./wiring-rules.ts";

/** Below this nobody is named: "not enough evidence". */
export const enoughWeight = 50;
/** The first must be so far ahead of the second. */
const clearLead = 15;
/** Weaker suspicions are not shown. */
const leastWeight = 10;

/** A suspect with what speaks for it; `because` are codes of findings. */
export interface RankedSuspect {
  suspect: Suspect;
  weight: number;
  because: string[];
}

/** What the evidence says. */
export interface Diagnosis {
  /** `healthy`: the unit answers and nothing speaks against the line. `not-enough`: nobody is named. */
  verdict: "healthy" | "suspect" | "not-enough";
  /** Strongest first; with `not-enough` possibilities, none of them named. */
  suspects: RankedSuspect[];
  /** Codes of the findings that hold. */
  findings: string[];
  /** The one test that splits the first two; null when healthy. */
  nextTest: SplitTest | null;
  /** Nothing that is OSDP was heard: the first sentence is that a factory SR01 speaks none as far as is known. */
  factoryHint: boolean;
}

/** Weighs the evidence. A suspect is named with weight 50 and a lead of 15, else there is not enough evidence. */
export function weigh(evidence: Evidence): Diagnosis {
  const holding = findings.filter((finding) => finding.holds(evidence));
  const ranked = suspects
    .map((suspect): RankedSuspect => {
      const about = holding.filter((finding) => finding.weighs[suspect] !== undefined);
      const weight = about.reduce((sum, finding) => sum + (finding.weighs[suspect] ?? 0), 0);
      return { suspect, weight, because: about.map((finding) => finding.code) };
    })
    .filter(({ weight }) => weight >= leastWeight)
    .sort((a, b) => b.weight - a.weight);
  const [first, second] = ranked;
  const named =
    first !== undefined && first.weight >= enoughWeight && first.weight - (second?.weight ?? 0) >= clearLead;
  const verdict = named ? "suspect" : works(evidence) && ranked.length === 0 ? "healthy" : "not-enough";
  return {
    verdict,
    suspects: ranked,
    findings: holding.map((finding) => finding.code),
    nextTest: verdict === "healthy" ? null : nextTest(evidence, first?.suspect, second?.suspect),
    factoryHint: !osdpSeen(evidence) && (!named || first.suspect === "other-protocol"),
  };
}

function nextTest({ mode }: Evidence, first?: Suspect, second?: Suspect): SplitTest {
  if (!first) return mode === "listening" ? "phone-page" : "measure-12v";
  const pair = pairTests.find(({ pair: [a, b] }) => (a === first && b === second) || (a === second && b === first));
  return pair?.test ?? ownTest[first];
}

/** The unit answers, or is heard answering. */
function works({ mode, listened, asked }: Evidence): boolean {
  if (mode === "listening") return listened.commands > 0 && listened.replies > 0;
  return asked !== null && asked.received > 0 && (asked.timeout + asked.damaged + asked.mismatch) * 20 < asked.packets;
}

function osdpSeen({ listened: l, asked, elsewhere }: Evidence): boolean {
  const answered = asked !== null && asked.received + asked.refused + asked.mismatch + asked.damaged > 0;
  return (
    l.commands + l.replies > 0 ||
    l.framesAtBaud !== null ||
    l.inverted ||
    answered ||
    (elsewhere !== null && elsewhere.baud !== null)
  );
}

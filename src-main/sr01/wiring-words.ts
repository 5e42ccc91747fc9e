import type { Diagnosis } from "./suspects.ts";
import type { SplitTest, Suspect } from "./wiring-rules.ts";

/** The first sentence when nothing that is OSDP was heard. */
export const factorySentence = "A factory SR01 does not speak OSDP as far as is known; the wiring may be right.";

/** Each suspect as an English sentence. */
export const suspectSentences: Readonly<Record<Suspect, string>> = {
  swapped: "A and B are swapped.",
  "wrong-rate": "The speed is not the one that is spoken on this line.",
  "wrong-address": "The unit has another address.",
  "no-termination": "The line is not terminated: reflections spoil bits, the more the faster.",
  "no-common-ground": "Adapter and unit have no common ground, or something strong disturbs the cable.",
  "another-master": "Somebody else is in charge of this line, most likely the door phone.",
  "other-protocol": factorySentence,
  "paired-elsewhere":
    "The unit holds a key that is not ours: it belongs to its door phone, it can be named, not driven.",
  "no-power": "The unit has no power.",
  adapter: "The adapter does not switch between sending and receiving as it must, or something holds the line.",
};

/** Each test as an English order. */
export const testSentences: Readonly<Record<SplitTest, string>> = {
  "swap-a-b": "Swap A and B at the adapter, only there, and look again.",
  "listen-other-rates": "Look again at the speed that was heard.",
  "scan-on-bench": "Put the unit alone on the bench and scan all speeds and addresses.",
  "add-termination": "Put 120 ohm across A and B at both ends of the line and look again.",
  "join-ground": "Join the grounds of adapter and unit, and look again.",
  "take-phone-off": "Take the door phone's A and B off the line and look again.",
  "phone-page": "Look at the door phone's own page: Device > RS485, Security > Security Relay.",
  "pair-on-bench": "Name it with identify; to drive it from here it must be reset and paired on the bench.",
  "measure-12v": "Measure the 12 V at the SR01's own terminals and type in what you read.",
  "second-adapter": "Listen with a second adapter on A and B while the first one asks.",
  "line-quality-at-each-rate":
    "Measure the line at each speed: what grows with the speed is termination, what does not is ground.",
};

/** A diagnosis in English sentences, the most important first. */
export function diagnosisSentences({ verdict, suspects, nextTest, factoryHint }: Diagnosis): string[] {
  if (verdict === "healthy") return ["The unit answers; nothing speaks against the line."];
  const first = suspects[0];
  const named =
    verdict === "suspect" && first ? suspectSentences[first.suspect] : "Not enough evidence to name a fault.";
  const hint = factoryHint && named !== factorySentence ? [factorySentence] : [];
  return [...hint, named, ...(nextTest ? [`Next: ${testSentences[nextTest]}`] : [])];
}

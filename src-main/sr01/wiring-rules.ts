import type { Evidence } from "./evidence.ts";

/** Whom a fault of the line can be laid to. */
export const suspects = [
  "swapped",
  "wrong-rate",
  "wrong-address",
  "no-termination",
  "no-common-ground",
  "another-master",
  "other-protocol",
  "paired-elsewhere",
  "no-power",
  "adapter",
] as const;
/** See {@link suspects}. */
export type Suspect = (typeof suspects)[number];

/** One step a person can take that tells suspects apart. */
export const splitTests = [
  "swap-a-b",
  "listen-other-rates",
  "scan-on-bench",
  "add-termination",
  "join-ground",
  "take-phone-off",
  "phone-page",
  "pair-on-bench",
  "measure-12v",
  "second-adapter",
  "line-quality-at-each-rate",
] as const;
/** See {@link splitTests}. */
export type SplitTest = (typeof splitTests)[number];

/** Something that the evidence shows. */
export interface Finding {
  code: string;
  holds: (e: Evidence) => boolean;
  /** What it says for (or, below 0, against) each suspect. 100 is proof, 50 enough to name one. */
  weighs: Partial<Record<Suspect, number>>;
}

/** A share of packets below this is no fault of the wiring that can be named from a few packets. */
const lossThatCounts = 0.05;
/** From this rate on reflections of an open end reach into the next bit, bit/s. */
export const fastBaud = 38_400;
/** Below this an SR01 (12 V) is not fed, V. */
const lowVolts = 9;

const mute = (e: Evidence): boolean =>
  e.asked !== null && e.asked.packets > 0 && e.asked.timeout === e.asked.packets && e.asked.rubbish === 0;
const elsewhereBaud = ({ elsewhere }: Evidence): number | null => elsewhere?.baud ?? null;
const elsewhereAddress = ({ elsewhere }: Evidence): number | null => elsewhere?.address ?? null;
const nothingElsewhere = (e: Evidence): boolean => elsewhereBaud(e) === null && elsewhereAddress(e) === null;
const lossy = ({ asked: a }: Evidence): boolean =>
  a !== null && a.received > 0 && (a.timeout + a.damaged) / a.packets >= lossThatCounts;
const silent = (e: Evidence): boolean => mute(e) && nothingElsewhere(e);
const noOsdp = ({ listened: l }: Evidence): boolean => l.commands + l.replies === 0 && l.framesAtBaud === null;
const worseWhenFaster = ({ rates }: Evidence): boolean =>
  rates.some((slow) =>
    rates.some(
      (fast) => fast.baud > slow.baud && fast.lossRate >= lossThatCounts && slow.lossRate * 5 <= fast.lossRate,
    ),
  );
const rubbishOnly = (e: Evidence): boolean =>
  e.listened.bytes > 0 && noOsdp(e) && !e.listened.inverted && !e.listened.structured && !e.listened.onlyBreaks;

/** What follows from what was seen. Weights of several findings add up. */
export const findings: readonly Finding[] = [
  { code: "heard-inverted", holds: (e) => e.listened.inverted, weighs: { swapped: 100 } },
  // An idle line of the wrong polarity reads as break where a bias holds it.
  { code: "heard-breaks", holds: (e) => e.listened.onlyBreaks, weighs: { swapped: 60, "no-common-ground": 20 } },
  {
    code: "heard-commands",
    holds: (e) => e.mode !== "listening" && e.listened.commands > 0,
    weighs: { "another-master": 100 },
  },
  {
    code: "heard-only-commands",
    holds: (e) => e.mode === "listening" && e.listened.commands >= 3 && e.listened.replies === 0,
    weighs: { "no-power": 25, swapped: 20, "wrong-address": 10 },
  },
  {
    code: "heard-at-other-rate",
    holds: (e) => e.mode === "listening" && e.listened.framesAtBaud !== null,
    weighs: { "wrong-rate": 100 },
  },
  {
    code: "heard-at-other-rate-on-our-line",
    holds: (e) => e.mode !== "listening" && e.listened.framesAtBaud !== null,
    weighs: { "another-master": 100, "wrong-rate": 40 },
  },
  {
    code: "heard-other-language",
    holds: (e) => e.listened.structured && noOsdp(e) && !e.listened.inverted,
    weighs: { "other-protocol": 90, "another-master": 40 },
  },
  { code: "heard-rubbish", holds: rubbishOnly, weighs: { "no-common-ground": 55, "no-termination": 20 } },
  {
    code: "foreign-while-asking",
    holds: (e) => e.asked?.foreign === true,
    weighs: { "another-master": 90 },
  },
  {
    code: "no-answer",
    holds: silent,
    weighs: {
      "other-protocol": 20,
      swapped: 15,
      "wrong-rate": 15,
      "wrong-address": 15,
      "no-power": 15,
      adapter: 10,
    },
  },
  {
    code: "echo-clean",
    holds: (e) => e.asked?.echo === "clean",
    weighs: { adapter: -20 },
  },
  {
    code: "echo-damaged",
    holds: ({ asked }) => asked !== null && asked.echo === "damaged" && asked.received * 2 < asked.packets,
    weighs: { adapter: 50, "another-master": 15 },
  },
  {
    code: "answers-rubbish",
    holds: (e) => e.asked !== null && e.asked.received === 0 && e.asked.rubbish >= 3 && e.asked.headless === 0,
    weighs: { "other-protocol": 60, "wrong-rate": 20 },
  },
  {
    code: "replies-without-head",
    holds: (e) => (e.asked?.headless ?? 0) >= 2,
    weighs: { adapter: 90 },
  },
  {
    code: "answers-at-other-rate",
    holds: (e) => ![null, e.baud].includes(elsewhereBaud(e)),
    weighs: { "wrong-rate": 100 },
  },
  {
    code: "answers-at-other-address",
    holds: (e) => ![null, e.address].includes(elsewhereAddress(e)),
    weighs: { "wrong-address": 90 },
  },
  {
    code: "foreign-key",
    holds: (e) => e.keyRefused || (e.asked?.naks.some((nak) => nak === 5 || nak === 6) ?? false),
    weighs: { "paired-elsewhere": 100 },
  },
  {
    code: "single-bits-fast",
    holds: (e) => lossy(e) && slight(e) && e.baud >= fastBaud,
    weighs: { "no-termination": 60, "no-common-ground": 20 },
  },
  {
    code: "single-bits-slow",
    holds: (e) => lossy(e) && slight(e) && e.baud < fastBaud,
    weighs: { "no-common-ground": 25, "no-termination": 20 },
  },
  {
    code: "bursts-of-damage",
    holds: (e) => lossy(e) && heavy(e),
    weighs: { "no-common-ground": 65, "no-termination": 15 },
  },
  { code: "worse-when-faster", holds: worseWhenFaster, weighs: { "no-termination": 60 } },
  {
    code: "no-12v",
    holds: ({ typed }) => typed.voltsAtUnit !== null && typed.voltsAtUnit < lowVolts,
    weighs: { "no-power": 100 },
  },
  {
    code: "12v-there",
    holds: ({ typed }) => typed.voltsAtUnit !== null && typed.voltsAtUnit >= lowVolts,
    weighs: { "no-power": -100 },
  },
  // Nothing is published about LEDs of the SR01: a dark one is a hint, no more.
  { code: "led-off", holds: ({ typed }) => typed.led === "off", weighs: { "no-power": 20 } },
  { code: "led-on", holds: ({ typed }) => typed.led === "on", weighs: { "no-power": -40 } },
  {
    code: "factory-unit",
    holds: (e) => e.typed.factoryUnit === true && (e.asked === null ? noOsdp(e) : e.asked.received === 0),
    weighs: { "other-protocol": 60 },
  },
  {
    code: "second-adapter-deaf",
    holds: ({ typed, asked }) => typed.secondAdapterHears === false && asked !== null,
    weighs: { adapter: 80 },
  },
  {
    code: "commands-arrive",
    holds: (e) => e.typed.secondAdapterHears === true && silent(e),
    weighs: { adapter: -50, swapped: 10 },
  },
  { code: "not-an-rs485-adapter", holds: (e) => e.adapterIsRs485 === false && silent(e), weighs: { adapter: 20 } },
];

function slight({ asked }: Evidence): boolean {
  return asked !== null && asked.slightDamage >= 2 && asked.slightDamage > asked.heavyDamage;
}

function heavy({ asked }: Evidence): boolean {
  return asked !== null && asked.heavyDamage >= 2 && asked.heavyDamage >= asked.slightDamage;
}

/** The test that confirms or clears one suspect. */
export const ownTest = {
  swapped: "swap-a-b",
  "wrong-rate": "listen-other-rates",
  "wrong-address": "scan-on-bench",
  "no-termination": "add-termination",
  "no-common-ground": "join-ground",
  "another-master": "take-phone-off",
  "other-protocol": "phone-page",
  "paired-elsewhere": "pair-on-bench",
  "no-power": "measure-12v",
  adapter: "second-adapter",
} as const satisfies Record<Suspect, SplitTest>;

/** Pairs that one test tells apart better than the first one's own. */
export const pairTests: readonly { pair: readonly [Suspect, Suspect]; test: SplitTest }[] = [
  { pair: ["no-termination", "no-common-ground"], test: "line-quality-at-each-rate" },
  { pair: ["wrong-rate", "wrong-address"], test: "scan-on-bench" },
  { pair: ["other-protocol", "swapped"], test: "measure-12v" },
  { pair: ["other-protocol", "no-power"], test: "measure-12v" },
  { pair: ["other-protocol", "another-master"], test: "take-phone-off" },
];

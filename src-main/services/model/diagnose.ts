import { z } from "zod";
import type { Evidence } from "../../sr01/evidence.ts";
import { packetOutcomes } from "../../sr01/line-quality.ts";
import type { Diagnosis } from "../../sr01/suspects.ts";
import { splitTests, suspects } from "../../sr01/wiring-rules.ts";
import { errorShapeSchema, lineModeSchema } from "./common.ts";

const share = z.number().min(0).max(1);
const count = z.number().int().min(0);

/** One rate of a line test. Not measured: `verdict` null and no packets. Shares are of all packets, 0..1. */
export const rateQualitySchema = z.object({
  baud: z.number(),
  /** `skipped`: a slower rate failed or time was over. `not-offered`: the unit, or the adapter, did not take this rate. */
  tested: z.enum(["measured", "skipped", "not-offered"]),
  kind: z.enum(["screening", "acceptance"]),
  verdict: z.enum(["pass", "marginal", "fail"]).nullable(),
  packets: count,
  counts: z.record(z.enum(packetOutcomes), count),
  lost: count,
  lossRate: share,
  /** 95 % sure that the true rate of loss is at most this. */
  upTo: share,
  /** 95 % sure that it is at least this. */
  atLeast: share,
  /** Time to the reply of answered packets, ms. */
  replyMs: z.object({ mean: z.number(), longest: z.number() }).nullable(),
});
/** See {@link rateQualitySchema}. */
export type RateQuality = z.infer<typeof rateQualitySchema>;

/** A line test against the unit itself. `verdict` is that of the rate in use. */
export const lineQualityReportSchema = z.object({
  /** `acceptance` only when every measured rate had the packets for it. */
  kind: z.enum(["screening", "acceptance"]),
  verdict: z.enum(["pass", "marginal", "fail"]).nullable(),
  unit: z.object({ serialNumber: z.string(), vendor: z.string(), model: z.number() }),
  address: z.number(),
  baud: z.number(),
  rates: z.array(rateQualitySchema),
  /** The highest rate that passed, bit/s. */
  fastestSafe: z.number().nullable(),
  /** The unit answers at its old rate again. */
  restored: z.boolean(),
  /** Where the unit was heard last; null: nowhere. */
  place: z.object({ address: z.number(), baud: z.number() }).nullable(),
  /** Why the test ended early or the rate could not be put back. */
  error: errorShapeSchema.nullable(),
});
/** See {@link lineQualityReportSchema}. */
export type LineQualityReport = z.infer<typeof lineQualityReportSchema>;

/** What a person adds; see `Typed` of sr01/evidence. */
export const typedEvidenceSchema = z.object({
  voltsAtUnit: z.number().min(0).max(60).nullable(),
  led: z.enum(["on", "off"]).nullable(),
  factoryUnit: z.boolean().nullable(),
  secondAdapterHears: z.boolean().nullable(),
});

/** See `Evidence` of sr01/evidence. */
export const evidenceSchema = z.object({
  mode: lineModeSchema,
  baud: z.number(),
  address: z.number(),
  listened: z.object({
    ms: z.number(),
    bytes: count,
    commands: count,
    replies: count,
    framesAtBaud: z.number().nullable(),
    inverted: z.boolean(),
    structured: z.boolean(),
    onlyBreaks: z.boolean(),
  }),
  asked: z
    .object({
      ...{ packets: count, received: count, timeout: count, damaged: count, refused: count, mismatch: count },
      naks: z.array(z.number()),
      echo: z.enum(["none", "clean", "damaged"]),
      ...{ rubbish: count, headless: count, heavyDamage: count, slightDamage: count },
      foreign: z.boolean(),
    })
    .nullable(),
  elsewhere: z.object({ baud: z.number().nullable(), address: z.number().nullable() }).nullable(),
  keyRefused: z.boolean(),
  adapterIsRs485: z.boolean().nullable(),
  rates: z.array(z.object({ baud: z.number(), packets: count, lossRate: share })),
  typed: typedEvidenceSchema,
}) satisfies z.ZodType<Evidence>;

/** See `Diagnosis` of sr01/suspects. All texts are codes: the words are the page's and the command line's. */
export const diagnosisSchema = z.object({
  verdict: z.enum(["healthy", "suspect", "not-enough"]),
  suspects: z.array(z.object({ suspect: z.enum(suspects), weight: z.number(), because: z.array(z.string()) })),
  findings: z.array(z.string()),
  nextTest: z.enum(splitTests).nullable(),
  factoryHint: z.boolean(),
}) satisfies z.ZodType<Diagnosis>;

/** What "Find the fault" gives: what was seen and what follows from it. */
export const faultReportSchema = z.object({ evidence: evidenceSchema, diagnosis: diagnosisSchema });
/** See {@link faultReportSchema}. */
export type FaultReport = z.infer<typeof faultReportSchema>;

import { z } from "zod";
import { errorShapeSchema, momentSchema } from "./common.ts";
import { phoneInfoSchema, plannedChangeSchema, relayNameSchema } from "./phone.ts";
import { identitySchema, sr01StatusSchema } from "./sr01.ts";

/** What a job does. */
export const jobKindSchema = z.enum([
  "line.open",
  "sr01.identify",
  "sr01.status",
  "sr01.output",
  "flash",
  "phone.connect",
  "phone.read",
  "phone.write",
  "phone.trigger",
]);
/** See {@link jobKindSchema}. */
export type JobKind = z.infer<typeof jobKindSchema>;

/** Phases of a flash, in order, as the command line prints them. */
export const flashPhases = ["check", "transfer", "finish", "reboot", "identify"] as const;
/** See {@link flashPhases}. */
export type FlashPhase = (typeof flashPhases)[number];

/** How far a job is. Byte figures only where bytes are sent. */
export const progressSchema = z.object({
  phase: z.string(),
  sentBytes: z.number().optional(),
  totalBytes: z.number().optional(),
  bytesPerSecond: z.number().optional(),
  etaSeconds: z.number().optional(),
  repeats: z.number().optional(),
});
/** See {@link progressSchema}. */
export type Progress = z.infer<typeof progressSchema>;

/** End of a flash that got as far as a transfer. `verified` null: no version was known to compare with. */
export const flashResultSchema = z.object({
  fileBytes: z.number(),
  seconds: z.number(),
  efficiency: z.number(),
  fragmentBytes: z.number(),
  firmwareBefore: z.string(),
  firmwareAfter: z.string().nullable(),
  verified: z.boolean().nullable(),
});
/** See {@link flashResultSchema}. */
export type FlashResult = z.infer<typeof flashResultSchema>;

/** What a job ended with, by type. */
export const jobResultSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("line"), heardBytes: z.number() }),
  z.object({ type: z.literal("identity"), identity: identitySchema }),
  z.object({ type: z.literal("status"), status: sr01StatusSchema }),
  z.object({ type: z.literal("output"), output: z.number(), command: z.string(), outputs: z.array(z.number()) }),
  z.object({ type: z.literal("flash"), flash: flashResultSchema }),
  z.object({ type: z.literal("phone"), info: phoneInfoSchema }),
  z.object({ type: z.literal("settings"), fieldCount: z.number() }),
  z.object({
    type: z.literal("write"),
    changes: z.array(plannedChangeSchema),
    written: z.boolean(),
    readBack: z.enum(["equal", "differs"]).nullable(),
    /** Fields that read back different; `renamed` is the cloud's doing and only a warning. */
    differing: z.array(
      z.object({ field: z.string(), asked: z.string(), got: z.string().nullable(), renamed: z.boolean() }),
    ),
    /** After a failed write: was the old state put back? null when nothing had to be. */
    restored: z.boolean().nullable(),
  }),
  z.object({ type: z.literal("trigger"), relay: relayNameSchema, accepted: z.boolean() }),
]);
/** See {@link jobResultSchema}. */
export type JobResult = z.infer<typeof jobResultSchema>;

/** One job, whole. Every change of state is a new snapshot. */
export const jobSnapshotSchema = z.object({
  id: z.string(),
  kind: jobKindSchema,
  state: z.enum(["running", "done", "failed", "cancelled"]),
  progress: progressSchema.nullable(),
  /** False with a reason when it is too late, e.g. `too-late`. */
  cancellable: z.boolean(),
  startedAt: momentSchema,
  endedAt: momentSchema.nullable(),
  result: jobResultSchema.nullable(),
  error: errorShapeSchema.nullable(),
  /** Plain facts to show beside the job: file name, unit, port. Never secrets. */
  about: z.record(z.string(), z.string()),
});
/** See {@link jobSnapshotSchema}. */
export type JobSnapshot = z.infer<typeof jobSnapshotSchema>;

/** Topic `jobs`: running ones and the last ended ones of this run, newest first, at most 50. */
export const jobsSchema = z.object({ jobs: z.array(jobSnapshotSchema) });
/** See {@link jobsSchema}. */
export type Jobs = z.infer<typeof jobsSchema>;

/** What a firmware file is, read before a byte is sent. `problems` lists every reason why it is unfit, at once. */
export const imageInfoSchema = z.object({
  fileId: z.string(),
  name: z.string(),
  sizeBytes: z.number(),
  sha256: z.string(),
  /** `simulator`: an image of this project's simulated SR01. `opaque`: of unknown format and origin. */
  kind: z.enum(["simulator", "opaque"]),
  version: z.string().nullable(),
  hardware: z.object({ from: z.number(), to: z.number() }).nullable(),
  problems: z.array(errorShapeSchema),
});
/** See {@link imageInfoSchema}. */
export type ImageInfo = z.infer<typeof imageInfoSchema>;

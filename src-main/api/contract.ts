import { z } from "zod";
import { appStateSchema, handBackSteps } from "../services/model/app.ts";
import { lineModeSchema, onceIdSchema, pageIdSchema } from "../services/model/common.ts";
import { imageInfoSchema, jobSnapshotSchema, jobsSchema } from "../services/model/job.ts";
import {
  changesSchema,
  knownPhoneSchema,
  phoneAuthSchema,
  relayNameSchema,
  reviewSchema,
} from "../services/model/phone.ts";
import { adaptersSchema } from "../services/model/sr01.ts";

const nothing = z.object({});
const job = z.object({ jobId: z.string() });
/** Every call that moves something: executed once per `onceId`, and only for the page that holds the trigger. */
const moves = { onceId: onceIdSchema, pageId: pageIdSchema };
const secondsSchema = z.number().min(0.1).max(60);

/**
 * Every call of the page, `POST /api/<name>`, JSON in and out. A call only starts, reads or cancels; whatever touches a
 * device is a job and answers `{jobId}` at once.
 */
export const calls = {
  "app.state": { input: nothing, output: appStateSchema },
  "app.setDoor": { input: z.object({ site: z.string().max(80), door: z.string().max(80) }), output: nothing },
  "training.enter": { input: nothing, output: nothing },
  "training.leave": { input: nothing, output: nothing },
  /** The fault dial and the things a person can do at the simulated door. */
  "training.set": {
    input: z.object({
      cablePulled: z.boolean().optional(),
      bitErrorRate: z.number().min(0).max(0.01).optional(),
      exitButton: z.boolean().optional(),
      doorOpen: z.boolean().optional(),
      tamper: z.boolean().optional(),
    }),
    output: nothing,
  },
  /** Makes a firmware file for the simulated SR01, one step above what runs, and keeps it like an uploaded one. */
  "training.image": {
    input: z.object({ spoil: z.enum(["hash", "length", "hardware"]).optional() }),
    output: imageInfoSchema,
  },
  "ports.refresh": { input: nothing, output: adaptersSchema },
  "ports.label": { input: z.object({ key: z.string().max(200), label: z.string().max(60) }), output: adaptersSchema },
  "line.open": {
    input: z.object({
      path: z.string().min(1).max(300),
      baud: z.union([9600, 19200, 38400, 57600, 115200, 230400].map((rate) => z.literal(rate))),
      address: z.number().int().min(0).max(126),
      mode: lineModeSchema,
      /** For `alone`: the person said that the door phone's A/B are off the line. */
      aloneConfirmed: z.boolean(),
    }),
    output: job,
  },
  "line.close": { input: nothing, output: nothing },
  "sr01.identify": { input: nothing, output: job },
  "sr01.status": { input: nothing, output: job },
  /** Live status: while on, inputs and outputs are read several times a second and shown in topic `line`. */
  "sr01.watch": { input: z.object({ on: z.boolean() }), output: nothing },
  "sr01.pulse": {
    input: z.object({ ...moves, output: z.number().int().min(0).max(7), seconds: secondsSchema }),
    output: job,
  },
  "sr01.off": { input: z.object({ onceId: onceIdSchema, output: z.number().int().min(0).max(7) }), output: job },
  "phone.connect": {
    input: z.object({
      host: z.string().min(1).max(253),
      user: z.string().max(64),
      /** Null: use the stored one. Kept in the OS key store only when `remember`. */
      password: z.string().max(128).nullable(),
      auth: phoneAuthSchema,
      remember: z.boolean(),
    }),
    output: job,
  },
  "phone.disconnect": { input: nothing, output: nothing },
  "phone.read": { input: nothing, output: job },
  "phone.review": { input: z.object({ changes: changesSchema }), output: reviewSchema },
  /** Writes and reads back. `confirmed` holds the `danger` of every dangerous change that the person ticked. */
  "phone.write": {
    input: z.object({ onceId: onceIdSchema, changes: changesSchema, confirmed: z.array(z.string().max(100)).max(200) }),
    output: job,
  },
  /** Puts back what the last write changed; itself a write that can be undone. */
  "phone.undo": { input: z.object({ onceId: onceIdSchema }), output: job },
  "phone.trigger": {
    input: z.object({ ...moves, relay: relayNameSchema, seconds: secondsSchema.optional() }),
    output: job,
  },
  "phone.known": { input: nothing, output: z.object({ phones: z.array(knownPhoneSchema) }) },
  "flash.check": { input: z.object({ fileId: z.string().max(64) }), output: imageInfoSchema },
  "flash.start": {
    input: z.object({
      onceId: onceIdSchema,
      fileId: z.string().max(64),
      expect: z.string().max(32).optional(),
      /** The version, typed out, when it is lower than the one that runs. */
      allowDowngrade: z.string().max(32).optional(),
      /** The file's name, typed out, when its origin is unknown. */
      allowUnknown: z.string().max(300).optional(),
      /** The door's name, typed out, in line mode Alone at a named door. */
      doorName: z.string().max(80).optional(),
    }),
    output: job,
  },
  "jobs.get": { input: z.object({ id: z.string().max(64) }), output: jobSnapshotSchema },
  "jobs.cancel": { input: z.object({ id: z.string().max(64) }), output: nothing },
  "jobs.history": { input: z.object({ limit: z.number().int().min(1).max(500) }), output: jobsSchema },
  /** The person read that an earlier run left this unfinished. */
  "jobs.dismiss": { input: z.object({ id: z.string().max(64) }), output: nothing },
  /** Arms the trigger for 10 s, for this page alone. `busy` while another page holds it. */
  "trigger.arm": { input: z.object({ pageId: pageIdSchema }), output: z.object({ until: z.string() }) },
  "trigger.disarm": { input: z.object({ pageId: pageIdSchema }), output: nothing },
  "safety.seenShut": { input: z.object({ id: z.string().max(64) }), output: nothing },
  "safety.handBack": { input: z.object({ step: z.enum(handBackSteps) }), output: nothing },
} as const;

/** Name of a call. */
export type CallName = keyof typeof calls;
/** What a call takes. */
export type CallInput<N extends CallName> = z.input<(typeof calls)[N]["input"]>;
/** What a call answers. */
export type CallOutput<N extends CallName> = z.output<(typeof calls)[N]["output"]>;

/** Topics of `GET /api/events`: a snapshot of each on connect, then whole states. SSE `event:` is the topic, `data:` its JSON. */
export { topics, type TopicName, type TopicState } from "../services/model/topics.ts";

/** `POST /api/files?kind=rom&name=…`, octet-stream, at most this many bytes; answers {@link fileAnswer}. */
export const maxFileBytes = 64 * 1024 * 1024;
/** Answer of an upload. */
export const fileAnswer = z.object({ id: z.string(), sha256: z.string(), sizeBytes: z.number() });
/** See {@link fileAnswer}. */
export type FileAnswer = z.infer<typeof fileAnswer>;

/** At most this many event streams at once; a fourth is answered 400 `busy`, or takes over with `?takeOver=1`. */
export const maxStreams = 3;

import { z } from "zod";
import { momentSchema } from "./common.ts";
import { jobKindSchema } from "./job.ts";

/** Topic `app`. */
export const appStateSchema = z.object({
  version: z.string(),
  host: z.enum(["electron", "web", "cli"]),
  training: z.boolean(),
  /** Words for Training, ready to type in: the simulated phone and the simulated adapter. Null outside Training. */
  trainingBench: z
    .object({ portPath: z.string(), phoneHost: z.string(), phoneUser: z.string(), phonePassword: z.string() })
    .nullable(),
  door: z.object({ site: z.string(), door: z.string() }).nullable(),
  /** Whether passwords can be kept: the OS key store, memory only (Training), or not at all and why. */
  secrets: z.object({ available: z.boolean(), reason: z.string().nullable() }),
  /** Another window works on this store. */
  readOnly: z.boolean(),
  /** Work that an earlier run left unfinished. Told only; nothing starts by itself. */
  openWork: z.array(
    z.object({
      id: z.string(),
      kind: jobKindSchema,
      about: z.record(z.string(), z.string()),
      lastPhase: z.string().nullable(),
      sentBytes: z.number().nullable(),
      totalBytes: z.number().nullable(),
      startedAt: momentSchema,
    }),
  ),
});
/** See {@link appStateSchema}. */
export type AppState = z.infer<typeof appStateSchema>;

/** Topic `safety`. */
export const safetyStateSchema = z.object({
  /** Doors that may be open because of us; each stays until a person says it is shut and locked. */
  mayBeOpen: z.array(z.object({ id: z.string(), what: z.string(), reason: z.string(), since: momentSchema })),
  /** A door we worked at that was not handed back yet; the steps that were ticked. Null: none. */
  handBack: z.object({ door: z.string(), done: z.array(z.string()) }).nullable(),
  /** Which page may trigger, and until when. */
  armed: z.object({ pageId: z.string(), until: momentSchema }).nullable(),
});
/** See {@link safetyStateSchema}. */
export type SafetyState = z.infer<typeof safetyStateSchema>;

/** Steps of handing a door back, in order. Source: docs/architecture.md "Safety". */
export const handBackSteps = ["laptop-off", "phone-back", "phone-moves-door", "seen-shut", "exit-tried"] as const;

/** Topic `training`: the state of the simulated bench and its fault dial. Null outside Training. */
export const trainingStateSchema = z
  .object({
    cablePulled: z.boolean(),
    bitErrorRate: z.number(),
    firmwareVersion: z.string(),
    outputs: z.array(z.number()),
    inputs: z.array(z.number()),
    phoneRelays: z.record(z.string(), z.number()),
  })
  .nullable();
/** See {@link trainingStateSchema}. */
export type TrainingState = z.infer<typeof trainingStateSchema>;

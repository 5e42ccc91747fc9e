import type { z } from "zod";
import { appStateSchema, safetyStateSchema, trainingStateSchema } from "./app.ts";
import { jobsSchema } from "./job.ts";
import { phoneStateSchema } from "./phone.ts";
import { adaptersSchema, lineStateSchema } from "./sr01.ts";

/** The whole state that pages see, by topic. Every change is a whole new state, never a delta. */
export const topics = {
  app: appStateSchema,
  adapters: adaptersSchema,
  line: lineStateSchema,
  phone: phoneStateSchema,
  jobs: jobsSchema,
  safety: safetyStateSchema,
  training: trainingStateSchema,
} as const;

/** Name of a topic. */
export type TopicName = keyof typeof topics;
/** Whole state of a topic. */
export type TopicState<T extends TopicName> = z.output<(typeof topics)[T]>;
/** All topics at once. */
export type TopicStates = { [T in TopicName]: TopicState<T> };

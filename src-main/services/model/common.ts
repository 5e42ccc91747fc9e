import { z } from "zod";
import { errorCodes } from "../../lib/errors.ts";

/** An error as plain data; mirrors `ErrorShape` of lib/errors. */
export const errorShapeSchema = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  field: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

/** A moment as ISO 8601 text in UTC. */
export const momentSchema = z.string();

/** How the line is shared (docs/architecture.md "Line modes"): the phone is in charge, the phone is off the line, or a bench. */
export const lineModeSchema = z.enum(["listening", "alone", "bench"]);
/** See {@link lineModeSchema}. */
export type LineMode = z.infer<typeof lineModeSchema>;

/**
 * How sure a fact about the door phone is. HW seen on a unit, SPEC the maker's text, PROD third-party code in use,
 * TEMPLATE a published configuration template, THIRD a third-party model only, INF inferred, LEARNT found on this unit,
 * PROPOSED a name made up after its siblings, UNKNOWN nothing known.
 */
export const markSchema = z.enum(["HW", "SPEC", "PROD", "TEMPLATE", "THIRD", "INF", "LEARNT", "PROPOSED", "UNKNOWN"]);
/** See {@link markSchema}. */
export type Mark = z.infer<typeof markSchema>;

/** A one-time id, made by the page at the press: the host executes it once and answers a repeat with the first result. */
export const onceIdSchema = z.string().regex(/^[A-Za-z0-9-]{16,64}$/);
/** Identifies one open page; one page holds the trigger at a time. */
export const pageIdSchema = z.string().regex(/^[A-Za-z0-9-]{8,64}$/);

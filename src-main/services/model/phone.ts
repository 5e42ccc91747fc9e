import { z } from "zod";
import { errorShapeSchema, markSchema, momentSchema } from "./common.ts";

/** Relays a door phone can be asked to move: local A..D, Security Relay A and B. */
export const relayNameSchema = z.enum(["A", "B", "C", "D", "SA", "SB"]);
/** See {@link relayNameSchema}. */
export type RelayName = z.infer<typeof relayNameSchema>;

/** How to authenticate. `auto` asks the unit and never sends Basic over plain HTTP. */
export const phoneAuthSchema = z.enum(["auto", "digest", "basic", "none"]);

/** What the unit says of itself. */
export const phoneInfoSchema = z.object({
  model: z.string(),
  firmware: z.string(),
  mac: z.string().nullable(),
  auth: z.enum(["digest", "basic", "none"]),
});
/** See {@link phoneInfoSchema}. */
export type PhoneInfo = z.infer<typeof phoneInfoSchema>;

/** One setting that the unit reported: its raw value (always text), the key it stands under, and how sure the key's meaning is. */
export const settingSchema = z.object({ value: z.string(), key: z.string(), mark: markSchema });
/** See {@link settingSchema}. */
export type Setting = z.infer<typeof settingSchema>;

/** How a field is entered and checked; the page draws its form from this. */
export const fieldSpecSchema = z.object({
  /** Name as in the CLI, e.g. `relayA.holdDelay`. */
  field: z.string(),
  /** Group for the form, e.g. `relayA`, `securityRelayA`, `web`, `dtmf`. */
  group: z.string(),
  /** The property inside the group, e.g. `holdDelay`; words for it stand in the page's dictionary. */
  property: z.string(),
  kind: z.enum(["number", "choice", "text", "digits", "switch"]),
  min: z.number().optional(),
  max: z.number().optional(),
  maxLength: z.number().optional(),
  /** Allowed raw values of a choice, with the word that the manual uses and how sure the pairing is. */
  choices: z.array(z.object({ value: z.string(), word: z.string(), mark: markSchema })).optional(),
  unit: z.literal("s").optional(),
  secret: z.boolean().optional(),
  /** A wrong value can leave a door open or everybody out; it must be confirmed before writing. */
  danger: z.boolean(),
  /** Where this is in the door phone's own page. */
  menuPath: z.string(),
});
/** See {@link fieldSpecSchema}. */
export type FieldSpec = z.infer<typeof fieldSpecSchema>;

/** A field of the manual that this unit does not offer, and why. */
export const notOfferedSchema = z.object({
  field: z.string(),
  group: z.string(),
  property: z.string(),
  reason: z.string(),
  menuPath: z.string(),
});
/** See {@link notOfferedSchema}. */
export type NotOffered = z.infer<typeof notOfferedSchema>;

/** The relay settings of one unit, as read. `fields` holds raw values; secrets read as `**`. */
export const phoneSettingsSchema = z.object({
  family: z.string(),
  fields: z.record(z.string(), settingSchema),
  specs: z.array(fieldSpecSchema),
  notOffered: z.array(notOfferedSchema),
  readAt: momentSchema,
});
/** See {@link phoneSettingsSchema}. */
export type PhoneSettings = z.infer<typeof phoneSettingsSchema>;

/** Electrical relay states (0 low, 1 high) and input states, by letter. Read them together with the relay's Type. */
export const phoneStatusSchema = z.object({
  relays: z.record(z.string(), z.number()),
  inputs: z.record(z.string(), z.number()),
});
/** See {@link phoneStatusSchema}. */
export type PhoneStatus = z.infer<typeof phoneStatusSchema>;

/** Topic `phone`: the door phone the page works with. */
export const phoneStateSchema = z.object({
  state: z.enum(["none", "connecting", "ready", "lost"]),
  host: z.string().nullable(),
  info: phoneInfoSchema.nullable(),
  settings: phoneSettingsSchema.nullable(),
  status: phoneStatusSchema.nullable(),
  lastAnswerAt: momentSchema.nullable(),
  error: errorShapeSchema.nullable(),
  /** The last write can be taken back. */
  canUndo: z.boolean(),
});
/** See {@link phoneStateSchema}. */
export type PhoneState = z.infer<typeof phoneStateSchema>;

/** Field -> new raw value. */
export const changesSchema = z
  .record(z.string().max(64), z.string().max(1024))
  .refine((all) => Object.keys(all).length <= 200);

/** One line of a review. `danger` names the sentence (dictionary key) about the door that must be confirmed. */
export const plannedChangeSchema = z.object({
  field: z.string(),
  key: z.string(),
  mark: markSchema,
  old: z.string(),
  new: z.string(),
  danger: z.string().nullable(),
});
/** See {@link plannedChangeSchema}. */
export type PlannedChange = z.infer<typeof plannedChangeSchema>;

/** Result of `phone.review`: what would be written, what stands in the way, what to mind. Codes are dictionary keys. */
export const reviewSchema = z.object({
  changes: z.array(plannedChangeSchema),
  problems: z.array(errorShapeSchema),
  warnings: z.array(z.object({ code: z.string(), fields: z.array(z.string()) })),
});
/** See {@link reviewSchema}. */
export type Review = z.infer<typeof reviewSchema>;

/** A phone connected before; never with a password. */
export const knownPhoneSchema = z.object({
  host: z.string(),
  user: z.string(),
  model: z.string(),
  firmware: z.string(),
  mac: z.string().nullable(),
  lastSeenAt: momentSchema,
  passwordStored: z.boolean(),
});
/** See {@link knownPhoneSchema}. */
export type KnownPhone = z.infer<typeof knownPhoneSchema>;

import { z } from "zod";

const familySchema = z.enum(["F1", "F2", "F3"]);

/** How a simulated door phone is built. What no unit is known to do is not in here. */
export const simPhoneSettingsSchema = z.strictObject({
  /** One of {@link simPhoneModels}. */
  model: z.string().max(32).default("E18"),
  auth: z.enum(["digest", "basic", "none", "allowlist"]).default("digest"),
  user: z.string().max(64).default("admin"),
  password: z.string().max(128).default("admin"),
  algorithm: z.enum(["MD5", "SHA-256"]).default("MD5"),
  /** After so many uses or milliseconds a nonce is stale. */
  nonceUses: z.number().int().min(1).default(1000),
  nonceLifeMs: z.number().min(1).default(300_000),
  /** Which families' names its relay settings bear; default after the model. */
  families: z.array(familySchema).min(1).max(3).optional(),
  /** Shows keys for the security relay and for Apply RS485, under names that are made up. */
  securityRelayKeys: z.boolean().default(false),
  /** More keys, or other names: field -> full key. */
  keyNames: z.record(z.string().max(64), z.string().max(200)).default({}),
  webRows: z.number().int().min(0).max(50).default(10),
  fillerKeys: z.number().int().min(0).max(5000).default(900),
  /** What a change answers with. */
  changeRetcode: z.union([z.literal(0), z.literal(1)]).default(1),
  statusForm: z.enum(["int", "string", "object"]).default("int"),
  highSecurity: z.boolean().default(false),
  openViaHttp: z.boolean().default(true),
  /** Away after a restart, then answering 503. */
  rebootMs: z.number().min(0).default(20_000),
  notReadyMs: z.number().min(0).default(5000),
  /** A restart forgets the last change. */
  loseLastWrite: z.boolean().default(false),
});
/** See {@link simPhoneSettingsSchema}. */
export type SimPhoneSettings = z.infer<typeof simPhoneSettingsSchema>;

const count = z.number().int().min(0).max(1_000_000);

/** What goes wrong, as one record of data. Counted faults hit so many authorised requests and then stop. */
export const simPhoneFaultsSchema = z.strictObject({
  /** Counted faults and delays hit only paths that begin so. */
  only: z.string().max(200).default("/"),
  delayMs: z.number().min(0).max(600_000).default(0),
  /** Asks for the login again although it was right. */
  unauthorizedAgain: count.default(0),
  /** Closes the connection before anything is done. */
  closeBefore: count.default(0),
  /** Does it, then closes the connection unanswered. */
  closeAfter: count.default(0),
  /** Does it, then never answers. */
  hangAfter: count.default(0),
  /** Answers `errorStatus` without doing anything. */
  errorAnswers: count.default(0),
  errorStatus: z.number().int().min(300).max(599).default(503),
  /** Does it, then answers 200 without a body. */
  emptyAnswers: count.default(0),
  /** Does it, then answers with a web page. */
  htmlAnswers: count.default(0),
  /** Refuses with retcode -1. */
  refusals: count.default(0),
  trailingBytes: z.boolean().default(false),
  invalidUtf8: z.boolean().default(false),
  missingData: z.boolean().default(false),
  wrongContentType: z.boolean().default(false),
  /** 503 to whoever comes while another request runs. */
  busyWhileRunning: z.boolean().default(false),
  redirectToHttps: z.boolean().default(false),
  /** Answers like another maker's intercom. */
  otherMaker: z.boolean().default(false),
  /** Paths that this firmware does not have. */
  missingEndpoints: z.array(z.string().max(200)).max(50).default([]),
  /** Keys whose writes are confirmed and forgotten. */
  notSticking: z.array(z.string().max(200)).max(1000).default([]),
  /** Keys that take another value than the one written, as the cloud renames relays. */
  takesInstead: z.record(z.string().max(200), z.string().max(200)).default({}),
});
/** See {@link simPhoneFaultsSchema}. */
export type SimPhoneFaults = z.infer<typeof simPhoneFaultsSchema>;

/** What a `--faults` file may hold: settings and faults side by side, all of them optional, nothing else. */
export const simPhoneFileSchema = z.strictObject({
  ...simPhoneSettingsSchema.partial().shape,
  ...simPhoneFaultsSchema.partial().shape,
});

/** Model -> what it is. Firmware versions seen on real units where known; counts are hints of public sources. */
export const simPhoneModels: Readonly<
  Record<string, { firmware: string; families: z.infer<typeof familySchema>[]; relays: number; inputs: number }>
> = {
  E18: { firmware: "18.30.10.118", families: ["F1", "F2"], relays: 2, inputs: 3 },
  X916: { firmware: "916.30.10.114", families: ["F1"], relays: 4, inputs: 4 },
  R29: { firmware: "29.30.10.128", families: ["F1"], relays: 3, inputs: 3 },
  E12: { firmware: "12.0.0.0", families: ["F2"], relays: 1, inputs: 2 },
};

import { z } from "zod";

/** What can be said of a port by trying it. `other-master`: it opens, but somebody else is sending on its line. */
export const verdictCodes = [
  "ready",
  "no-permission",
  "busy",
  "absent",
  "not-a-port",
  "no-driver",
  "blocked-clone",
  "pulled",
  "no-adapter",
  "gateway-unreachable",
  "other-master",
  "unclear",
] as const;

/**
 * One verdict on a port and the one thing to do next. `commands` are to be typed by the person and never run by us;
 * `program` has the port, where the system can tell.
 */
export const portVerdictSchema = z.object({
  code: z.enum(verdictCodes),
  message: z.string(),
  nextStep: z.string(),
  commands: z.array(z.string()).optional(),
  program: z.object({ pid: z.number(), name: z.string() }).optional(),
});
/** See {@link portVerdictSchema}. */
export type PortVerdict = z.infer<typeof portVerdictSchema>;

/**
 * A USB adapter of a known chip that has no serial port. `driver` is what makes one of it on this system; `takenBy` the
 * system's driver that holds it instead, e.g. `usbfs`; `oftenCloned`: newer Windows drivers refuse copies of this chip.
 */
export const usbWithoutPortSchema = z.object({
  vendorId: z.string(),
  productId: z.string(),
  chip: z.string(),
  usbPlace: z.string().nullable(),
  driver: z.string(),
  takenBy: z.string().nullable(),
  oftenCloned: z.boolean(),
});
/** See {@link usbWithoutPortSchema}. */
export type UsbWithoutPort = z.infer<typeof usbWithoutPortSchema>;

/**
 * Turn-around of an adapter, in ms: from the last bit of a command to the last byte of its reply, the reply's own time
 * taken off. It holds the unit's thinking, so the adapter alone is at most this. `echoMs`: from the adapter's own echo.
 */
export const latencySchema = z.object({
  exchanges: z.number(),
  lost: z.number(),
  medianMs: z.number(),
  worstMs: z.number(),
  echoMs: z.number().nullable(),
  measuredAt: z.string(),
});
/** See {@link latencySchema}. */
export type Latency = z.infer<typeof latencySchema>;

/** One line of "Ready for offline?": null = this system cannot tell. `fix` is what to do when it is not good. */
export const readinessLineSchema = z.object({
  id: z.string(),
  ok: z.boolean().nullable(),
  message: z.string(),
  fix: z.string().nullable(),
});
/** See {@link readinessLineSchema}. */
export type ReadinessLine = z.infer<typeof readinessLineSchema>;

import { z } from "zod";
import { portVerdictSchema, usbWithoutPortSchema } from "./adapter.ts";
import { errorShapeSchema, lineModeSchema, momentSchema } from "./common.ts";

/** One row of PDCAP: function code, compliance byte, number byte (OSDP v2.2 annex B). */
export const capabilitySchema = z.object({ function: z.number(), compliance: z.number(), count: z.number() });

/** What `identify` tells. Vendor and serial number in hex; `secure` is how the link is protected. */
export const identitySchema = z.object({
  address: z.number(),
  baud: z.number(),
  vendor: z.string(),
  model: z.number(),
  hardwareVersion: z.number(),
  serialNumber: z.string(),
  firmwareVersion: z.string(),
  capabilities: z.array(capabilitySchema),
  secure: z.enum(["none", "scbk", "scbk-d"]),
});
/** See {@link identitySchema}. */
export type Identity = z.infer<typeof identitySchema>;

/** Outputs and inputs as on the wire: outputs 0/1; inputs 0 inactive, 1 active, 2 short, 3 open, 4 fault, 5 unknown. */
export const sr01StatusSchema = z.object({
  outputs: z.array(z.number()),
  inputs: z.array(z.number()),
  tamper: z.boolean(),
  powerFailure: z.boolean(),
});
/** See {@link sr01StatusSchema}. */
export type Sr01Status = z.infer<typeof sr01StatusSchema>;

/** One serial port as listed. `key` names the adapter across re-plugging as well as the system allows. */
export const portInfoSchema = z.object({
  path: z.string(),
  vendorId: z.string().nullable(),
  productId: z.string().nullable(),
  serialNumber: z.string().nullable(),
  chip: z.string().nullable(),
  key: z.string(),
  label: z.string().nullable(),
  /** A USB-RS485 adapter by its chip; built-in ports are false. */
  likely: z.boolean(),
  /** Which USB socket, like `1-1.2:1.0`; null where the system does not tell. */
  usbPlace: z.string().nullable().optional(),
  /** Other names of the same port, e.g. under /dev/serial/by-id. */
  aliases: z.array(z.string()).optional(),
  /**
   * The label last given at this USB place, to an adapter without a serial number of its own: a person confirms it (by
   * giving it again) each time something was plugged in there. Then it becomes `label`.
   */
  looksLike: z.string().nullable().optional(),
  /** Measured turn-around, worst case in ms; null = not measured on this adapter. */
  latencyMs: z.number().nullable().optional(),
});
/** See {@link portInfoSchema}. */
export type PortInfo = z.infer<typeof portInfoSchema>;

/** Topic `adapters`. */
export const adaptersSchema = z.object({
  ports: z.array(portInfoSchema),
  error: errorShapeSchema.nullable(),
  /** Adapters on USB that have no serial port. */
  withoutPort: z.array(usbWithoutPortSchema).optional(),
  /** What to do when there is no adapter to choose; null when there is one. */
  verdict: portVerdictSchema.nullable().optional(),
});
/** See {@link adaptersSchema}. */
export type Adapters = z.infer<typeof adaptersSchema>;

/** Topic `line`: the one RS485 line the page works with. */
export const lineStateSchema = z.object({
  /** `stopped`: we fell silent because foreign bytes were heard or the adapter is gone; `error` says which. */
  state: z.enum(["closed", "listening", "open", "stopped"]),
  mode: lineModeSchema.nullable(),
  path: z.string().nullable(),
  baud: z.number().nullable(),
  address: z.number().nullable(),
  /** Who has the line for itself alone, e.g. `flash`; null when free or shared. */
  exclusive: z.string().nullable(),
  online: z.boolean(),
  identity: identitySchema.nullable(),
  status: sr01StatusSchema.nullable(),
  lastAnswerAt: momentSchema.nullable(),
  error: errorShapeSchema.nullable(),
});
/** See {@link lineStateSchema}. */
export type LineState = z.infer<typeof lineStateSchema>;

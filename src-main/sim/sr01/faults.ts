import { z } from "zod";
import { securityFaults } from "./security-faults.ts";

const count = z.number().int().min(0).max(1_000_000);
const ms = z.number().min(0).max(3_600_000);
const bytes = z.number().int().min(0).max(0xffff_ffff);

/**
 * What a simulated SR01 does wrong, as plain data; everything is optional and may change while it runs. A `count` holds for
 * the next so many replies (or commands) and then ends. "Reply" means what goes out on the line, repeats included.
 */
export const faultsSchema = z.strictObject({
  /** Replies not sent; the command was executed. */
  dropReplies: count.optional(),
  /** Every n-th reply is not sent. */
  dropEvery: z.number().int().min(2).max(1_000_000).optional(),
  /** After an OUT was executed the first reply to it is not sent; so many times. */
  loseAckAfterOut: count.optional(),
  /** Replies with one bit turned. */
  damageReplies: count.optional(),
  /** Replies of which only the first half is sent. */
  cutReplies: count.optional(),
  /** Replies sent twice in a row. */
  doubleReplies: count.optional(),
  /** Replies with three bytes of rubbish in front. */
  rubbishBefore: count.optional(),
  /** Replies behind a whole reply of another address. */
  foreignBefore: count.optional(),
  /** Replies with a wrong sequence number on the line; a repeat carries the right one. */
  wrongSequence: count.optional(),
  /** All replies so much later. */
  delayReplyMs: ms.optional(),
  replyWithoutMark: z.boolean().optional(),
  /** All replies with a checksum, whatever the command had. */
  replyWithChecksum: z.boolean().optional(),
  /** New commands answered BUSY, not executed. */
  busyReplies: count.optional(),
  /** New commands refused with this NAK, not executed; with `command` only that command code. */
  nakNext: z
    .strictObject({ code: z.number().int().min(0).max(255), count, command: z.number().int().optional() })
    .optional(),
  /** New commands not heard at all. */
  ignoreCommands: count.optional(),
  /** FTSTAT: wait before the next fragment. */
  ftDelayMs: z.number().int().min(0).max(65_535).optional(),
  /** FTSTAT: the action byte; without it bit 0, and bit 2 while a report waits. */
  ftAction: z.number().int().min(0).max(255).optional(),
  /** FTSTAT: message size asked for, in every answer. */
  ftUpdateMax: z.number().int().min(0).max(65_535).optional(),
  /** FTSTAT: message size asked for from this offset on. */
  updateMaxShrinksAt: z.strictObject({ offset: bytes, max: z.number().int().min(1).max(65_535) }).optional(),
  /** FTSTAT: this status once so many bytes have come; a negative one ends the transfer. */
  ftStatusAt: z.strictObject({ offset: bytes, detail: z.number().int().min(-32_768).max(32_767) }).optional(),
  /** "Finishing" so many times at the end; default once. */
  ftFinishingCount: count.optional(),
  /** "Finishing" at least so long. */
  ftFinishingMs: ms.optional(),
  /** The first fragment is answered "processed". */
  earlyDone: z.boolean().optional(),
  /** The last fragment is answered 0, as if more were to come; nothing is installed. */
  statusZeroOnLast: z.boolean().optional(),
  /** Mute for good once so many bytes of the file have come (until it is powered again). */
  silentAfterBytes: bytes.optional(),
  /** Restarts without a word once so many bytes of the file have come; once. */
  restartAtBytes: bytes.optional(),
  /** Takes everything, restarts, and runs the old version. */
  keepsOldVersion: z.boolean().optional(),
  /** How long a restart takes; default 3000 ms. */
  rebootMs: ms.optional(),
  /** Restarts so many times more, each time half a second after it came back. */
  rebootAgain: count.optional(),
  /** Does not come back from the restart. */
  neverReturns: z.boolean().optional(),
  /** Comes back from a restart with this serial number (8 hex digits). */
  otherSerialAfterReboot: z
    .string()
    .regex(/^[0-9a-f]{8}$/i)
    .optional(),
  ...securityFaults,
});
/** See {@link faultsSchema}. */
export type Sr01Faults = z.infer<typeof faultsSchema>;

type Counted =
  | "dropReplies"
  | "loseAckAfterOut"
  | "damageReplies"
  | "cutReplies"
  | "doubleReplies"
  | "rubbishBefore"
  | "foreignBefore"
  | "wrongSequence"
  | "busyReplies"
  | "ignoreCommands"
  | "rebootAgain"
  | "wrongMac"
  | "plainNak06"
  | "forgetsSession"
  | "busyInSession";

/** The faults in force; counted ones are used up. */
export class FaultBox {
  now: Sr01Faults;

  constructor(faults: Sr01Faults) {
    this.now = faultsSchema.parse(faults);
  }

  /** Uses one up: true while some are left. */
  spend(name: Counted): boolean {
    const left = this.now[name] ?? 0;
    if (left <= 0) return false;
    this.now = { ...this.now, [name]: left - 1 };
    return true;
  }

  /** The NAK code for this command, used up by one, or null. */
  spendNak(command: number): number | null {
    const nak = this.now.nakNext;
    if (!nak || nak.count <= 0 || (nak.command !== undefined && nak.command !== command)) return null;
    this.now = { ...this.now, nakNext: { ...nak, count: nak.count - 1 } };
    return nak.code;
  }

  /** True once, when so many bytes of a file have come. */
  restartsAt(receivedBytes: number): boolean {
    const { restartAtBytes, ...rest } = this.now;
    if (restartAtBytes === undefined || receivedBytes < restartAtBytes) return false;
    this.now = rest;
    return true;
  }
}

import { z } from "zod";

const count = z.number().int().min(0).max(1_000_000);
const flag = z.boolean().optional();

/** The part of the faults that concerns the secure channel, and quirks of known peers. A `count` is used up, a flag stays. */
export const securityFaults = {
  /** CCRYPT with a cryptogram that proves another key. */
  wrongCryptogram: flag,
  /** RMAC_I always refuses (status FF), and there is no session. */
  rmacStatusFF: flag,
  /** CHLNG is refused with this NAK. */
  refusesChallenge: z.strictObject({ nak: z.number().int().min(0).max(255) }).optional(),
  /** Replies in a session with a wrong MAC (their repeats too). */
  wrongMac: count.optional(),
  /** Commands in a session refused with NAK 06 in clear, not executed, session gone. */
  plainNak06: count.optional(),
  /** So many times the session is lost without a word, before the next secured command. */
  forgetsSession: count.optional(),
  /** Commands in a session answered BUSY, not executed. */
  busyInSession: count.optional(),
  /** KEYSET is acknowledged, the old key stays. */
  keysetAckThenKeepsOldKey: flag,
  /** KEYSET is acknowledged in clear and the session is gone, as HID readers do. */
  keysetAckPlain: flag,
  /** KEYSET is acknowledged by the book and the session is gone at once, as with a libosdp PD. */
  keysetEndsSession: flag,
  /** KEYSET is stored and never answered. */
  keysetStoresThenNoAck: flag,
  /** Status reports in clear in a block of type 15 with a good MAC (libosdp). */
  xstatInClearBlock15: flag,
  /** NAK 04 carries the number that the unit expects (libosdp). */
  nak04OwnNumber: flag,
  /** A damaged frame ends the session (libosdp). */
  dropsScOnBadCrc: flag,
  /** Comes back from a restart without a key of its own. */
  losesKeyAtReboot: flag,
  /** Drops a frame whose bytes took longer than 200 ms (libosdp; every 256-byte frame at 9600). */
  silentOver200msFrames: flag,
};

import type { Clock } from "../lib/clock.ts";
import type { PdApplication, PdSecurity } from "./peripheral-answer.ts";

/** What a PD tells of its work. Damaged frames and noise are told and never answered. */
export type PeripheralEvent =
  | { type: "online" }
  | { type: "offline" }
  | { type: "command"; name: string; code: number; sequence: number; repeated: boolean; reply: string }
  | { type: "refused"; name: string; code: number; nak: number; reason: string }
  | { type: "report-lost" }
  | { type: "damaged" | "noise"; bytes: Uint8Array };

/** About a reply that goes out: the code of the command it answers, and whether it is the stored one. */
export interface SentReply {
  command: number;
  repeated: boolean;
}

/** What a PD is made of. Byte counts are whole frames without the mark. */
export interface PeripheralOptions {
  clock: Clock;
  /** 0..126. */
  address: number;
  application: PdApplication;
  /** Puts a marked frame on the line; resolves when its last bit is out. Must not reject. */
  send(bytes: Uint8Array, about: SentReply): Promise<void>;
  onEvent?: (event: PeripheralEvent) => void;
  security?: PdSecurity;
  /** Longest frame it takes, default 1440; longer ones get NAK 02. */
  receiveBytes?: number;
  /** Longest pause inside a frame; default 150 ms, see 5.8: more than USB buffers need, less than a panel's 200 ms before it repeats. */
  gapMs?: number;
  /** Silence after which the panel counts as gone; default 8000 ms. */
  offlineMs?: number;
  /** Reports kept for POLL, default 32; the oldest go first. */
  maxReports?: number;
  /** The number that a NAK 04 carries; default the command's. libosdp PDs send the number that they expect. */
  nak04Number?: (expected: number, got: number) => number;
}

import type { FileEvent } from "./file-receiver.ts";

/** Something that happened at the simulated SR01. */
export type Sr01Event =
  | FileEvent
  | { event: "output"; output: number; on: boolean }
  | { event: "input"; input: number; active: boolean }
  | { event: "tamper"; on: boolean }
  | { event: "power"; failure: boolean }
  /** A panel speaks, or has been silent for 8 s. */
  | { event: "online" | "offline" }
  /** A secure session stands, with its own key or the factory key; a key was stored; a local reset forgot it. */
  | { event: "session"; key: "scbk" | "scbk-d" }
  | { event: "keyset" }
  | { event: "key-reset" }
  | { event: "refused"; command: string; nak: number; reason: string }
  /** It is away; `forMs` null: for good, or until it is powered again. `version` is the one that will run. */
  | { event: "rebooting"; forMs: number | null; version: string }
  | { event: "running"; version: string; serialNumber: string }
  /** It listens at these from now on; `fallback`: nobody spoke at the new ones. */
  | { event: "parameters"; address: number; baud: number; cause: "comset" | "fallback" };

/** The simulated SR01 as it stands. Outputs and inputs as on the wire. */
export interface Sr01State {
  running: boolean;
  online: boolean;
  address: number;
  baud: number;
  serialNumber: string;
  firmwareVersion: string;
  outputs: number[];
  inputs: number[];
  tamper: boolean;
  powerFailure: boolean;
  /** What it can do: no secure channel, own key, or the factory key; and the key of the session that stands. */
  secure: "none" | "scbk" | "scbk-d";
  session: "scbk" | "scbk-d" | null;
  file: { receivedBytes: number; totalBytes: number } | null;
  /** New commands answered, repeats answered from store, refusals, and how often an output switched on. */
  counts: { commands: number; repeats: number; refused: number; moves: number };
}

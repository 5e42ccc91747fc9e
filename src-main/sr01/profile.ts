/** One capability row; see OSDP v2.2 annex B. */
export interface ProfileCapability {
  function: number;
  compliance: number;
  count: number;
}

/** What a unit says of itself. Vendor and serial number in hex. `secure`: how the link is protected just now. */
export interface UnitIdentity {
  address: number;
  baud: number;
  vendor: string;
  model: number;
  hardwareVersion: number;
  serialNumber: string;
  firmwareVersion: string;
  capabilities: ProfileCapability[];
  secure: "none" | "scbk" | "scbk-d";
}

/** Outputs (0/1), inputs (0 inactive, 1 active, 2 short, 3 open, 4 fault, 5 unknown), tamper and power. */
export interface UnitStatus {
  outputs: number[];
  inputs: number[];
  tamper: boolean;
  powerFailure: boolean;
}

/** How a firmware file went over the wire. `seconds` as the efficiency of the line is measured. */
export interface SentFirmware {
  outcome: "processed" | "rebooting";
  seconds: number;
  fragmentBytes: number;
}

/** Progress of a transfer; `finishing`: all bytes are over and the unit is still at work. */
export interface SendProgress {
  sentBytes: number;
  finishing: boolean;
  fragmentBytes: number;
  seconds: number;
}

/** One attempt to reach a unit. */
export interface ReachOptions {
  signal?: AbortSignal | undefined;
  /** Give up after so many sendings. */
  maxAttempts?: number | undefined;
}

/**
 * A wire profile: how this program speaks to an SR01. Ours is OSDP v2.2 (osdp-sr01.ts); the maker's own protocol is
 * unpublished and can be added beside it behind this interface. All calls reject with a ToolkitError; all but `identify`
 * with `not-verified`, nothing sent, when another unit answers than the one identified last.
 */
export interface WireProfile {
  /** Shown as a fact about us, e.g. `OSDP v2.2`. */
  readonly profileName: string;
  /** Starts the conversation anew and asks who is there. */
  identify(options?: ReachOptions): Promise<UnitIdentity>;
  /** Reads outputs, inputs, tamper and power. */
  status(signal?: AbortSignal): Promise<UnitStatus>;
  /** Closes the lock relay for a time; it ends by itself. Sent once. */
  pulse(output: number, seconds: number, signal?: AbortSignal): Promise<void>;
  /** Switches an output for good. Sent once. */
  set(output: number, on: boolean, signal?: AbortSignal): Promise<void>;
  /** Lets the unit report what it has to say; true when it had something. */
  poll(signal?: AbortSignal): Promise<boolean>;
  /** Sends a firmware file, an opaque file for the wire. */
  sendFirmware(
    file: Uint8Array,
    onProgress: (progress: SendProgress) => void,
    signal?: AbortSignal,
  ): Promise<SentFirmware>;
  /** Repeated sendings so far. */
  readonly repeats: number;
}

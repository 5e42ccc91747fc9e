import type { TrainingState } from "./model/app.ts";
import type { PortSource } from "./seams.ts";

/** What a person does at the simulated bench. */
export interface TrainingChange {
  cablePulled?: boolean | undefined;
  bitErrorRate?: number | undefined;
  exitButton?: boolean | undefined;
  doorOpen?: boolean | undefined;
  tamper?: boolean | undefined;
}

/** A simulated SR01 on a simulated line, and a simulated door phone. Made by the host; the real side is in sim/. */
export interface TrainingBench {
  readonly ports: PortSource;
  /** What to type in to reach them. */
  readonly words: { portPath: string; phoneHost: string; phoneUser: string; phonePassword: string };
  /** The bench as it is now. */
  state(): NonNullable<TrainingState>;
  /** Hears every change of the bench. */
  onChange(fn: () => void): () => void;
  set(change: TrainingChange): void;
  /** A firmware file for the simulated SR01, one step above what runs; spoilt if asked. */
  image(spoil?: "hash" | "length" | "hardware"): { name: string; bytes: Uint8Array };
  close(): Promise<void>;
}

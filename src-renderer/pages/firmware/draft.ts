import { useDraft } from "../../stores/draft.ts";
import type { ImageInfo } from "../../types.ts";

/** Inputs of the firmware wizard. */
export interface FirmwareDraft {
  /** The chosen file, as the main side read it. */
  image: ImageInfo | null;
  /** For files of unknown format: the version to be seen afterwards, if the person knows it. */
  expect: string;
  typedName: string;
  typedVersion: string;
  typedDoor: string;
  /** The job that was started or attached to; shown on Flash and Result. */
  jobId: string | null;
}

/** The firmware wizard's draft. */
export function useFirmwareDraft(): FirmwareDraft {
  return useDraft<FirmwareDraft>("firmware", () => ({
    image: null,
    expect: "",
    typedName: "",
    typedVersion: "",
    typedDoor: "",
    jobId: null,
  }));
}

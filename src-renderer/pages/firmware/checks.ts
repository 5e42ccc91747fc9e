import type { CallInput } from "../../../src-main/api/contract.ts";
import { compareVersions } from "../../format.ts";
import type { Identity, ImageInfo, LineMode } from "../../types.ts";
import type { Status } from "../../ui/StatusMark.vue";
import type { FirmwareDraft } from "./draft.ts";

/** One line of the overview: a check by dictionary key, and its verdict. */
export interface ImageCheck {
  name: "file" | "origin" | "hardware" | "version";
  status: Status;
  word: string;
}

/** True when the image states a version lower than the one that runs. */
export function isDowngrade(image: ImageInfo, unit: Identity): boolean {
  return image.version !== null && compareVersions(image.version, unit.firmwareVersion) < 0;
}

/** The checks of an image against a unit. `word` is a key below `firmware.verdict`. */
export function checksOf(image: ImageInfo, unit: Identity): ImageCheck[] {
  const fits =
    image.hardware !== null && unit.hardwareVersion >= image.hardware.from && unit.hardwareVersion <= image.hardware.to;
  const version: ImageCheck = { name: "version", status: "warn", word: "noVersion" };
  if (image.version !== null) {
    const step = compareVersions(image.version, unit.firmwareVersion);
    Object.assign(version, step > 0 ? up : step < 0 ? down : same);
  }
  return [
    {
      name: "file",
      status: image.problems.length === 0 ? "pass" : "fail",
      word: image.problems.length === 0 ? "whole" : "unfit",
    },
    { name: "origin", status: image.kind === "opaque" ? "warn" : "pass", word: image.kind },
    image.hardware === null
      ? { name: "hardware", status: "unknown", word: "noHardware" }
      : { name: "hardware", status: fits ? "pass" : "fail", word: fits ? "fits" : "unfit" },
    version,
  ];
}
const up = { status: "pass", word: "newer" } as const;
const down = { status: "warn", word: "older" } as const;
const same = { status: "unknown", word: "same" } as const;

/** What stands between the overview and the first byte, as keys below `firmware.need`. */
export function missingToFlash(
  draft: FirmwareDraft,
  unit: Identity | null,
  mode: LineMode | null,
  door: string,
  open: boolean,
): string[] {
  const { image } = draft;
  if (!open || mode === "listening") return ["line"];
  if (unit === null) return ["unit"];
  if (image === null) return ["image"];
  const list: string[] = [];
  if (image.problems.length > 0) list.push("problems");
  if (checksOf(image, unit).some((check) => check.name === "hardware" && check.status === "fail"))
    list.push("hardware");
  if (image.kind === "opaque" && mode === "alone") list.push("opaqueAtDoor");
  else if (image.kind === "opaque" && draft.typedName !== image.name) list.push("typedName");
  if (isDowngrade(image, unit) && draft.typedVersion.trim() !== image.version) list.push("typedVersion");
  if (mode === "alone" && door === "") list.push("door");
  else if (mode === "alone" && draft.typedDoor.trim() !== door) list.push("typedDoor");
  return list;
}

/** The call that starts the flash, from what was typed. */
export function flashInput(
  draft: FirmwareDraft,
  image: ImageInfo,
  unit: Identity,
  onceId: string,
  mode: LineMode | null,
): CallInput<"flash.start"> {
  const expect = draft.expect.trim();
  return {
    onceId,
    fileId: image.fileId,
    ...(image.version === null && expect !== "" ? { expect } : {}),
    ...(isDowngrade(image, unit) ? { allowDowngrade: draft.typedVersion.trim() } : {}),
    ...(image.kind === "opaque" ? { allowUnknown: draft.typedName } : {}),
    ...(mode === "alone" ? { doorName: draft.typedDoor.trim() } : {}),
  };
}

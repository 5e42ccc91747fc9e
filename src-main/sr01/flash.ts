import { sleep, type Clock } from "../lib/clock.ts";
import { fail, toToolkitError, type ToolkitError } from "../lib/errors.ts";
import type { SendProgress, SentFirmware, UnitIdentity, WireProfile } from "./profile.ts";
import { compareVersions } from "./version.ts";

/** After status 2 the unit is asked so often ... */
const returnEveryMs = 500;
/** ... for so long. */
const returnLimitMs = 60_000;
/** A unit that still answers with its old version after status 2 may not have begun its restart; so long that is believed. */
const stillUpMs = 5000;

/** What is known of the file before a byte is sent. */
export interface FlashImage {
  /** Version that the file states; null for a file of unknown format. */
  version: string | null;
  /** Hardware versions that the file states it is for. */
  hardware: { from: number; to: number } | null;
}

/** What to flash, on what, and what the person allowed. */
export interface FlashOrder {
  profile: WireProfile;
  file: Uint8Array;
  image: FlashImage;
  /** Version that must run afterwards; needed when the file states none. */
  expect?: string | undefined;
  /** The file's version, typed out, when it is lower than the running one. */
  allowDowngrade?: string | undefined;
  clock: Clock;
  signal?: AbortSignal | undefined;
  onProgress(progress: { phase: "check" | "transfer" | "finish" | "reboot" | "identify"; sentBytes: number }): void;
  /** Who answered, before anything was sent. */
  onUnit?(identity: UnitIdentity): void;
  /** From here on stopping would not help: the unit has the whole file. */
  onCommitted?(): void;
}

/** End of a flash that got as far as a transfer. */
export interface FlashReport {
  fileBytes: number;
  /** From the first byte of the first FILETRANSFER to the FTSTAT of the last byte. */
  seconds: number;
  /** fileBytes * 10 / baud / seconds. */
  efficiency: number;
  /** Largest fragment. */
  fragmentBytes: number;
  firmwareBefore: string;
  /** Null when nobody answered afterwards. */
  firmwareAfter: string | null;
  /** True: the expected version runs. Null: sent, and no version was known to compare with. */
  verified: boolean | null;
  /** Why `verified` is false, or what broke the transfer. */
  error: ToolkitError | null;
}

/** Rules that need the unit: hardware range, downgrade. Throws `bad-input` before a byte of the file is sent. */
export function checkAgainstUnit(
  order: Pick<FlashOrder, "image" | "expect" | "allowDowngrade">,
  unit: UnitIdentity,
): void {
  const { version, hardware } = order.image;
  if (hardware && (unit.hardwareVersion < hardware.from || unit.hardwareVersion > hardware.to)) {
    const range = `${String(hardware.from)} to ${String(hardware.to)}`;
    throw fail(
      "bad-input",
      `This file is for hardware ${range}; the unit is hardware ${String(unit.hardwareVersion)}.`,
      {
        field: "file",
      },
    );
  }
  if (version !== null && order.expect !== undefined && order.expect !== version) {
    throw fail("bad-input", `The file states version ${version}, not ${order.expect}.`, { field: "expect" });
  }
  if (version !== null && compareVersions(version, unit.firmwareVersion) < 0 && order.allowDowngrade !== version) {
    throw fail(
      "bad-input",
      `Version ${version} is older than the running ${unit.firmwareVersion}; type it out to allow that.`,
      {
        field: "allow-downgrade",
      },
    );
  }
}

/**
 * Flashes one unit: identify, check, send, wait through the restart, identify again, compare. Rejects only before the
 * first fragment; afterwards every end is a report.
 */
export async function flash(order: FlashOrder): Promise<FlashReport> {
  order.onProgress({ phase: "check", sentBytes: 0 });
  const before = await order.profile.identify({ signal: order.signal });
  order.onUnit?.(before);
  checkAgainstUnit(order, before);
  let sent: SentFirmware;
  try {
    sent = await order.profile.sendFirmware(
      order.file,
      (progress) => {
        onTransfer(order, progress);
      },
      order.signal,
    );
  } catch (error) {
    return broken(order, before, toToolkitError(error));
  }
  order.onCommitted?.();
  return verify(order, before, sent);
}

function onTransfer(order: FlashOrder, progress: SendProgress): void {
  order.onProgress({ phase: progress.finishing ? "finish" : "transfer", sentBytes: progress.sentBytes });
  if (progress.sentBytes >= order.file.length) order.onCommitted?.();
}

/** The transfer broke off. Where the unit can still be heard, say what it runs now. */
async function broken(order: FlashOrder, before: UnitIdentity, error: ToolkitError): Promise<FlashReport> {
  const data = (error.data ?? {}) as { seconds?: number; fragmentBytes?: number };
  if (data.seconds === undefined) throw error;
  const figuresSoFar = figures(order, before, { seconds: data.seconds, fragmentBytes: data.fragmentBytes ?? 0 });
  return {
    ...figuresSoFar,
    efficiency: 0,
    firmwareAfter: await versionNow(order.profile, error),
    verified: false,
    error,
  };
}

async function versionNow(profile: WireProfile, error: ToolkitError): Promise<string | null> {
  const stillHeard: readonly string[] = ["device-refused", "cancelled", "protocol", "unsupported"];
  if (!stillHeard.includes(error.code)) return null;
  try {
    return (await profile.identify({ maxAttempts: 2 })).firmwareVersion;
  } catch {
    // It does not answer: the caller's error already says what happened.
    return null;
  }
}

async function verify(order: FlashOrder, before: UnitIdentity, sent: SentFirmware): Promise<FlashReport> {
  const report = figures(order, before, sent);
  const total = order.file.length;
  let after: UnitIdentity;
  try {
    if (sent.outcome === "rebooting") {
      order.onProgress({ phase: "reboot", sentBytes: total });
      after = await awaitReturn(order, before);
      order.onProgress({ phase: "identify", sentBytes: total });
    } else {
      order.onProgress({ phase: "identify", sentBytes: total });
      after = await order.profile.identify({ signal: order.signal });
    }
  } catch (error) {
    return { ...report, firmwareAfter: null, verified: false, error: toToolkitError(error) };
  }
  return { ...report, firmwareAfter: after.firmwareVersion, ...compare(order, before, after) };
}

/**
 * ID with sequence 0 every 500 ms until somebody answers. Refusals count as silence: the unit may still be starting. The old
 * version counts only from a unit that was away, or does not go.
 */
async function awaitReturn(order: FlashOrder, before: UnitIdentity): Promise<UnitIdentity> {
  const start = order.clock.now();
  const until = start + returnLimitMs;
  let wasAway = false;
  for (;;) {
    const begun = order.clock.now();
    try {
      const unit = await order.profile.identify({ signal: order.signal, maxAttempts: 1 });
      if (wasAway || unit.firmwareVersion !== before.firmwareVersion || begun - start >= stillUpMs) return unit;
    } catch (error) {
      wasAway = true;
      const { code } = toToolkitError(error);
      if (code !== "device-timeout" && code !== "device-refused" && code !== "protocol") throw error;
    }
    if (order.clock.now() >= until) {
      throw fail("not-verified", "The unit took the file, restarted, and did not come back within 60 s.");
    }
    await sleep(order.clock, Math.max(0, returnEveryMs - (order.clock.now() - begun)), order.signal);
  }
}

function compare(
  order: FlashOrder,
  before: UnitIdentity,
  after: UnitIdentity,
): { verified: boolean | null; error: ToolkitError | null } {
  if (after.serialNumber !== before.serialNumber || after.vendor !== before.vendor) {
    const text = `Another unit answers now: serial number ${after.serialNumber} instead of ${before.serialNumber}.`;
    return { verified: false, error: fail("not-verified", text) };
  }
  const known = order.image.version ?? order.expect;
  if (known === undefined) return { verified: null, error: null };
  if (after.firmwareVersion === known) return { verified: true, error: null };
  const text = `The unit took the file but runs ${after.firmwareVersion}, not ${known}.`;
  return { verified: false, error: fail("not-verified", text) };
}

function figures(
  order: FlashOrder,
  before: UnitIdentity,
  sent: { seconds: number; fragmentBytes: number },
): Pick<FlashReport, "fileBytes" | "seconds" | "efficiency" | "fragmentBytes" | "firmwareBefore"> {
  const fileBytes = order.file.length;
  const seconds = round(sent.seconds, 3);
  const efficiency = seconds > 0 ? round((fileBytes * 10) / before.baud / sent.seconds, 4) : 0;
  return { fileBytes, seconds, efficiency, fragmentBytes: sent.fragmentBytes, firmwareBefore: before.firmwareVersion };
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

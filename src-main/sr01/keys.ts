import { fail, ToolkitError } from "../lib/errors.ts";
import type { Device, DeviceFacts } from "../osdp/device.ts";
import type { LinkKey } from "../osdp/handshake.ts";
import type { Capability, DeviceId } from "../osdp/replies.ts";

/** Gives so many random bytes. */
export type RandomBytes = (count: number) => Uint8Array;

/** How the link is to be opened. With a key given or kept there is no way back to plain, and never the factory key. */
export type LinkChoice =
  | { kind: "plain" }
  | { kind: "given"; key: Uint8Array }
  /** The keys kept for the unit that answers, in the order to try; none: in clear. */
  | { kind: "kept-or-plain"; keysOf: (id: DeviceId) => Promise<readonly Uint8Array[]> };

/** What came of it. `facts` null: nothing was asked yet. `keyIndex`: which kept key a handshake proved. */
export interface OpenedLink {
  facts: DeviceFacts | null;
  keyIndex: number | null;
  /** What the link is opened with; null: in clear. */
  link: LinkKey | null;
}

/**
 * Prepares the link to a unit. A given key is used at the next start; for a kept one the unit is asked in clear who it is,
 * then the handshake proves the key. `device-auth` when no kept key fits, `unsupported` without a secure channel.
 */
export async function openLink(
  device: Device,
  choice: LinkChoice,
  randomBytes: RandomBytes,
  signal?: AbortSignal,
): Promise<OpenedLink> {
  const given: LinkKey | null = choice.kind === "given" ? { kind: "scbk", key: choice.key, randomBytes } : null;
  device.useKey(given);
  if (choice.kind !== "kept-or-plain") return { facts: null, keyIndex: null, link: given };
  const facts = await device.start({ plain: true, signal });
  const keys = await choice.keysOf(facts.id);
  if (keys.length === 0) return { facts, keyIndex: null, link: null };
  const links = keys.map((key): LinkKey => ({ kind: "scbk", key, randomBytes }));
  const found = await firstThatOpens(device, links, facts.id, signal);
  if (found.index === null) throw named(found.error, facts.id);
  return { facts, keyIndex: found.index, link: links[found.index] ?? null };
}

/** Which of the keys opens a session: index, or null with the last refusal. Anything but a refusal is thrown. */
export async function firstThatOpens(
  device: Device,
  links: readonly LinkKey[],
  id: DeviceId,
  signal?: AbortSignal,
): Promise<{ index: number; error: null } | { index: null; error: ToolkitError }> {
  let refusal = fail("device-auth", "No key is known for this unit.");
  for (const [index, link] of links.entries()) {
    device.useKey(link);
    try {
      await onSameUnit(device, id, (own) => device.start({ signal: own }), signal);
      return { index, error: null };
    } catch (error) {
      if (!(error instanceof ToolkitError) || error.code !== "device-auth") throw error;
      refusal = error;
    }
  }
  device.useKey(null);
  return { index: null, error: refusal };
}

/**
 * Runs work with a unit that must be the one named by `id` (null: the one that answered last). As soon as another one
 * answers at its address nothing more is sent and `not-verified` names both.
 */
export async function onSameUnit<T>(
  device: Device,
  id: DeviceId | null,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const expected = id ?? device.facts?.id ?? null;
  const seen: { other: DeviceId | null } = { other: null };
  const stop = new AbortController();
  const onStop = (): void => {
    stop.abort();
  };
  if (signal?.aborted) onStop();
  signal?.addEventListener("abort", onStop, { once: true });
  const leave = device.onSwap(({ now }) => {
    if (expected === null || sameUnit(expected, now)) return;
    seen.other = now;
    stop.abort();
  });
  try {
    const last = device.facts?.id;
    if (expected && last && !sameUnit(expected, last)) throw otherUnit(expected, last);
    return await work(stop.signal);
  } catch (error) {
    if (seen.other === null || expected === null) throw error;
    device.forget();
    throw otherUnit(expected, seen.other, error);
  } finally {
    leave();
    signal?.removeEventListener("abort", onStop);
  }
}

/** Vendor, model and serial number are the same. */
export function sameUnit(a: DeviceId, b: DeviceId): boolean {
  return a.vendor === b.vendor && a.model === b.model && a.serialNumber === b.serialNumber;
}

/** The unit itself says that it uses the factory key (capability 9, number bit 0). */
export function onFactoryKey(capabilities: readonly Capability[]): boolean {
  const security = capabilities.find((c) => c.function === 9);
  return security !== undefined && (security.compliance & 1) === 1 && (security.count & 1) === 1;
}

/** The refusal with the name of the unit, which is all that may be had of it. */
export function named(error: ToolkitError, { vendor, model, serialNumber, firmwareVersion }: DeviceId): ToolkitError {
  return fail(error.code, `Unit ${serialNumber}: ${error.message}`, {
    cause: error,
    data: { ...error.data, unit: { vendor, model, serialNumber, firmwareVersion } },
  });
}

function otherUnit(before: DeviceId, now: DeviceId, cause?: unknown): ToolkitError {
  const text = `Another unit answers now: serial number ${now.serialNumber} instead of ${before.serialNumber}. Nothing was sent to it but the question who it is.`;
  const unclear = cause instanceof ToolkitError && cause.data?.["maybeExecuted"] === true;
  return fail("not-verified", text, {
    cause,
    data: { before: before.serialNumber, now: now.serialNumber, ...(unclear ? { maybeExecuted: true } : {}) },
  });
}

import { sleep, type Clock } from "../lib/clock.ts";
import { equalBytes } from "../lib/bytes.ts";
import { fail, toToolkitError, type ToolkitError } from "../lib/errors.ts";
import { KEYSET } from "../osdp/commands.ts";
import type { Device, DeviceFacts } from "../osdp/device.ts";
import type { LinkKey } from "../osdp/handshake.ts";
import type { DeviceId } from "../osdp/replies.ts";
import { factoryKey, sameSecret } from "../osdp/secure-channel.ts";
import { firstThatOpens, named, onFactoryKey, onSameUnit, type RandomBytes } from "./keys.ts";

/** KEYSET type 1: SCBK, AES-128 (OSDP v2.2, 6.16). */
const scbkType = 1;
/** After KEYSET both keys are tried so often before "both must be tried" ... */
const proofRounds = 2;
/** ... with so long in between, ms: the unit may store, or start anew. */
const proofPauseMs = 1000;
/** A session that rested for so long while the key was kept is opened anew: a unit drops it after 8 s. */
const restedMs = 2000;
/** Sendings of one question while a key is proven. */
const proofAttempts = 6;

/** Keys that may open the unit just now. */
export interface PresentKeys {
  /** In the order to try. */
  keys: readonly Uint8Array[];
  /** A person named the key: no other is tried. */
  given: boolean;
  /** An earlier pairing from the factory key was never proven, so that key may still be in force. */
  maybeFactory: boolean;
}

/** What to pair, and how keys are had and kept. */
export interface PairOrder {
  device: Device;
  clock: Clock;
  randomBytes: RandomBytes;
  newKey: Uint8Array;
  present: (id: DeviceId) => Promise<PresentKeys>;
  /** Makes the new key durable beside the one before it. KEYSET is sent only after it resolved. */
  keep: (id: DeviceId, before: Uint8Array | "factory") => Promise<void>;
  onPhase?: ((phase: "identify" | "handshake" | "keep" | "keyset" | "proof") => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** End of a pairing that got as far as a kept key. */
export interface PairReport {
  id: DeviceId;
  before: "scbk" | "scbk-d";
  /** KEYSET left, or may have left, this computer. */
  keySent: boolean;
  /** Which key a handshake proved afterwards; null: neither, both must be tried. */
  works: "new" | "old" | null;
  /** Null when the new key works. */
  error: ToolkitError | null;
}

/**
 * Gives a unit a new key (OSDP v2.2, 6.16, annex D): its own key first, the factory key only where no own key is known or
 * the unit itself says so; KEYSET inside the session; then a new session with the new key, else with the old one. Rejects
 * only before the new key was kept. From KEYSET on it cannot be stopped; it ends by itself.
 */
export async function pair(order: PairOrder): Promise<PairReport> {
  const { device, newKey, signal } = order;
  if (sameSecret(newKey, factoryKey as Uint8Array))
    throw fail("bad-input", "The factory key is no key: everybody knows it.");
  order.onPhase?.("identify");
  const facts = await device.start({ plain: true, signal });
  refuseWithoutChannel(facts);
  order.onPhase?.("handshake");
  const old = await openPresent(order, facts);
  if (old.kind === "scbk" && sameSecret(old.key, newKey)) throw fail("bad-input", "The unit has this key already.");
  order.onPhase?.("keep");
  await order.keep(facts.id, old.kind === "scbk" ? old.key : "factory");
  const report = { id: facts.id, before: old.kind };
  if (signal?.aborted)
    return { ...report, keySent: false, works: "old", error: fail("cancelled", "Stopped on request.") };
  order.onPhase?.("keyset");
  const refusal = await sendKey(order, facts.id);
  const keySent = refusal === null || refusal.data?.["maybeExecuted"] === true || refusal.data?.["nak"] !== undefined;
  if (!keySent) return { ...report, keySent, works: "old", error: refusal };
  order.onPhase?.("proof");
  return { ...report, keySent, ...(await prove(order, facts.id, old, refusal)) };
}

function refuseWithoutChannel({ id, capabilities }: DeviceFacts): void {
  const security = capabilities.find((c) => c.function === 9);
  if (!security || (security.compliance & 1) === 1) return;
  throw named(fail("unsupported", "This unit offers no encrypted link, so it cannot be paired."), id);
}

async function openPresent(order: PairOrder, { id, capabilities }: DeviceFacts): Promise<LinkKey> {
  const { device, randomBytes, signal } = order;
  const { keys, given, maybeFactory } = await order.present(id);
  const links: LinkKey[] = keys.map((key) => ({ kind: "scbk", key, randomBytes }));
  // A unit that refuses the key we know for it is not ours, unless it says itself that it was reset.
  if (!given && (keys.length === 0 || maybeFactory || onFactoryKey(capabilities))) {
    links.push({ kind: "scbk-d", key: factoryKey as Uint8Array, randomBytes });
  }
  const found = await firstThatOpens(device, links, id, signal);
  const link = found.index === null ? undefined : links[found.index];
  if (!link) throw named(found.error ?? fail("device-auth", "No key fits."), id);
  return link;
}

/** KEYSET, once. Null: acknowledged. Not to be stopped: half a key change is the worst of all ends. */
async function sendKey({ device, newKey, clock }: PairOrder, id: DeviceId): Promise<ToolkitError | null> {
  try {
    if (clock.now() - device.lastValidAt > restedMs) device.forget();
    await onSameUnit(device, id, (signal) =>
      device.request(KEYSET, { type: scbkType, key: newKey }, { signal, maxAttempts: proofAttempts }),
    );
    return null;
  } catch (error) {
    return toToolkitError(error);
  }
}

/** New key, then old, a bounded number of times. */
async function prove(
  order: PairOrder,
  id: DeviceId,
  old: LinkKey,
  refusal: ToolkitError | null,
): Promise<Pick<PairReport, "works" | "error">> {
  const { newKey, randomBytes, clock } = order;
  const links: LinkKey[] = [{ kind: "scbk", key: newKey, randomBytes }, old];
  let last = refusal;
  for (let round = 0; round < proofRounds; round++) {
    if (round > 0) await sleep(clock, proofPauseMs);
    for (const link of links) {
      const error = await opens(order, link, id);
      if (error === null)
        return link === old ? { works: "old", error: stillOld(refusal) } : { works: "new", error: null };
      last = error;
      if (error.code === "busy" || error.code === "link-lost" || error.code === "not-verified") round = proofRounds;
    }
  }
  return { works: null, error: inDoubt(refusal ?? last) };
}

async function opens({ device }: PairOrder, link: LinkKey, id: DeviceId): Promise<ToolkitError | null> {
  device.useKey(link);
  try {
    await onSameUnit(device, id, (signal) => device.start({ signal, maxAttempts: proofAttempts }));
    return null;
  } catch (error) {
    return toToolkitError(error);
  }
}

function stillOld(refusal: ToolkitError | null): ToolkitError {
  const words = "The key before it still works; the new one is not in force.";
  const data = { keySent: true, works: "old" };
  if (refusal === null)
    return fail("not-verified", `The unit acknowledged the new key and did not take it. ${words}`, { data });
  return fail(refusal.code, `${refusal.message} ${words}`, { cause: refusal, data: { ...refusal.data, ...data } });
}

function inDoubt(cause: ToolkitError | null): ToolkitError {
  const words =
    "The key was sent, and no handshake could show which one is in force: both, the new one and the one before it, must be tried.";
  const data = { keySent: true, works: null, ...(cause ? { seen: cause.code } : {}) };
  return fail(cause?.code ?? "not-verified", `${words}${cause ? ` ${cause.message}` : ""}`, { cause, data });
}

/** A fresh key, 16 bytes; never the factory key. */
export function freshKey(randomBytes: RandomBytes): Uint8Array {
  const key = randomBytes(16);
  if (key.length !== 16 || equalBytes(key, factoryKey as Uint8Array))
    throw fail("bug", "The source of keys is broken.");
  return key;
}

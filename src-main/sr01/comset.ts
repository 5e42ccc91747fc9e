import { sleep, throwIfAborted, type Clock } from "../lib/clock.ts";
import { fail, toToolkitError, type ToolkitError } from "../lib/errors.ts";
import type { Bus } from "../osdp/bus.ts";
import { COMSET, ID } from "../osdp/commands.ts";
import type { Device, DeviceFacts } from "../osdp/device.ts";
import type { LinkKey } from "../osdp/handshake.ts";
import type { DeviceId } from "../osdp/replies.ts";
import { onSameUnit, sameUnit } from "./keys.ts";

/** Rates of OSDP v2.2, 5.1, in bit/s. */
export const osdpBauds: readonly number[] = [9600, 19_200, 38_400, 57_600, 115_200, 230_400];

/** From COM to the first byte at the new parameters, ms. */
const switchMs = 20;
/** Nobody at the new parameters for so long: back to the old ones, ms. The unit does the same. */
const returnLimitMs = 8000;
const betweenTriesMs = 250;
/** Sendings of COMSET at the old parameters. */
const comsetAttempts = 4;

/** Where a unit answers. */
export interface LinePlace {
  address: number;
  baud: number;
}

/** A change of address and speed. `link`: the key that the unit is reached with, null in clear. */
export interface ComsetOrder {
  bus: Bus;
  clock: Clock;
  from: LinePlace;
  wish: LinePlace;
  /** Prepares the link of the device object of the new address. */
  link: LinkKey | null;
  onPhase?: ((phase: "identify" | "comset" | "verify" | "fall-back", place: LinePlace) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Where the unit answers now; null: nowhere. `error` null only when it is what was asked for. */
export interface ComsetReport {
  place: LinePlace | null;
  id: DeviceId;
  error: ToolkitError | null;
}

/**
 * Changes address and speed of a unit (OSDP v2.2, 6.13): follows what COM says; without COM tries the new parameters all
 * the same; nobody there within 8 s: back to the old ones. Rejects only before COMSET was sent and when it was refused.
 * From then on it cannot be stopped; it ends by itself. The bus is left at the rate where the unit answers.
 */
export async function changeAddressAndSpeed(order: ComsetOrder): Promise<ComsetReport> {
  const { bus, from, wish, signal } = order;
  const device = bus.device(from.address);
  order.onPhase?.("identify", from);
  const { id } = await device.start({ signal });
  await refuseTaken(order);
  throwIfAborted(signal);
  order.onPhase?.("comset", from);
  const { target, doubt } = await sendWish(device, id, wish);
  order.onPhase?.("verify", target);
  const there = await awaitAt(order, target, id);
  if (there === null) return { place: target, id, error: same(target, wish) ? null : otherPlace(target) };
  if (there.code === "busy" || there.code === "link-lost") return { place: null, id, error: there };
  order.onPhase?.("fall-back", from);
  const back = await awaitAt(order, from, id);
  return back === null
    ? { place: from, id, error: stillThere(from, doubt) }
    : { place: null, id, error: nowhere(from, target) };
}

/** Somebody at the new address already: two units on one address would hear neither. One look at the present speed. */
async function refuseTaken({ bus, from, wish, signal }: ComsetOrder): Promise<void> {
  if (wish.address === from.address) return;
  const other = bus.device(wish.address);
  try {
    await other.request(ID, { type: 0 }, { signal, maxAttempts: 1 });
  } catch (error) {
    const { code } = toToolkitError(error);
    if (code === "device-timeout") return;
    if (code === "cancelled" || code === "link-lost" || code === "busy") throw error;
  }
  throw fail("bad-input", `Address ${String(wish.address)} is taken by another unit on this line.`, {
    field: "new-address",
  });
}

/** What COM says the unit will use. Without COM: the wish, and why nothing was heard. */
async function sendWish(
  device: Device,
  id: DeviceId,
  wish: LinePlace,
): Promise<{ target: LinePlace; doubt: ToolkitError | null }> {
  try {
    const send = (signal: AbortSignal) => device.request(COMSET, wish, { signal, maxAttempts: comsetAttempts });
    const said = (await onSameUnit(device, id, send)).value as LinePlace;
    const usable = said.address <= 126 && osdpBauds.includes(said.baud);
    if (usable) return { target: said, doubt: null };
    const text = `The unit says that it will use address ${String(said.address)} at ${String(said.baud)} bit/s, which cannot be.`;
    return { target: wish, doubt: fail("protocol", text) };
  } catch (error) {
    const seen = toToolkitError(error);
    if (seen.data?.["maybeExecuted"] !== true || seen.code === "busy" || seen.code === "link-lost") throw seen;
    return { target: wish, doubt: seen };
  }
}

/** Null: the unit answers there. Else why not, after 8 s. */
async function awaitAt(
  { bus, clock, link }: ComsetOrder,
  place: LinePlace,
  id: DeviceId,
): Promise<ToolkitError | null> {
  // The port's change of rate throws away what is in its buffers: the line must have come to rest.
  await sleep(clock, switchMs);
  const until = clock.now() + returnLimitMs;
  try {
    if (bus.baud !== place.baud) await bus.setBaud(place.baud);
  } catch (error) {
    return toToolkitError(error);
  }
  const device = bus.device(place.address);
  device.useKey(link);
  for (;;) {
    const seen = await askOnce(device, id);
    if (seen === null || seen.code === "busy" || seen.code === "link-lost" || clock.now() >= until) return seen;
    await sleep(clock, betweenTriesMs);
  }
}

async function askOnce(device: Device, id: DeviceId): Promise<ToolkitError | null> {
  let facts: DeviceFacts;
  try {
    facts = await device.start({ maxAttempts: 2 });
  } catch (error) {
    return toToolkitError(error);
  }
  if (sameUnit(facts.id, id)) return null;
  return fail("not-verified", `Another unit answers there: serial number ${facts.id.serialNumber}.`);
}

function same(a: LinePlace, b: LinePlace): boolean {
  return a.address === b.address && a.baud === b.baud;
}

function words({ address, baud }: LinePlace): string {
  return `address ${String(address)}, ${String(baud)} bit/s`;
}

function otherPlace(place: LinePlace): ToolkitError {
  return fail("not-verified", `The unit chose otherwise: it answers at ${words(place)}.`, { data: { ...place } });
}

function stillThere(place: LinePlace, doubt: ToolkitError | null): ToolkitError {
  const why = doubt === null ? "It said yes to the new ones and was not heard there." : doubt.message;
  return fail("not-verified", `The unit is still at ${words(place)}. ${why}`, {
    data: { ...place },
    ...(doubt ? { cause: doubt } : {}),
  });
}

function nowhere(from: LinePlace, target: LinePlace): ToolkitError {
  const text = `The unit answers neither at ${words(target)} nor at ${words(from)}. It may return to the old ones by itself; look for it with scan.`;
  return fail("device-timeout", text, { data: { from, target } });
}

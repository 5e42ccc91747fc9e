import { sleep, throwIfAborted, type Clock } from "../lib/clock.ts";
import { toToolkitError } from "../lib/errors.ts";
import type { Port } from "../lib/port.ts";
import { Bus } from "../osdp/bus.ts";
import type { DeviceTiming } from "../osdp/device.ts";
import { BROADCAST } from "../osdp/frame.ts";
import type { LinkKey } from "../osdp/handshake.ts";
import type { WireTiming } from "../osdp/wire.ts";
import { askUnit } from "./ask-unit.ts";
import { osdpBauds } from "./comset.ts";
import {
  burstsOf,
  framesIn,
  looksInverted,
  looksStructured,
  nothingTyped,
  type Elsewhere,
  type Evidence,
  type Listened,
  type MeasuredRate,
  type Typed,
} from "./evidence.ts";
import { scan, type ScanReport } from "./scan.ts";

/** At each other rate while somebody else speaks, ms. */
const otherRateMs = 800;
/** Before another rate is asked, ms. */
const quietMs = 250;
/** Heard bytes that are kept. */
const maxHeardBytes = 65_536;

/** How to collect. The port is the caller's: opened, silent so far, and given back by the caller. */
export interface GatherOrder {
  port: Port;
  clock: Clock;
  mode: Evidence["mode"];
  address: number;
  /** The door's name, typed: in Alone other rates and addresses are asked only with it. */
  door: string | null;
  wireTiming: WireTiming;
  deviceTiming: DeviceTiming;
  /** Before the first byte. */
  listenMs: number;
  /** Our key for the unit; null: none. */
  link: LinkKey | null;
  /** Packets to ask the unit with; default 60. */
  packets?: number | undefined;
  adapterIsRs485?: boolean | null | undefined;
  rates?: readonly MeasuredRate[] | undefined;
  typed?: Typed | undefined;
  onPhase?:
    ((phase: "listen" | "listen-elsewhere" | "ask" | "key" | "look-elsewhere", baud: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Collects evidence within the rules of the line mode: listens first, at other rates too when somebody speaks, and then sends
 * nothing. On a silent line in Bench and Alone asks the unit; when it is mute, looks at other rates and addresses
 * (Bench, or Alone with the door named). The port is left at its rate. Rejects with `cancelled` and `link-lost`.
 */
export async function gatherEvidence(order: GatherOrder): Promise<Evidence> {
  const { port, mode, address, rates = [], typed = nothingTyped, adapterIsRs485 = null } = order;
  const { baud } = port;
  const listened = await listenFirst(order);
  const evidence: Evidence = {
    ...{ mode, baud, address, listened, asked: null, elsewhere: null, keyRefused: false },
    ...{ adapterIsRs485, rates: [...rates], typed },
  };
  if (mode === "listening" || listened.bytes > 0) return evidence;
  const bus = new Bus(port, order.clock, order.wireTiming, order.deviceTiming);
  order.onPhase?.("ask", baud);
  evidence.asked = await askUnit({ bus, port, address, packets: order.packets ?? 60, signal: order.signal });
  const { received, refused, mismatch, rubbish, echo, foreign } = evidence.asked;
  if (foreign) return evidence;
  if (received > 0 && order.link) {
    order.onPhase?.("key", baud);
    evidence.keyRefused = await refusesKey(order, bus, order.link);
    // With our key a unit that wants none in clear is no stranger.
    if (!evidence.keyRefused) evidence.asked.naks = evidence.asked.naks.filter((nak) => nak !== 5 && nak !== 6);
  }
  const mayLook = mode === "bench" || (order.door !== null && order.door.trim() !== "");
  if (received + refused + mismatch + rubbish > 0 || echo === "damaged" || !mayLook) return evidence;
  try {
    evidence.elsewhere = await lookElsewhere(order, bus);
  } catch (error) {
    if (toToolkitError(error).code !== "busy") throw error;
    evidence.asked.foreign = true;
  }
  return evidence;
}

interface Heard {
  at: number;
  bytes: Uint8Array;
}

async function listen({ port, clock, signal }: GatherOrder, ms: number): Promise<Heard[]> {
  const heard: Heard[] = [];
  let count = 0;
  const stop = new AbortController();
  const seen: { gone: Error | null } = { gone: null };
  const leaveData = port.onData((bytes) => {
    count += bytes.length;
    if (count <= maxHeardBytes) heard.push({ at: clock.now(), bytes });
  });
  const leaveClose = port.onClose((error) => {
    seen.gone = error ?? null;
    stop.abort();
  });
  const onAbort = (): void => {
    stop.abort();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    throwIfAborted(signal);
    await sleep(clock, ms, stop.signal);
    return heard;
  } catch (error) {
    throw seen.gone ?? error;
  } finally {
    leaveData();
    leaveClose();
    signal?.removeEventListener("abort", onAbort);
  }
}

async function listenFirst(order: GatherOrder): Promise<Listened> {
  const { port, listenMs } = order;
  const { baud } = port;
  order.onPhase?.("listen", baud);
  const heard = await listen(order, listenMs);
  const bursts = burstsOf(heard);
  const bytes = heard.reduce((sum, piece) => sum + piece.bytes.length, 0);
  const found: Listened = {
    ...{ ms: listenMs, bytes, ...framesIn(bursts), framesAtBaud: null },
    ...{ inverted: looksInverted(bursts), structured: looksStructured(bursts) },
    onlyBreaks: bytes > 0 && heard.every((piece) => piece.bytes.every((byte) => byte === 0)),
  };
  if (bytes === 0 || found.commands + found.replies > 0 || found.inverted) return found;
  try {
    await listenElsewhere(order, baud, found);
  } finally {
    await port.setBaud(baud);
  }
  return found;
}

async function listenElsewhere(order: GatherOrder, home: number, found: Listened): Promise<void> {
  for (const baud of osdpBauds) {
    if (baud === home || !(await runsAt(order.port, baud))) continue;
    order.onPhase?.("listen-elsewhere", baud);
    const bursts = burstsOf(await listen(order, otherRateMs));
    const { commands, replies } = framesIn(bursts);
    if (looksInverted(bursts)) found.inverted = true;
    if (commands + replies > 0) found.framesAtBaud = baud;
    if (found.inverted || found.framesAtBaud !== null) return;
  }
}

/** An adapter that cannot run at a rate is no end of the search. */
async function runsAt(port: Port, baud: number): Promise<boolean> {
  try {
    await port.setBaud(baud);
    return true;
  } catch (error) {
    if (toToolkitError(error).code === "link-lost") throw error;
    return false;
  }
}

async function refusesKey({ address, signal }: GatherOrder, bus: Bus, link: LinkKey): Promise<boolean> {
  const device = bus.device(address);
  device.useKey(link);
  try {
    await device.start({ signal, maxAttempts: 4 });
    return false;
  } catch (error) {
    const { code } = toToolkitError(error);
    if (code === "cancelled" || code === "link-lost") throw error;
    return code === "device-auth";
  }
}

/** The chosen rate first; at each rate everybody at once (7F) and the likely addresses, then who it was. */
async function lookElsewhere(order: GatherOrder, bus: Bus): Promise<Elsewhere> {
  const { address, clock, signal } = order;
  const home = bus.baud;
  const likely = [...new Set([address, 0, 1, 2, 3, BROADCAST])];
  const all = Array.from({ length: BROADCAST }, (_, i) => i);
  try {
    for (const baud of [home, ...osdpBauds.filter((rate) => rate !== home)]) {
      if (bus.baud !== baud && !(await busRunsAt(bus, baud))) continue;
      order.onPhase?.("look-elsewhere", baud);
      await sleep(clock, quietMs, signal);
      const first = await look(order, bus, likely);
      const someone = first.found.length + first.doubtful.length > 0;
      const named = first.found.find((unit) => unit.address !== BROADCAST);
      if (named) return { baud, address: named.address };
      // On the chosen rate every address is worth asking: not every unit answers to 7F.
      if (!someone && baud !== home) continue;
      const unit = (await look(order, bus, all)).found[0];
      if (unit) return { baud, address: unit.address };
      if (someone) return { baud, address: null };
    }
    return { baud: null, address: null };
  } finally {
    if (bus.baud !== home) await bus.setBaud(home);
  }
}

async function busRunsAt(bus: Bus, baud: number): Promise<boolean> {
  try {
    await bus.setBaud(baud);
    return true;
  } catch (error) {
    if (toToolkitError(error).code === "link-lost") throw error;
    return false;
  }
}

async function look({ clock, signal }: GatherOrder, bus: Bus, addresses: readonly number[]): Promise<ScanReport> {
  const report: ScanReport = { found: [], doubtful: [] };
  await scan({ bus, clock, bauds: [bus.baud], addresses, listenMs: 0, report, signal });
  return report;
}

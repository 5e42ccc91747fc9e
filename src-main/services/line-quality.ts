import { sleep, type Clock } from "../lib/clock.ts";
import { errorShape, fail, toToolkitError, type ErrorShape, type ToolkitError } from "../lib/errors.ts";
import type { Bus } from "../osdp/bus.ts";
import type { LinkKey } from "../osdp/handshake.ts";
import type { DeviceId } from "../osdp/replies.ts";
import { changeAddressAndSpeed, type LinePlace } from "../sr01/comset.ts";
import { onSameUnit } from "../sr01/keys.ts";
import { judgeQuality, type PacketCounts } from "../sr01/line-quality.ts";
import { freshMeasurement, measureLine } from "../sr01/measure-line.ts";
import type { LineMode } from "./model/common.ts";
import type { LineQualityReport, RateQuality } from "./model/diagnose.ts";

/** Rounds of looking for a unit that is not where it was left; together longer than the 10 s after which units go back. */
const searchRounds = 5;
const betweenRoundsMs = 2000;
/** Sendings at each place of one round. */
const searchAttempts = 3;

/** How far a test is. */
export interface QualityProgress {
  baud: number;
  done: number;
  packets: number;
  counts: PacketCounts;
}

/** A test of the line against the unit itself. The line must be held alone. */
export interface LineQualityOrder {
  bus: Bus;
  mode: LineMode;
  clock: Clock;
  address: number;
  /** What the unit is reached with for changes of rate; null: in clear. The packets themselves are always in clear. */
  link: LinkKey | null;
  /** For each rate. */
  packets: number;
  /** Rates to test, bit/s; the present one is always tested, and first. */
  bauds: readonly number[];
  /** The door's name, typed: needed for other rates in Alone. */
  door: string | null;
  /** For all packets together, ms; putting the rate back takes its own time. */
  budgetMs: number;
  onProgress?: ((progress: QualityProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface Run extends LineQualityOrder {
  home: LinePlace;
  id: DeviceId;
  until: number;
  /** Every rate that the unit was sent to: where to look for it. */
  visited: number[];
}

/**
 * Measures the line at the present rate and then, from slow to fast, at the other rates; stops at the first rate that fails,
 * since faster ones could lose the unit. Afterwards the unit is put back to its rate, whatever happened; `left` says
 * where it is. Rejects with `bad-input` (other rates in this mode) and when nobody answers at the start; all
 * later trouble is the report's `error`.
 */
export async function testLineQuality(order: LineQualityOrder): Promise<LineQualityReport> {
  const home = { address: order.address, baud: order.bus.baud };
  const others = [...new Set(order.bauds)].filter((baud) => baud !== home.baud).sort((a, b) => a - b);
  mayLeaveRate(order, others);
  const { id } = await order.bus.device(home.address).start({ signal: order.signal });
  const run: Run = { ...order, home, id, until: order.clock.now() + order.budgetMs, visited: [home.baud] };
  const rates: RateQuality[] = [];
  let error: ToolkitError | null = null;
  try {
    await testRates(run, others, rates);
  } catch (thrown) {
    error = toToolkitError(thrown);
  }
  const left = await putBack(run);
  order.bus.device(home.address).forget();
  return reportOf(run, rates, left, left.error ?? error);
}

function mayLeaveRate({ mode, door }: LineQualityOrder, others: readonly number[]): void {
  if (mode === "listening") throw fail("busy", "In Listening nothing is sent. Choose Alone or Bench for this.");
  if (others.length === 0 || mode === "bench" || (door !== null && door.trim() !== "")) return;
  throw fail(
    "bad-input",
    "Other speeds are tested on the bench, or alone at a door whose name was typed: the phone may not open it until paired again.",
    { field: "door" },
  );
}

async function testRates(run: Run, others: readonly number[], rates: RateQuality[]): Promise<void> {
  let place = run.home;
  for (const baud of [run.home.baud, ...others]) {
    const skip = run.clock.now() >= run.until || rates.some((rate) => rate.verdict === "fail");
    if (skip) {
      rates.push(notTested(baud, "skipped"));
      continue;
    }
    if (baud !== place.baud) {
      run.visited.push(baud);
      place = await offeredPlace(run, place, baud);
      if (place.baud !== baud) {
        rates.push(notTested(baud, "not-offered"));
        continue;
      }
    }
    await testRate(run, place, rates);
  }
}

/** Where the unit answers after it was asked to use another rate; a refusal leaves it where it was. */
async function offeredPlace(run: Run, from: LinePlace, baud: number): Promise<LinePlace> {
  try {
    const { place, error } = await move(run, from, { ...run.home, baud });
    if (place === null) throw error ?? fail("device-timeout", "The unit was lost.");
    return place;
  } catch (thrown) {
    const error = toToolkitError(thrown);
    if (error.code === "device-refused") return from;
    throw error;
  }
}

async function testRate(run: Run, { address, baud }: LinePlace, rates: RateQuality[]): Promise<void> {
  const { bus, clock, packets, until, id, signal } = run;
  const into = freshMeasurement();
  const onPacket = (done: number): void => run.onProgress?.({ baud, done, packets, counts: into.counts });
  try {
    const target = { bus, address, id, check: bus.device(address).check };
    await measureLine(target, { packets, clock, until, into, onPacket, signal });
  } finally {
    bus.device(address).forget();
    rates.push({ baud, tested: "measured", ...judgeQuality(into.counts), counts: into.counts, replyMs: into.replyMs });
  }
}

function notTested(baud: number, tested: "skipped" | "not-offered"): RateQuality {
  const counts = freshMeasurement().counts;
  return { ...judgeQuality(counts), baud, tested, verdict: null, counts, replyMs: null };
}

function move(run: Run, from: LinePlace, wish: LinePlace, signal = run.signal) {
  const { bus, clock, link } = run;
  bus.device(from.address).useKey(link);
  return changeAddressAndSpeed({ bus, clock, from, wish, link, signal });
}

interface Left {
  restored: boolean;
  place: LinePlace | null;
  error: ToolkitError | null;
}

/** Back to the old rate; nothing stops it but another master and a lost adapter. */
async function putBack(run: Run): Promise<Left> {
  const { bus, home, visited } = run;
  if (visited.length === 1) return { restored: true, place: home, error: null };
  let place: LinePlace | null = null;
  for (let round = 0; round < searchRounds; round++) {
    try {
      if (round > 0) await sleep(run.clock, betweenRoundsMs);
      place = await search(run);
      if (place && place.baud !== home.baud) place = (await move(run, place, home, noSignal)).place;
    } catch (thrown) {
      const error = toToolkitError(thrown);
      if (error.code === "busy" || error.code === "link-lost")
        return { restored: false, place: null, error: lost(run, error) };
    }
    if (place?.baud === home.baud) return { restored: true, place, error: null };
  }
  await bus.setBaud(home.baud).catch(() => undefined);
  return { restored: false, place, error: lost(run, null) };
}

const noSignal = new AbortController().signal;

/** Where the unit answers: at the present rate of the bus, its old one, or one that it was sent to; null: nowhere. */
async function search(run: Run): Promise<LinePlace | null> {
  const { bus, home, id, visited } = run;
  for (const baud of new Set([bus.baud, home.baud, ...[...visited].reverse()])) {
    if (bus.baud !== baud) {
      try {
        await bus.setBaud(baud);
      } catch (error) {
        if (toToolkitError(error).code === "link-lost") throw error;
        continue;
      }
    }
    const device = bus.device(home.address);
    device.useKey(run.link);
    const start = (signal: AbortSignal) => device.start({ signal, plain: true, maxAttempts: searchAttempts });
    const seen = await onSameUnit(device, id, start).then(() => null, toToolkitError);
    if (seen === null) return { address: home.address, baud };
    if (seen.code === "busy" || seen.code === "link-lost") throw seen;
  }
  return null;
}

/** What a person does when the unit could not be put back. */
function lost({ home, visited }: Run, cause: ToolkitError | null): ToolkitError {
  const places = [...new Set(visited)].join(",");
  const why = cause === null ? "It answers at none of the tested speeds." : cause.message;
  const text =
    `The speed of the unit could not be put back to ${String(home.baud)} bit/s. ${why} ` +
    `Look for it with scan --bauds ${places}, then comset --new-baud ${String(home.baud)}; without an answer take its power away and give it back.`;
  const data = { home, visited: [...new Set(visited)] };
  return fail(cause?.code ?? "device-timeout", text, { data, ...(cause ? { cause } : {}) });
}

function reportOf(run: Run, rates: RateQuality[], left: Left, error: ToolkitError | null): LineQualityReport {
  const measured = rates.filter((rate) => rate.tested === "measured");
  const safe = measured.filter((rate) => rate.verdict === "pass").map((rate) => rate.baud);
  const shape: ErrorShape | null = error ? errorShape(error) : null;
  const acceptance = measured.length > 0 && measured.every((rate) => rate.kind === "acceptance");
  return {
    kind: acceptance ? "acceptance" : "screening",
    verdict: measured.find((rate) => rate.baud === run.home.baud)?.verdict ?? null,
    unit: { serialNumber: run.id.serialNumber, vendor: run.id.vendor, model: run.id.model },
    address: run.home.address,
    baud: run.home.baud,
    rates,
    fastestSafe: safe.length > 0 ? Math.max(...safe) : null,
    restored: left.restored,
    place: left.place,
    error: shape,
  };
}

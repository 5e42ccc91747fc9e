import { toHex } from "../lib/bytes.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { fail } from "../lib/errors.ts";
import type { Bus } from "../osdp/bus.ts";
import { tryDecode } from "../osdp/codec.ts";
import { ID } from "../osdp/commands.ts";
import { encodeFrame, type CheckKind, type Frame } from "../osdp/frame.ts";
import { FrameParser } from "../osdp/parser.ts";
import { NAK, nakReasons, PDID, type DeviceId } from "../osdp/replies.ts";
import type { TracePiece } from "../osdp/wire.ts";

/** First look: most units answer within 3 ms (osdp: 200 ms at the latest). */
const quickMs = 60;
/** Second look, with the standard's limit. */
const fullMs = 200;
/** An answer: PDID with its mark, bytes. */
const answerBytes = 21;
/** Our question with its mark: what an adapter that echoes gives back. */
const questionBytes = 10;
/** Before another speed is listened to, late replies may end, ms. */
const lateMs = 250;
/** So many addresses in a row with rubbish instead of an answer: somebody else is sending. */
const rubbishInARow = 6;
/** Where units are found as delivered or as people count: worth a second look though the first was silent. */
const likelyAddresses: ReadonlySet<number> = new Set([0, 1, 2, 3]);

/** A unit that named itself. */
export interface FoundUnit extends DeviceId {
  address: number;
  baud: number;
}

/** Something at an address that could not be named. `evidence` is what was seen, never a guess. */
export interface DoubtfulPlace {
  address: number;
  baud: number;
  evidence: "two-units" | "damaged" | "refused" | "other-reply";
  words: string;
}

/** What a scan saw. */
export interface ScanReport {
  found: FoundUnit[];
  doubtful: DoubtfulPlace[];
}

/** Where to look. The bus is left at the last speed. `report` is filled while the scan runs, so that a stopped one has it. */
export interface ScanOrder {
  bus: Bus;
  clock: Clock;
  bauds: readonly number[];
  addresses: readonly number[];
  /** Before the first question at another speed: any byte means another master. */
  listenMs: number;
  report: ScanReport;
  onProgress?: ((progress: { baud: number; address: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface Look {
  /** The first reply of the address asked, or null. */
  reply: Frame | null;
  damaged: boolean;
  /** Different identities given to one question. */
  identities: Set<string>;
}

/**
 * Asks every address at every speed who is there: osdp_ID in clear with sequence 0, which a unit with a foreign key answers
 * too. Rejects with `busy` when another master is heard, `cancelled`, `link-lost`.
 */
export async function scan(order: ScanOrder): Promise<void> {
  const { bus, clock, signal } = order;
  const ear = createEar(bus);
  try {
    for (const [index, baud] of order.bauds.entries()) {
      if (index > 0) await sleep(clock, lateMs, signal);
      if (bus.baud !== baud) await bus.setBaud(baud);
      if (index > 0) await listen(order, ear);
      await scanSpeed(order, ear, baud);
    }
  } finally {
    ear.leave();
  }
}

async function listen({ clock, listenMs, signal }: ScanOrder, ear: Ear): Promise<void> {
  const before = ear.receivedBytes();
  await sleep(clock, listenMs, signal);
  if (ear.receivedBytes() > before) throw otherSender();
}

async function scanSpeed(order: ScanOrder, ear: Ear, baud: number): Promise<void> {
  let rubbish = 0;
  const late = new Set<number>();
  const again: number[] = [];
  for (const address of order.addresses) {
    order.onProgress?.({ baud, address });
    const look = await ask(order, ear, address, quickMs, "crc");
    for (const heard of ear.lateAddresses(address)) late.add(heard);
    rubbish = look.damaged || (!look.reply && ear.heardBytes() > questionBytes) ? rubbish + 1 : 0;
    if (rubbish >= rubbishInARow) throw otherSender();
    if (look.reply && look.identities.size < 2) note(order.report, look, address, baud);
    else if (look.damaged || look.reply || likelyAddresses.has(address)) again.push(address);
  }
  for (const address of new Set([...again, ...late])) {
    if (order.report.found.some((unit) => unit.address === address && unit.baud === baud)) continue;
    order.onProgress?.({ baud, address });
    await lookAgain(order, ear, address, baud);
  }
}

/** The standard's full time; then with a checksum, for units that know no CRC. */
async function lookAgain(order: ScanOrder, ear: Ear, address: number, baud: number): Promise<void> {
  let look = await ask(order, ear, address, fullMs, "crc");
  if (!look.reply && !look.damaged) look = await ask(order, ear, address, fullMs, "checksum");
  note(order.report, look, address, baud);
}

async function ask(
  { bus, clock, signal }: ScanOrder,
  ear: Ear,
  address: number,
  replyMs: number,
  check: CheckKind,
): Promise<Look> {
  const question = {
    address,
    reply: false,
    sequence: 0,
    check,
    scb: null,
    code: ID.code,
    data: ID.encode({ type: 0 }),
  };
  ear.begin(address);
  const accepts = (frame: Frame): boolean => frame.address === address;
  const outcome = await bus.wire.attempt(encodeFrame({ ...question, mac: null }), accepts, replyMs, signal);
  if (outcome.type === "lost") throw outcome.error;
  // A second unit on the same address may still be speaking.
  if (outcome.type !== "silence") await sleep(clock, quickMs + (answerBytes * 10_000) / bus.baud, signal);
  const reply = outcome.type === "reply" ? outcome.frame : null;
  return { reply, damaged: outcome.type === "damaged", identities: ear.identities() };
}

function note(report: ScanReport, { reply, damaged, identities }: Look, address: number, baud: number): void {
  const doubt = (evidence: DoubtfulPlace["evidence"], words: string): void => {
    report.doubtful.push({ address, baud, evidence, words });
  };
  if (identities.size > 1) {
    doubt(
      "two-units",
      "Two different units answered one question: give one of them another address, alone on the line.",
    );
    return;
  }
  if (damaged) doubt("damaged", "Something answered and came damaged: two units on one address, or a disturbed line.");
  if (!reply) return;
  const id = reply.code === PDID.code ? tryDecode(PDID, reply.data) : null;
  if (id) report.found.push({ address, baud, ...id });
  else if (reply.code === NAK.code) {
    doubt("refused", `A unit is there and does not say who it is: ${nakReasons[reply.data[0] ?? 0] ?? "refused"}.`);
  } else
    doubt(
      "other-reply",
      `A unit is there and answered something else (reply code ${toHex(Uint8Array.of(reply.code))}).`,
    );
}

interface Ear {
  begin(address: number): void;
  identities(): Set<string>;
  /** Addresses other than the one asked, from which a reply was heard since `begin`: it came late. */
  lateAddresses(asked: number): number[];
  receivedBytes(): number;
  /** Since `begin`. */
  heardBytes(): number;
  leave(): void;
}

/** Hears all that comes in, answers to nobody's question included. */
function createEar(bus: Bus): Ear {
  const parser = new FrameParser();
  let asked = -1;
  let count = 0;
  let countBefore = 0;
  let identities = new Set<string>();
  let others = new Set<number>();
  const leave = bus.wire.onTrace((piece: TracePiece) => {
    if (piece.direction !== "received") return;
    count += piece.bytes.length;
    for (const event of parser.push(piece.bytes)) {
      if (event.type !== "frame" || !event.frame.reply) continue;
      if (event.frame.address !== asked) others.add(event.frame.address);
      else if (event.frame.code === PDID.code) identities.add(toHex(event.frame.data));
    }
  });
  return {
    begin: (address) => {
      parser.gap();
      asked = address;
      countBefore = count;
      identities = new Set();
      others = new Set();
    },
    identities: () => identities,
    lateAddresses: (address) => [...others].filter((other) => other !== address && other <= 126),
    receivedBytes: () => count,
    heardBytes: () => count - countBefore,
    leave,
  };
}

function otherSender(): Error {
  return fail("busy", "Somebody else is sending on this line, so the scan was stopped. An RS485 line has one master.");
}

import { crc16 } from "../osdp/crc.ts";
import { MARK, SOM } from "../osdp/frame.ts";
import { FrameParser } from "../osdp/parser.ts";
import { uartImage } from "./uart-image.ts";

/** What was heard before anything was sent. */
export interface Listened {
  ms: number;
  bytes: number;
  /** Whole OSDP frames at the chosen rate. */
  commands: number;
  replies: number;
  /** The rate at which whole frames were heard though it is not the chosen one, bit/s. */
  framesAtBaud: number | null;
  /** Bytes as swapped wires make them of OSDP. */
  inverted: boolean;
  /** Bursts that begin alike and are OSDP at no rate: somebody speaks, another language. */
  structured: boolean;
  /** Nothing but 00: the line rests in break. */
  onlyBreaks: boolean;
}

/** What came of asking the unit, one packet at a time. */
export interface Asked {
  packets: number;
  received: number;
  timeout: number;
  damaged: number;
  refused: number;
  mismatch: number;
  /** Codes of refusals, each once. */
  naks: number[];
  /** What the adapter gave back of our own bytes. */
  echo: "none" | "clean" | "damaged";
  /** Packets without a reply, but with bytes that are no frame. */
  rubbish: number;
  /** Replies whose first bytes were missing. */
  headless: number;
  /** Damaged replies with a run of wrong bytes; and with single wrong bits. */
  heavyDamage: number;
  slightDamage: number;
  /** Another sender was heard meanwhile. */
  foreign: boolean;
}

/** What was found at other rates and addresses. Only on the bench, or alone at a door that was named. */
export interface Elsewhere {
  baud: number | null;
  address: number | null;
}

/** What a person says. Null: not said. */
export interface Typed {
  /** Volts of the 12 V supply, measured at the SR01. */
  voltsAtUnit: number | null;
  led: "on" | "off" | null;
  /** Fresh from the box, or set up with its door phone only. */
  factoryUnit: boolean | null;
  /** A second adapter on A and B heard our commands. */
  secondAdapterHears: boolean | null;
}

/** What a line test said, at one rate. */
export interface MeasuredRate {
  baud: number;
  packets: number;
  lossRate: number;
}

/** All that is known when a fault is looked for, as plain data. Null parts were not looked at. */
export interface Evidence {
  mode: "listening" | "alone" | "bench";
  baud: number;
  address: number;
  listened: Listened;
  asked: Asked | null;
  elsewhere: Elsewhere | null;
  /** The unit holds another key than ours. */
  keyRefused: boolean;
  /** An RS485 adapter by its chip; null: unknown. */
  adapterIsRs485: boolean | null;
  rates: MeasuredRate[];
  typed: Typed;
}

/** Nothing said. */
export const nothingTyped: Typed = { voltsAtUnit: null, led: null, factoryUnit: null, secondAdapterHears: null };

/** Bytes that came in one go. */
export interface HeardBurst {
  bytes: Uint8Array;
}

/** Joins chunks to bursts: a pause of more than `pauseMs` ends one. */
export function burstsOf(pieces: readonly { at: number; bytes: Uint8Array }[], pauseMs = 15): HeardBurst[] {
  const bursts: { bytes: number[]; last: number }[] = [];
  for (const { at, bytes } of pieces) {
    const open = bursts.at(-1);
    if (open && at - open.last <= pauseMs) {
      open.bytes.push(...bytes);
      open.last = at;
    } else bursts.push({ bytes: [...bytes], last: at });
  }
  return bursts.map(({ bytes }) => ({ bytes: Uint8Array.from(bytes) }));
}

/** Whole OSDP frames in what was heard. */
export function framesIn(bursts: readonly HeardBurst[]): { commands: number; replies: number } {
  const found = { commands: 0, replies: 0 };
  for (const { bytes } of bursts) {
    const parser = new FrameParser();
    for (const event of [...parser.push(bytes), ...parser.gap()]) {
      if (event.type === "frame") found[event.frame.reply ? "replies" : "commands"] += 1;
    }
  }
  return found;
}

/** So many bytes must look like an inverted frame's head: by chance once in thousands of millions. */
const headBytes = 5;
/** A head after its mark and SOM, byte by byte: address, length, its high byte, control (OSDP v2.2, 5.9). */
const headParts: readonly (readonly number[])[] = [
  range(0, 256),
  range(7, 64),
  [0],
  [4, 5, 6, 7, 12, 13, 14, 15],
  range(0, 256),
];

/** True when a burst begins as swapped wires make it of an OSDP head, with a mark in front or without. */
export function looksInverted(bursts: readonly HeardBurst[]): boolean {
  return bursts.some(({ bytes }) => beginsInverted(bytes, [MARK, SOM]) || beginsInverted(bytes, [SOM]));
}

/** Grows heads byte by byte and keeps those whose image the burst begins with. */
function beginsInverted(bytes: Uint8Array, begin: readonly number[]): boolean {
  let heads: number[][] = [[...begin]];
  for (const part of headParts) {
    const longer = heads.flatMap((head) => part.map((next) => [...head, next]));
    heads = longer.filter((head) => beginsWithImage(bytes, head)).slice(0, 16);
  }
  return heads.some((head) => imageOf(head).length >= headBytes);
}

function beginsWithImage(bytes: Uint8Array, head: readonly number[]): boolean {
  const image = imageOf(head);
  return image.length <= bytes.length && image.every((byte, i) => byte === bytes[i]);
}

/** Without its last byte, which what follows still changes. */
function imageOf(head: readonly number[]): Uint8Array {
  return uartImage(Uint8Array.from(head), { inverted: true }).slice(0, -1);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** True when at least three bursts of three bytes or more came and most of them begin with the same two bytes. */
export function looksStructured(bursts: readonly HeardBurst[]): boolean {
  const long = bursts.filter(({ bytes }) => bytes.length >= 3);
  if (long.length < 3) return false;
  const counts = new Map<string, number>();
  for (const { bytes } of long) {
    const start = `${String(bytes[0])},${String(bytes[1])}`;
    if (start !== "0,0") counts.set(start, (counts.get(start) ?? 0) + 1);
  }
  const alike = [...counts.values()].filter((count) => count > 1).reduce((sum, count) => sum + count, 0);
  return alike >= 0.6 * long.length;
}

/** What the adapter gave back of `sent` in what was received after it, and what is left of that. */
export function splitEcho(sent: Uint8Array, received: Uint8Array): { echo: Asked["echo"]; rest: Uint8Array } {
  const first = received.slice(0, sent.length);
  let same = 0;
  for (const [i, byte] of first.entries()) same += Number(byte === sent[i]);
  if (first.length === sent.length && same === sent.length) return { echo: "clean", rest: received.slice(sent.length) };
  // A damaged reply resembles the command too, in its head, but not in so many bytes.
  if (sent.length > 0 && same >= sent.length * 0.75) return { echo: "damaged", rest: received.slice(sent.length) };
  return { echo: "none", rest: received };
}

/** True when `rest` is a reply with sequence 0 from `address` without its first bytes: put back, its CRC is right. */
export function isHeadless(rest: Uint8Array, address: number): boolean {
  for (let missing = 1; missing <= 5; missing++) {
    const length = rest.length + missing;
    if (rest.length < 3 || length < 8 || length > 256) continue;
    const head = [SOM, address | 0x80, length & 0xff, length >> 8, 4].slice(0, missing);
    const whole = Uint8Array.from([...head, ...rest]);
    const check = crc16(whole.slice(0, -2));
    if (whole.at(-2) === (check & 0xff) && whole.at(-1) === check >> 8) return true;
  }
  return false;
}

/** How a damaged reply differs from a good one of the same kind; null: cannot be compared. */
export function damageKind(good: Uint8Array, bad: Uint8Array): "heavy" | "slight" | null {
  if (good.length !== bad.length) return null;
  let [run, longest] = [0, 0];
  for (const [i, byte] of bad.entries()) {
    run = byte === good[i] ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  if (longest === 0) return null;
  return longest >= 3 ? "heavy" : "slight";
}

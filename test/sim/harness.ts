import { toHex } from "../../src-main/lib/bytes.ts";
import { ToolkitError } from "../../src-main/lib/errors.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { Bus } from "../../src-main/osdp/bus.ts";
import { CAP, ID, OSTAT } from "../../src-main/osdp/commands.ts";
import { defaultDeviceTiming, type DeviceTiming } from "../../src-main/osdp/device.ts";
import { describe as inWords } from "../../src-main/osdp/describe.ts";
import { decodeFrame, encodeFrame, withMark, type Frame } from "../../src-main/osdp/frame.ts";
import { FrameParser } from "../../src-main/osdp/parser.ts";
import { ACK, NAK, OSTATR, PDCAP, PDID, type Capability } from "../../src-main/osdp/replies.ts";
import type { Outcome, Wire, WireTiming } from "../../src-main/osdp/wire.ts";
import { createLine, type LineOptions } from "../../src-main/sim/line.ts";
import { createSimSr01, type SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";

/** Lets pending promises settle between two moments of virtual time. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** No adapter in between: virtual lines hand over every byte on its time. */
export const quickTiming: WireTiming = { latencyMs: 0, gapMs: 20 };

export interface HarnessOptions {
  line?: Partial<LineOptions>;
  timing?: WireTiming;
  deviceTiming?: Partial<DeviceTiming>;
}

/** A virtual line with our bus at its end `a`; what stands at `b` is the caller's. */
export function makeBus({ line: lineOptions = {}, timing = quickTiming, deviceTiming = {} }: HarnessOptions = {}) {
  const clock = new VirtualClock(settle);
  const line = createLine({ clock, baud: 9600, ...lineOptions });
  const bus = new Bus(line.a, clock, timing, { ...defaultDeviceTiming, ...deviceTiming });
  const sent: { at: number; bytes: Uint8Array }[] = [];
  bus.wire.onTrace(({ direction, at, bytes }) => {
    if (direction === "sent") sent.push({ at, bytes });
  });
  return {
    clock,
    line,
    bus,
    device: bus.device(0),
    /** Marked frames that we sent, with their times. */
    sent,
    /** The same in words: `OUT 2` = command and sequence number. */
    said: () => sent.map(({ bytes }) => spoken(bytes)),
    /** Runs work in virtual time and gives its value or its error. */
    end: <T>(work: Promise<T>) => clock.run(outcome(work)),
  };
}

/** A simulated SR01 at the far end. */
export function makeSim(options: HarnessOptions & { sim?: Partial<SimSr01Options> } = {}) {
  const bench = makeBus(options);
  const sim = createSimSr01({ port: bench.line.b, clock: bench.clock, ...options.sim });
  return { ...bench, sim };
}

/** Bytes that a scripted PD puts on the line so long after the command's last bit. */
export interface Speech {
  afterMs?: number;
  bytes: Uint8Array;
}

/** What a scripted PD says to a command (`nth` counts this command code from 1); undefined: what a healthy one would. */
export type Script = (command: Frame, nth: number, bytes: Uint8Array) => Speech | Speech[] | null | undefined;

/** A PD that does what its script says, right or wrong. */
export function makeScripted(script: Script, options: HarnessOptions & { capabilities?: Capability[] } = {}) {
  const bench = makeBus(options);
  const { clock, line } = bench;
  const heard: Frame[] = [];
  const counts = new Map<number, number>();
  const parser = new FrameParser();
  const say = (speech: Speech): void => {
    clock.after(speech.afterMs ?? 3, () => void line.b.write(speech.bytes).catch(() => undefined));
  };
  line.b.onData((chunk) => {
    for (const event of parser.push(chunk)) {
      if (event.type !== "frame" || event.frame.reply) continue;
      const { frame } = event;
      heard.push(frame);
      const nth = (counts.get(frame.code) ?? 0) + 1;
      counts.set(frame.code, nth);
      const speech = script(frame, nth, event.bytes);
      if (speech === null) continue;
      for (const one of [speech ?? healthy(frame, options.capabilities)].flat()) say(one);
    }
  });
  return { ...bench, heard, say };
}

/** A whole marked reply to this command; `change` makes it wrong. */
export function replyTo(command: Frame, code: number, data: Iterable<number> = [], change: Partial<Frame> = {}) {
  const { address, sequence, check } = command;
  const frame = { address, reply: true, sequence, check, scb: null, code, data: Uint8Array.from(data), mac: null };
  return withMark(encodeFrame({ ...frame, ...change }));
}

/** A NAK in the place of an answer. */
export const nak = (command: Frame, code: number, change: Partial<Frame> = {}): Speech => ({
  bytes: replyTo(command, NAK.code, [code], change),
});

/** Two inputs, one output, CRC, frames of 1440 bytes. */
export const usualCapabilities: Capability[] = [
  { function: 1, compliance: 2, count: 2 },
  { function: 2, compliance: 4, count: 1 },
  { function: 8, compliance: 1, count: 0 },
  { function: 10, compliance: 0xa0, count: 0x05 },
];

const id = { vendor: "0c1105", model: 1, hardwareVersion: 1, serialNumber: "01020304", firmwareVersion: "1.2.3" };

function healthy(command: Frame, capabilities = usualCapabilities): Speech {
  switch (command.code) {
    case ID.code:
      return { bytes: replyTo(command, PDID.code, PDID.encode(id)) };
    case CAP.code:
      return { bytes: replyTo(command, PDCAP.code, PDCAP.encode({ capabilities })) };
    case OSTAT.code:
      return { bytes: replyTo(command, OSTATR.code, [0]) };
    default:
      return { bytes: replyTo(command, ACK.code) };
  }
}

/** Name and sequence number of a marked frame. */
export function spoken(bytes: Uint8Array): string {
  const frame = decodeFrame(bytes.slice(1));
  if (!frame) return toHex(bytes);
  return `${inWords(frame, frame.data).name} ${String(frame.sequence)}`;
}

/** What became of a promise, as data. */
export async function outcome<T>(
  work: Promise<T>,
): Promise<{ value: T; error: null } | { value: null; error: ToolkitError }> {
  try {
    return { value: await work, error: null };
  } catch (error) {
    if (error instanceof ToolkitError) return { value: null, error };
    throw error;
  }
}

/** One timed order to output 0. */
export const pulse = { orders: [{ output: 0, code: 5, timer: 10 }] };

/** One exchange without a device around it. */
export function attempt(wire: Wire, code: number, data: Uint8Array, sequence: number, replyMs = 200): Promise<Outcome> {
  const frame = encodeFrame({ address: 0, reply: false, sequence, check: "crc", scb: null, code, data, mac: null });
  return wire.attempt(frame, (reply) => reply.sequence === sequence, replyMs);
}

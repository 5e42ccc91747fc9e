import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import type { Command } from "../../src-main/osdp/codec.ts";
import { FILETRANSFER, ID, OSTAT, POLL } from "../../src-main/osdp/commands.ts";
import { describe as inWords } from "../../src-main/osdp/describe.ts";
import { encodeFrame, withMark, type CheckKind, type Frame } from "../../src-main/osdp/frame.ts";
import { FrameParser } from "../../src-main/osdp/parser.ts";
import { FTSTAT, OSTATR } from "../../src-main/osdp/replies.ts";
import { createLine, type LineOptions } from "../../src-main/sim/line.ts";
import { createSimSr01, type SimSr01Options, type Sr01Event } from "../../src-main/sim/sr01/sim-sr01.ts";

export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** How a command is sent; the panel counts the sequence itself unless told otherwise. */
interface Wish {
  sequence?: number;
  address?: number;
  check?: CheckKind;
}

/** A simulated SR01 on a virtual line, and a bare panel that shows everything and cures nothing. */
export function makeBench(options: Partial<SimSr01Options> = {}, lineOptions: Partial<LineOptions> = {}) {
  const clock = new VirtualClock(settle);
  const line = createLine({ clock, baud: 115_200, ...lineOptions });
  const events: Sr01Event[] = [];
  const sim = createSimSr01({ port: line.b, clock, onEvent: (event) => events.push(event), ...options });
  const panel: { sequence: number; lastBytes: Uint8Array } = { sequence: 0, lastBytes: new Uint8Array(0) };
  let parser = new FrameParser();
  let heard: { frame: Frame; bytes: Uint8Array; at: number }[] = [];
  /** Raw bytes of the last answer. */
  let raw: number[] = [];
  line.a.onData((chunk) => {
    raw.push(...chunk);
    for (const event of parser.push(chunk)) {
      if (event.type === "frame") heard.push({ frame: event.frame, bytes: event.bytes, at: clock.now() });
    }
  });

  /** Sends bytes and gives all good frames of the next `waitMs`, by default until the first. */
  const exchange = async (bytes: Uint8Array, waitMs = 0): Promise<Frame[]> => {
    heard = [];
    raw = [];
    parser = new FrameParser();
    panel.lastBytes = bytes;
    await clock.run(line.a.write(withMark(bytes)));
    const end = clock.now() + Math.max(waitMs, 250);
    while (clock.now() < end && (waitMs > 0 || heard.length === 0)) await clock.advance(1);
    return heard.map(({ frame }) => frame);
  };
  const send = <T>(codec: Command<T>, value: T, wish: Wish = {}, waitMs = 0): Promise<Frame[]> => {
    const { sequence = panel.sequence, address = sim.state().address, check = "crc" } = wish;
    panel.sequence = (sequence % 3) + 1;
    const data = codec.encode(value);
    const frame = { address, reply: false, sequence, check, scb: null, code: codec.code, data, mac: null };
    return exchange(encodeFrame(frame), waitMs);
  };
  /** The answer in words: `ACK`, `NAK 4`, `OSTATR`, `silence`. */
  const ask = async <T>(codec: Command<T>, value: T, wish: Wish = {}): Promise<string> =>
    named((await send(codec, value, wish))[0]);
  const fragment = async (piece: { type?: number; total: number; offset: number; fragment: Uint8Array }) => {
    const [frame] = await send(FILETRANSFER, { type: 1, ...piece });
    return frame?.code === FTSTAT.code ? FTSTAT.decode(frame.data) : named(frame);
  };
  /** Sends a whole file and the idle fragments; gives every status detail. */
  const sendFile = async (file: Uint8Array, size = 200): Promise<number[]> => {
    const details: number[] = [];
    for (let offset = 0; details.length < 1000; offset = Math.min(file.length, offset + size)) {
      const status = await fragment({ total: file.length, offset, fragment: file.slice(offset, offset + size) });
      if (typeof status === "string") throw new Error(`no FTSTAT: ${status}`);
      details.push(status.detail);
      await clock.advance(status.delayMs);
      const more = status.detail === 3 || (status.detail === 0 && offset + size < file.length);
      if (!more) break;
    }
    return details;
  };
  return {
    clock,
    line,
    sim,
    events,
    panel,
    exchange,
    send,
    ask,
    fragment,
    sendFile,
    named,
    start: () => ask(ID, { type: 0 }, { sequence: 0 }),
    poll: () => send(POLL, {}).then(([frame]) => named(frame)),
    repeat: (waitMs = 0) => exchange(panel.lastBytes, waitMs).then(([frame]) => named(frame)),
    output: async () => {
      const [frame] = await send(OSTAT, {});
      return frame ? OSTATR.decode(frame.data).values[0] : undefined;
    },
    raw: () => Uint8Array.from(raw),
    heard: () => heard,
    eventNames: () => events.map((event) => ("state" in event ? `file ${event.state}` : event.event)),
  };
}

function named(frame: Frame | undefined): string {
  if (!frame) return "silence";
  const { name, fields } = inWords(frame, frame.data);
  return name === "NAK" ? `NAK ${String(fields["code"])}` : name;
}

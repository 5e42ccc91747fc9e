import { ByteWriter, fromHex, toHex } from "../lib/bytes.ts";
import { emptyData, reading, records, type Command, type Empty } from "./codec.ts";
import {
  ACK,
  CCRYPT,
  COM,
  FTSTAT,
  ISTATR,
  KEYPAD,
  LSTATR,
  MFGREP,
  OSTATR,
  PDCAP,
  PDID,
  RAW,
  RMAC_I,
  RSTATR,
} from "./replies.ts";

/** Harmless to send twice. */
const read = { role: "command", timeoutMs: 200, readOnly: true } as const;
/** Moves or changes something: never sent again by itself after a restart. */
const act = { role: "command", timeoutMs: 200, readOnly: false } as const;

/** osdp_POLL (6.1): anything to report? */
export const POLL: Command<Empty> = {
  ...read,
  code: 0x60,
  name: "POLL",
  replies: [ACK, LSTATR, ISTATR, OSTATR, RSTATR, RAW, KEYPAD, MFGREP],
  ...emptyData,
};
/** osdp_ID (6.2). `type` 0 = standard. */
export const ID: Command<{ type: number }> = {
  ...read,
  code: 0x61,
  name: "ID",
  replies: [PDID],
  encode: ({ type }) => Uint8Array.of(type),
  decode: reading((r) => ({ type: r.u8() })),
};
/** osdp_CAP (6.3). */
export const CAP: Command<{ type: number }> = { ...ID, code: 0x62, name: "CAP", replies: [PDCAP] };
/** osdp_LSTAT (6.4): tamper and power. */
export const LSTAT: Command<Empty> = { ...read, code: 0x64, name: "LSTAT", replies: [LSTATR], ...emptyData };
/** osdp_ISTAT (6.5): inputs. */
export const ISTAT: Command<Empty> = { ...read, code: 0x65, name: "ISTAT", replies: [ISTATR], ...emptyData };
/** osdp_OSTAT (6.6): outputs. */
export const OSTAT: Command<Empty> = { ...read, code: 0x66, name: "OSTAT", replies: [OSTATR], ...emptyData };
/** osdp_RSTAT (6.7): readers. */
export const RSTAT: Command<Empty> = { ...read, code: 0x67, name: "RSTAT", replies: [RSTATR], ...emptyData };

/** Control codes of OUT (6.9, table): what an output is told. */
export const outputCodes = {
  none: 0,
  permanentOff: 1,
  permanentOn: 2,
  permanentOffAfterTimer: 3,
  permanentOnAfterTimer: 4,
  timedOn: 5,
  timedOff: 6,
} as const;

/** One order to one output. `timer` in 100 ms, only with the timed codes. */
export interface OutputOrder {
  output: number;
  code: number;
  timer: number;
}

/** osdp_OUT (6.8): orders, executed in their order. */
export const OUT: Command<{ orders: OutputOrder[] }> = {
  ...act,
  code: 0x68,
  name: "OUT",
  replies: [ACK, OSTATR],
  encode: ({ orders }) => orders.reduce((w, o) => w.u8(o.output).u8(o.code).u16(o.timer), new ByteWriter()).done(),
  decode: reading((r) => ({ orders: records((x) => ({ output: x.u8(), code: x.u8(), timer: x.u16() }))(r) })),
};

/** One LED order of osdp_LED. Times in 100 ms; colours 0 black .. 7 white. */
export interface LedOrder {
  reader: number;
  led: number;
  temporary: { code: number; on: number; off: number; onColor: number; offColor: number; timer: number };
  permanent: { code: number; on: number; off: number; onColor: number; offColor: number };
}

/** osdp_LED (6.10). */
export const LED: Command<{ orders: LedOrder[] }> = {
  ...act,
  code: 0x69,
  name: "LED",
  replies: [ACK],
  encode: ({ orders }) => {
    const writer = new ByteWriter();
    for (const { reader, led, temporary: t, permanent: p } of orders) {
      writer.u8(reader).u8(led).u8(t.code).u8(t.on).u8(t.off).u8(t.onColor).u8(t.offColor).u16(t.timer);
      writer.u8(p.code).u8(p.on).u8(p.off).u8(p.onColor).u8(p.offColor);
    }
    return writer.done();
  },
  decode: reading((r) => ({
    orders: records((x) => ({
      reader: x.u8(),
      led: x.u8(),
      temporary: { code: x.u8(), on: x.u8(), off: x.u8(), onColor: x.u8(), offColor: x.u8(), timer: x.u16() },
      permanent: { code: x.u8(), on: x.u8(), off: x.u8(), onColor: x.u8(), offColor: x.u8() },
    }))(r),
  })),
};

/** osdp_BUZ (6.11). Tone 1 off, 2 default; times in 100 ms; count 0 = until changed. */
export const BUZ: Command<{ reader: number; tone: number; on: number; off: number; count: number }> = {
  ...act,
  code: 0x6a,
  name: "BUZ",
  replies: [ACK],
  encode: (v) => Uint8Array.of(v.reader, v.tone, v.on, v.off, v.count),
  decode: reading((r) => ({ reader: r.u8(), tone: r.u8(), on: r.u8(), off: r.u8(), count: r.u8() })),
};

/** osdp_TEXT (6.12). `mode` 1..4, `seconds` for the temporary modes, `text` ASCII. */
export const TEXT: Command<{
  reader: number;
  mode: number;
  seconds: number;
  row: number;
  column: number;
  text: string;
}> = {
  ...act,
  code: 0x6b,
  name: "TEXT",
  replies: [ACK],
  encode: (v) =>
    new ByteWriter()
      .bytes(Uint8Array.of(v.reader, v.mode, v.seconds, v.row, v.column, v.text.length))
      .bytes(Uint8Array.from(v.text, (c) => c.charCodeAt(0)))
      .done(),
  decode: reading((r) => {
    const head = { reader: r.u8(), mode: r.u8(), seconds: r.u8(), row: r.u8(), column: r.u8() };
    return { ...head, text: String.fromCharCode(...r.bytes(r.u8())) };
  }),
};

/** osdp_COMSET (6.13): new address and rate. */
export const COMSET: Command<{ address: number; baud: number }> = {
  ...act,
  code: 0x6e,
  name: "COMSET",
  replies: [COM],
  encode: COM.encode,
  decode: COM.decode,
};
/** osdp_KEYSET (6.16): only inside the secure channel. `type` 1 = SCBK. */
export const KEYSET: Command<{ type: number; key: Uint8Array }> = {
  ...act,
  code: 0x75,
  name: "KEYSET",
  replies: [ACK],
  encode: ({ type, key }) => new ByteWriter().u8(type).u8(key.length).bytes(key).done(),
  decode: reading((r) => {
    const type = r.u8();
    return { type, key: r.bytes(r.u8()) };
  }),
};
/** osdp_CHLNG (6.17): opens the secure channel handshake. */
export const CHLNG: Command<{ random: Uint8Array }> = {
  ...act,
  code: 0x76,
  name: "CHLNG",
  replies: [CCRYPT],
  encode: ({ random }) => random.slice(),
  decode: reading((r) => ({ random: r.bytes(8) })),
};
/** osdp_SCRYPT (6.18): the ACU's cryptogram. */
export const SCRYPT: Command<{ cryptogram: Uint8Array }> = {
  ...act,
  code: 0x77,
  name: "SCRYPT",
  replies: [RMAC_I],
  encode: ({ cryptogram }) => cryptogram.slice(),
  decode: reading((r) => ({ cryptogram: r.bytes(16) })),
};
/** osdp_ACURXSIZE (6.20): the longest frame that the ACU takes, bytes. */
export const ACURXSIZE: Command<{ bytes: number }> = {
  ...read,
  code: 0x7b,
  name: "ACURXSIZE",
  replies: [ACK],
  encode: ({ bytes }) => new ByteWriter().u16(bytes).done(),
  decode: reading((r) => ({ bytes: r.u16() })),
};

/** One fragment of a file. `total`, `offset` in bytes. Type 1 = opaque (firmware). */
export interface FileFragment {
  type: number;
  total: number;
  offset: number;
  fragment: Uint8Array;
}

/** osdp_FILETRANSFER (6.26). A PD may be writing flash: its limit is longer than 200 ms (seen with libosdp PDs, #282). */
export const FILETRANSFER: Command<FileFragment> = {
  ...act,
  code: 0x7c,
  name: "FILETRANSFER",
  replies: [FTSTAT],
  timeoutMs: 800,
  encode: ({ type, total, offset, fragment }) =>
    new ByteWriter().u8(type).u32(total).u32(offset).u16(fragment.length).bytes(fragment).done(),
  decode: reading((r) => {
    const head = { type: r.u8(), total: r.u32(), offset: r.u32() };
    return { ...head, fragment: r.bytes(r.u16()) };
  }),
};
/** osdp_MFG (6.19): a maker's own command. `vendor` in hex. */
export const MFG: Command<{ vendor: string; data: Uint8Array }> = {
  ...act,
  code: 0x80,
  name: "MFG",
  replies: [ACK, MFGREP],
  encode: ({ vendor, data }) => new ByteWriter().bytes(fromHex(vendor)).bytes(data).done(),
  decode: reading((r) => ({ vendor: toHex(r.bytes(3)), data: r.rest() })),
};
/** osdp_ABORT (6.22): ends a file transfer or multi-part message in progress. */
export const ABORT: Command<Empty> = { ...read, code: 0xa2, name: "ABORT", replies: [ACK], ...emptyData };
/** osdp_KEEPACTIVE (6.25): keeps a credential in the reader's field for so many ms. */
export const KEEPACTIVE: Command<{ ms: number }> = {
  ...act,
  code: 0xa7,
  name: "KEEPACTIVE",
  replies: [ACK],
  encode: ({ ms }) => new ByteWriter().u16(ms).done(),
  decode: reading((r) => ({ ms: r.u16() })),
};

/** All commands that the decoder and the PD know, by code. */
export const commands: ReadonlyMap<number, Command<unknown>> = new Map(
  (
    [
      [POLL, ID, CAP, LSTAT, ISTAT, OSTAT, RSTAT, OUT, LED, BUZ, TEXT, COMSET],
      [KEYSET, CHLNG, SCRYPT, ACURXSIZE, FILETRANSFER, MFG, ABORT, KEEPACTIVE],
    ] satisfies Command<unknown>[][]
  )
    .flat()
    .map((command): [number, Command<unknown>] => [command.code, command]),
);

import { ByteWriter, fromHex, toHex } from "../lib/bytes.ts";
import { emptyData, reading, records, type Empty, type Reply } from "./codec.ts";

/** Negative acknowledge codes. OSDP v2.2, 7.3. */
export const nakReasons: Readonly<Record<number, string>> = {
  0: "no error",
  1: "bad check",
  2: "command length wrong",
  3: "command not implemented",
  4: "unexpected sequence number",
  5: "security block not supported",
  6: "communication security required",
  7: "bio type not supported",
  8: "bio format not supported",
  9: "unable to process the record",
};

/** osdp_ACK (7.2): accepted, nothing to report. */
export const ACK: Reply<Empty> = { role: "reply", code: 0x40, name: "ACK", ...emptyData };

/** osdp_NAK (7.3): refused; `code` after {@link nakReasons}, `detail` as sent. */
export const NAK: Reply<{ code: number; detail: Uint8Array }> = {
  role: "reply",
  code: 0x41,
  name: "NAK",
  encode: ({ code, detail }) => new ByteWriter().u8(code).bytes(detail).done(),
  decode: reading((r) => ({ code: r.u8(), detail: r.rest() })),
};

/** What a PD says of itself. `vendor` and `serialNumber` in hex (vendor in transmission order). */
export interface DeviceId {
  vendor: string;
  model: number;
  hardwareVersion: number;
  serialNumber: string;
  firmwareVersion: string;
}

/** osdp_PDID (7.4). Bytes after the twelfth are ignored. */
export const PDID: Reply<DeviceId> = {
  role: "reply",
  code: 0x45,
  name: "PDID",
  encode: (id) => {
    const [major = 0, minor = 0, build = 0] = id.firmwareVersion.split(".").map(Number);
    return new ByteWriter()
      .bytes(fromHex(id.vendor))
      .u8(id.model)
      .u8(id.hardwareVersion)
      .u32(parseInt(id.serialNumber, 16))
      .bytes(Uint8Array.of(major, minor, build))
      .done();
  },
  decode: reading(
    (r) => ({
      vendor: toHex(r.bytes(3)),
      model: r.u8(),
      hardwareVersion: r.u8(),
      serialNumber: r.u32().toString(16).padStart(8, "0"),
      firmwareVersion: `${String(r.u8())}.${String(r.u8())}.${String(r.u8())}`,
    }),
    false,
  ),
};

/** One capability: function code, compliance byte, number byte. OSDP v2.2, annex B. */
export interface Capability {
  function: number;
  compliance: number;
  count: number;
}

/** osdp_PDCAP (7.5): capabilities in the order sent; trust no order. */
export const PDCAP: Reply<{ capabilities: Capability[] }> = {
  role: "reply",
  code: 0x46,
  name: "PDCAP",
  encode: ({ capabilities }) => Uint8Array.from(capabilities.flatMap((c) => [c.function, c.compliance, c.count])),
  decode: reading((r) => ({
    capabilities: records((x) => ({ function: x.u8(), compliance: x.u8(), count: x.u8() }))(r),
  })),
};

/** osdp_LSTATR (7.6): local status. */
export const LSTATR: Reply<{ tamper: boolean; powerFailure: boolean }> = {
  role: "reply",
  code: 0x48,
  name: "LSTATR",
  encode: ({ tamper, powerFailure }) => Uint8Array.of(Number(tamper), Number(powerFailure)),
  decode: reading((r) => ({ tamper: r.u8() !== 0, powerFailure: r.u8() !== 0 })),
};

const statusList = {
  encode: ({ values }: { values: number[] }): Uint8Array => Uint8Array.from(values),
  decode: reading((r) => ({ values: [...r.rest()] })),
};

/** osdp_ISTATR (7.7): one value an input: 0 inactive, 1 active, 2 short, 3 open, 4 fault, 5 unknown, 80-FF private. */
export const ISTATR: Reply<{ values: number[] }> = { role: "reply", code: 0x49, name: "ISTATR", ...statusList };
/** osdp_OSTATR (7.8): one value an output: 0 inactive, 1 active. */
export const OSTATR: Reply<{ values: number[] }> = { role: "reply", code: 0x4a, name: "OSTATR", ...statusList };
/** osdp_RSTATR (7.9): one value a reader: 0 normal, 1 not connected, 2 tamper. */
export const RSTATR: Reply<{ values: number[] }> = { role: "reply", code: 0x4b, name: "RSTATR", ...statusList };

/** osdp_RAW (7.10): card data. `bits` counts; `data` is left-aligned. */
export const RAW: Reply<{ reader: number; format: number; bits: number; data: Uint8Array }> = {
  role: "reply",
  code: 0x50,
  name: "RAW",
  encode: (v) => new ByteWriter().u8(v.reader).u8(v.format).u16(v.bits).bytes(v.data).done(),
  decode: reading((r) => ({ reader: r.u8(), format: r.u8(), bits: r.u16(), data: r.rest() })),
};

/** osdp_KEYPAD (7.12): key presses as sent; `*` is 7F and `#` is 0D by the book, some send ASCII. */
export const KEYPAD: Reply<{ reader: number; digits: Uint8Array }> = {
  role: "reply",
  code: 0x53,
  name: "KEYPAD",
  encode: ({ reader, digits }) => new ByteWriter().u8(reader).u8(digits.length).bytes(digits).done(),
  decode: reading((r) => {
    const reader = r.u8();
    return { reader, digits: r.bytes(r.u8()) };
  }),
};

/** osdp_COM (7.13): the address and rate that the PD will use from now on. */
export const COM: Reply<{ address: number; baud: number }> = {
  role: "reply",
  code: 0x54,
  name: "COM",
  encode: ({ address, baud }) => new ByteWriter().u8(address).u32(baud).done(),
  decode: reading((r) => ({ address: r.u8(), baud: r.u32() })),
};

/** osdp_BUSY (7.19): ask again; sequence always 0. */
export const BUSY: Reply<Empty> = { role: "reply", code: 0x79, name: "BUSY", ...emptyData };

/** Answer to a fragment. `action` bit 0 others may be interleaved, bit 1 leave SC, bit 2 a poll answer waits. */
export interface FileStatus {
  action: number;
  /** Wait before the next FILETRANSFER, ms. */
  delayMs: number;
  /** 0 go on, 1 processed, 2 rebooting, 3 finishing; negative: refused. */
  detail: number;
  /** New limit of the message size in bytes; 0 no change. */
  updateMax: number;
}

/** osdp_FTSTAT (7.25). */
export const FTSTAT: Reply<FileStatus> = {
  role: "reply",
  code: 0x7a,
  name: "FTSTAT",
  encode: (v) => new ByteWriter().u8(v.action).u16(v.delayMs).i16(v.detail).u16(v.updateMax).done(),
  decode: reading((r) => ({ action: r.u8(), delayMs: r.u16(), detail: r.i16(), updateMax: r.u16() }), false),
};

/** osdp_CCRYPT (7.16): the PD's half of the secure channel handshake. */
export const CCRYPT: Reply<{ clientId: Uint8Array; random: Uint8Array; cryptogram: Uint8Array }> = {
  role: "reply",
  code: 0x76,
  name: "CCRYPT",
  encode: (v) => new ByteWriter().bytes(v.clientId).bytes(v.random).bytes(v.cryptogram).done(),
  decode: reading((r) => ({ clientId: r.bytes(8), random: r.bytes(8), cryptogram: r.bytes(16) })),
};

/** osdp_RMAC_I (7.17): the initial R-MAC. */
export const RMAC_I: Reply<{ rmac: Uint8Array }> = {
  role: "reply",
  code: 0x78,
  name: "RMAC_I",
  encode: ({ rmac }) => rmac.slice(),
  decode: reading((r) => ({ rmac: r.bytes(16) })),
};

/** osdp_MFGREP (7.22): a maker's own reply. `vendor` in hex. */
export const MFGREP: Reply<{ vendor: string; data: Uint8Array }> = {
  role: "reply",
  code: 0x90,
  name: "MFGREP",
  encode: ({ vendor, data }) => new ByteWriter().bytes(fromHex(vendor)).bytes(data).done(),
  decode: reading((r) => ({ vendor: toHex(r.bytes(3)), data: r.rest() })),
};

/** All replies that the decoder knows, by code. */
export const replies: ReadonlyMap<number, Reply<unknown>> = new Map(
  [ACK, NAK, PDID, PDCAP, LSTATR, ISTATR, OSTATR, RSTATR, RAW, KEYPAD, COM, BUSY, FTSTAT, CCRYPT, RMAC_I, MFGREP].map(
    (reply): [number, Reply<unknown>] => [reply.code, reply],
  ),
);

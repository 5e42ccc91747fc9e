import { ByteReader } from "../lib/bytes.ts";
import { fail, ToolkitError } from "../lib/errors.ts";

/** Both directions of one message's data (what follows the code byte). Shared by the ACU, the PD and the decoder. */
export interface Codec<T> {
  code: number;
  /** The standard's short name, e.g. `OSTATR`. */
  name: string;
  encode(value: T): Uint8Array;
  /** Throws `protocol` when the data does not fit the message. */
  decode(data: Uint8Array): T;
}

/** A reply of a PD. */
export interface Reply<T> extends Codec<T> {
  role: "reply";
}

/** A command of the ACU: which replies it may get besides NAK and BUSY, and how long the PD may take. */
export interface Command<T> extends Codec<T> {
  role: "command";
  replies: readonly Reply<unknown>[];
  /** Time to the first byte of the reply, in ms; 200 is the standard's limit. */
  timeoutMs: number;
  /** True when sending it twice can do no harm: it may be carried over a restart of the sequence. */
  readOnly: boolean;
}

/** A message without data. */
export type Empty = Record<string, never>;

/** Encode and decode of a message without data. Extra bytes are `protocol`. */
export const emptyData = {
  encode: (): Uint8Array => new Uint8Array(0),
  decode: (data: Uint8Array): Empty => {
    if (data.length > 0) throw fail("protocol", `${String(data.length)} unexpected byte(s) in a message without data.`);
    return {};
  },
};

/** Makes a `decode` that reads from the front; `exact` refuses bytes left over. Every failure is `protocol`. */
export function reading<T>(read: (reader: ByteReader) => T, exact = true): (data: Uint8Array) => T {
  return (data) => {
    const reader = new ByteReader(data);
    const value = read(reader);
    if (exact && reader.left > 0) throw fail("protocol", `${String(reader.left)} byte(s) too many in the message.`);
    return value;
  };
}

/** Reads records until the data is used up. */
export function records<T>(read: (reader: ByteReader) => T): (reader: ByteReader) => T[] {
  return (reader) => {
    const all: T[] = [];
    while (reader.left > 0) all.push(read(reader));
    return all;
  };
}

/** Runs a decode; a `protocol` failure becomes null. */
export function tryDecode<T>(codec: Codec<T>, data: Uint8Array): T | null {
  try {
    return codec.decode(data);
  } catch (error) {
    if (error instanceof ToolkitError && error.code === "protocol") return null;
    throw error;
  }
}

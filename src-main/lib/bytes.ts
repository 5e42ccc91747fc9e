import { fail } from "./errors.ts";

/** Builds a byte string, little-endian as OSDP wants it. Every call returns the writer. */
export class ByteWriter {
  readonly #parts: number[] = [];

  /** One byte, 0..255. */
  u8(value: number): this {
    return this.#number(value, 1);
  }
  /** Two bytes, low byte first. */
  u16(value: number): this {
    return this.#number(value, 2);
  }
  /** Four bytes, low byte first. */
  u32(value: number): this {
    return this.#number(value, 4);
  }
  /** Two bytes, low byte first, two's complement, -32768..32767. */
  i16(value: number): this {
    return this.#number(value < 0 ? value + 0x10000 : value, 2);
  }
  /** The bytes as they are. */
  bytes(value: Uint8Array): this {
    for (const byte of value) this.#parts.push(byte);
    return this;
  }
  /** The finished byte string. */
  done(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }

  #number(value: number, size: 1 | 2 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw fail("bad-input", `The number ${String(value)} does not fit in ${String(size)} byte(s).`);
    }
    for (let i = 0; i < size; i++) this.#parts.push(Math.floor(value / 2 ** (8 * i)) & 0xff);
    return this;
  }
}

/** Reads a byte string from the front. Running past the end throws `protocol`. */
export class ByteReader {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }
  /** Bytes not read yet. */
  get left(): number {
    return this.#data.length - this.#at;
  }
  u8(): number {
    return this.#number(1);
  }
  u16(): number {
    return this.#number(2);
  }
  u32(): number {
    return this.#number(4);
  }
  i16(): number {
    const value = this.#number(2);
    return value > 0x7fff ? value - 0x10000 : value;
  }
  /** The next `count` bytes, a copy. */
  bytes(count: number): Uint8Array {
    if (count > this.left)
      throw fail("protocol", `The message ends early: ${String(count - this.left)} byte(s) missing.`);
    const part = this.#data.slice(this.#at, this.#at + count);
    this.#at += count;
    return part;
  }
  /** All that is left, a copy. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  #number(size: 1 | 2 | 4): number {
    let value = 0;
    this.bytes(size).forEach((byte, i) => (value += byte * 2 ** (8 * i)));
    return value;
  }
}

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Bytes of a hexadecimal text; blanks between bytes are allowed. Throws `bad-input` on anything else. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw fail("bad-input", "That is not hexadecimal text.");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** All parts in one new byte string. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Same length and same bytes. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

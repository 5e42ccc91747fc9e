import { toHex } from "../lib/bytes.ts";
import { tryDecode, type Codec } from "./codec.ts";
import { commands } from "./commands.ts";
import type { Frame } from "./frame.ts";
import { KEYPAD, NAK, nakReasons, replies } from "./replies.ts";

/** A frame in words: the standard's name and its fields as JSON values (bytes in hex). `fields` is empty when they do not fit. */
export interface Description {
  name: string;
  fields: Readonly<Record<string, unknown>>;
}

/** What is printed instead of a key. */
const hiddenKey = "**";

/** The codec of a frame's code, if this build knows it. Commands and replies share some numbers; the direction decides. */
export function codecOf(frame: Pick<Frame, "reply" | "code">): Codec<unknown> | undefined {
  return (frame.reply ? replies : commands).get(frame.code);
}

/** Name and fields of a frame. `data` is what follows the code, decrypted if it was encrypted. Keys are never shown. */
export function describe(frame: Pick<Frame, "reply" | "code" | "scb">, data: Uint8Array): Description {
  const codec = codecOf(frame);
  if (!codec) return { name: "UNKNOWN", fields: {} };
  const value = tryDecode(codec, data);
  if (value === null) return { name: codec.name, fields: {} };
  return { name: codec.name, fields: { ...plain(value), ...extra(codec, value) } };
}

function extra(codec: Codec<unknown>, value: unknown): Readonly<Record<string, unknown>> {
  if (codec.code === NAK.code && codec.name === NAK.name) {
    return { reason: nakReasons[(value as { code: number }).code] ?? "unknown code" };
  }
  if (codec.name === "KEYSET") return { key: hiddenKey };
  if (codec.name === KEYPAD.name) return { text: keypadText((value as { digits: Uint8Array }).digits) };
  return {};
}

/** Key presses as a person reads them: 7F is `*`, 0D is `#` (7.12); ASCII as it is; anything else `?`. */
export function keypadText(digits: Uint8Array): string {
  return [...digits]
    .map((byte) =>
      byte === 0x7f ? "*" : byte === 0x0d ? "#" : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?",
    )
    .join("");
}

function plain(value: unknown): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value as Record<string, unknown>)) result[name] = plainItem(item);
  return result;
}

function plainItem(item: unknown): unknown {
  if (item instanceof Uint8Array) return toHex(item);
  if (Array.isArray(item)) return item.map(plainItem);
  return item !== null && typeof item === "object" ? plain(item) : item;
}

import { toHex } from "../../lib/bytes.ts";
import { describe } from "../../osdp/describe.ts";
import type { Frame } from "../../osdp/frame.ts";
import { isKeyset } from "../../osdp/keyset-guard.ts";
import type { Followed } from "../../osdp/session-follower.ts";

/** What is printed instead of a key. */
const hiddenKey = "**";

/** A frame for both readers: the members of a JSON line, and words. */
export interface FrameLine {
  value: Readonly<Record<string, unknown>>;
  words: string;
}

/**
 * One frame as `decode` and `listen` print it. `secure` is there for frames with a security block. The key inside a
 * KEYSET is shown only with `showKeys`: the user gave a key himself.
 */
export function frameLine(frame: Frame, ok: boolean, followed: Followed, showKeys: boolean): FrameLine {
  const { address, sequence, code, check } = frame;
  const { name, fields } = told(frame, followed, showKeys);
  const data = followed.holdsKey && !showKeys ? hiddenData(followed) : toHex(followed.data);
  const { secure } = followed;
  const direction = frame.reply ? "reply" : "command";
  return {
    value: { direction, address, sequence, name, code, check, ok, data, fields, ...(secure ? { secure } : {}) },
    words:
      `${frame.reply ? "PD " : "ACU"} ${String(address).padStart(3)} s${String(sequence)} ${name.padEnd(12)} ` +
      `${ok ? "" : "BAD CHECK "}${secure ? `${securityWords(secure)} ` : ""}${JSON.stringify(fields)}`,
  };
}

/** Bytes that belong to no frame, in hex; `**` where they may hold a key that anybody could read. */
export function noiseText(bytes: Uint8Array, exposed: boolean, showKeys: boolean): string {
  return exposed && !showKeys ? hiddenKey : toHex(bytes);
}

/** Data that nobody here could decrypt has no fields: they would be made of ciphertext. */
function told(frame: Frame, followed: Followed, showKeys: boolean): { name: string; fields: object } {
  const { name, fields } = describe(frame, followed.data);
  const sealed = isEncrypted(frame) && followed.secure?.macOk !== true;
  if (sealed) return { name, fields: {} };
  const key = fields["key"];
  if (!isKeyset(frame) || key === undefined || !showKeys) return { name, fields };
  return { name, fields: { ...fields, key: toHex(followed.data.subarray(2)) } };
}

/** SCS_17 and SCS_18 carry encrypted data. */
function isEncrypted(frame: Frame): boolean {
  const type = frame.scb?.[1];
  return type === 0x17 || type === 0x18;
}

/** Type and length of the key stay readable where the data was decrypted or came in clear. */
function hiddenData({ data, secure }: Followed): string {
  const readable = secure === null || secure.macOk === true;
  return `${readable ? toHex(data.subarray(0, 2)) : ""}${hiddenKey}`;
}

function securityWords({ block, macOk }: { block: string; macOk: boolean | null }): string {
  return `[${block}${macOk === null ? "" : macOk ? " MAC ok" : " MAC WRONG"}]`;
}

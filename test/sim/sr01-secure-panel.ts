import type { Command } from "../../src-main/osdp/codec.ts";
import { CHLNG, SCRYPT } from "../../src-main/osdp/commands.ts";
import { describe as inWords } from "../../src-main/osdp/describe.ts";
import { encodeFrame, encodeUpToMac, type CheckKind, type Frame } from "../../src-main/osdp/frame.ts";
import { fromHex } from "../../src-main/lib/bytes.ts";
import { CCRYPT } from "../../src-main/osdp/replies.ts";
import {
  deriveKeys,
  factoryKey,
  initialRmac,
  macOf,
  SecureSession,
  serverCryptogram,
} from "../../src-main/osdp/secure-channel.ts";
import type { SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { makeBench } from "./sr01-panel.ts";

export const ownKey = fromHex("00112233445566778899aabbccddeeff");
export const nextKey = fromHex("ffeeddccbbaa99887766554433221100");
export const randomA = fromHex("b0b1b2b3b4b5b6b7");
export const randomB = fromHex("a0a1a2a3a4a5a6a7");

/** How a command is sent; the panel counts the sequence itself and secures what it can unless told otherwise. */
export interface SecureWish {
  sequence?: number;
  address?: number;
  check?: CheckKind;
  /** In clear although a session stands. */
  clear?: boolean;
  scb?: Uint8Array;
  /** Changes the frame after it was sealed; the check at its end is made after that. */
  edit?: (frame: Frame) => Frame;
  /** Changes the bytes after the check was made. */
  spoil?: (bytes: Uint8Array) => Uint8Array;
}

/** A bare panel that speaks the secure channel with a simulated SR01, shows everything and cures nothing. */
export function makeSecureBench(options: Partial<SimSr01Options> = {}) {
  const bench = makeBench({ key: ownKey, randomBytes: () => randomB.slice(), ...options });
  let session: SecureSession | null = null;
  let keys = deriveKeys(ownKey, randomA);
  /** Full MACs of the last command and of the last reply. */
  let link: { command: Uint8Array; reply: Uint8Array } = { command: new Uint8Array(16), reply: new Uint8Array(16) };
  let sequence = 0;
  let plain = new Uint8Array(0) as Uint8Array;

  const mac = (icv: Uint8Array, frame: Frame) => macOf(keys, icv, encodeUpToMac(frame));
  const build = <T>(codec: Command<T>, value: T, wish: SecureWish = {}): Uint8Array => {
    const { address = bench.sim.state().address, check = "crc", scb = null } = wish;
    const number = wish.sequence ?? sequence;
    sequence = (number % 3) + 1;
    const data = codec.encode(value);
    const clear: Frame = { address, reply: false, sequence: number, check, scb, code: codec.code, data, mac: null };
    const sealed = session && !wish.clear && !scb ? session.seal(clear) : clear;
    if (sealed.mac) link = { ...link, command: mac(link.reply, sealed) };
    const bytes = encodeFrame(wish.edit?.(sealed) ?? sealed);
    return wish.spoil?.(bytes) ?? bytes;
  };
  /** `ACK`, `NAK 6 clear`, `silence`; `ACK?` when the panel cannot verify it; two answers are joined by a plus. */
  const words = (frames: Frame[]): string => frames.map((frame) => say(frame)).join(" + ") || "silence";
  const say = (frame: Frame): string => {
    const sealed = (frame.scb?.[1] ?? 0) >= 0x15;
    const data = sealed ? (session?.open(frame) ?? null) : frame.data;
    if (sealed && data) link = { ...link, reply: mac(link.command, frame) };
    plain = data ?? new Uint8Array(0);
    if (!data) return `${inWords(frame, frame.data).name}?`;
    const { name, fields } = inWords(frame, data);
    const text = name === "NAK" ? `NAK ${String(fields["code"])}` : name;
    const status = name === "RMAC_I" && frame.scb?.[2] !== 1 ? " FF" : "";
    return `${text}${status}${sealed || frame.scb ? "" : " clear"}`;
  };
  const raw = async (bytes: Uint8Array): Promise<string> => words(await bench.exchange(bytes));
  const send = <T>(codec: Command<T>, value: T, wish: SecureWish = {}): Promise<string> =>
    raw(build(codec, value, wish));
  const challenge = (selector: number, wish: SecureWish = {}): Promise<string> =>
    send(CHLNG, { random: randomA }, { scb: Uint8Array.of(3, 0x11, selector), sequence: 0, ...wish });
  const prove = async (key: Uint8Array, wish: SecureWish = {}): Promise<string> => {
    keys = deriveKeys(key, randomA);
    const heard = bench.heard().find(({ frame }) => frame.code === CCRYPT.code)?.frame;
    const random = heard ? CCRYPT.decode(heard.data).random : randomB;
    const cryptogram = serverCryptogram(keys, randomA, random);
    const answer = await send(SCRYPT, { cryptogram }, { scb: Uint8Array.of(3, 0x13, 1), ...wish });
    if (answer !== "RMAC_I") return answer;
    const rmac = initialRmac(keys, cryptogram);
    link = { command: rmac, reply: rmac };
    session = new SecureSession(keys, rmac);
    return answer;
  };
  /** A command with this block and these raw bytes under a good MAC, which a session itself would not make. */
  const sealedAs = (codec: Command<unknown>, type: number, data: Uint8Array = new Uint8Array(0)): Promise<string> =>
    send(
      { ...codec, encode: () => data },
      {},
      {
        scb: Uint8Array.of(2, type),
        edit: (frame) => {
          const blank = { ...frame, mac: new Uint8Array(4) };
          const full = mac(link.reply, blank);
          const made = { ...blank, mac: full.slice(0, 4) };
          if (session?.open(made)) link = { ...link, command: full };
          return made;
        },
      },
    );
  return {
    ...bench,
    build,
    raw,
    send,
    words,
    /** The plain data of the last answer. */
    plain: () => plain,
    challenge,
    prove,
    sealedAs,
    /** The whole handshake; both answers. */
    open: async (key: Uint8Array = ownKey, selector = 1): Promise<string[]> => [
      await challenge(selector),
      await prove(key),
    ],
    openInstall: async (): Promise<string[]> => [await challenge(0), await prove(factoryKey as Uint8Array)],
    again: () => raw(bench.panel.lastBytes),
  };
}

/** See {@link makeSecureBench}. */
export type SecureBench = ReturnType<typeof makeSecureBench>;

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import { decodeFrame, encodeFrame, type Frame } from "../../../src-main/osdp/frame.ts";
import {
  block,
  clientCryptogram,
  deriveKeys,
  factoryKey,
  initialRmac,
  SecureSession,
  serverCryptogram,
} from "../../../src-main/osdp/secure-channel.ts";
import { SessionFollower, type Followed } from "../../../src-main/osdp/session-follower.ts";
import { StreamDecoder } from "../../../src-main/osdp/stream-decoder.ts";

interface Row {
  hex: string;
  name: string;
  scb: string | null;
  plain_data: string;
  icv?: string;
}
const golden = (
  JSON.parse(readFileSync(new URL("../../fixtures/osdp-golden.json", import.meta.url), "utf8")) as { sc: Row[] }
).sc;
const firstKey = fromHex("00112233445566778899aabbccddeeff");
const secondKey = fromHex("ffeeddccbbaa99887766554433221100");

interface Sent {
  frame: Frame;
  bytes: Uint8Array;
}

function sentOf(bytes: Uint8Array): Sent {
  const unmarked = bytes[0] === 0xff ? bytes.slice(1) : bytes;
  const frame = decodeFrame(unmarked);
  if (!frame) throw new Error(toHex(bytes));
  return { frame, bytes: unmarked };
}
const rows = golden.map((row) => ({ ...row, ...sentOf(fromHex(row.hex)) }));
const follow = (follower: SessionFollower, list: readonly Sent[]): Followed[] =>
  list.map((sent) => follower.take({ ...sent, ok: true }));
const marks = (list: readonly Followed[]): (boolean | null | undefined)[] => list.map(({ secure }) => secure?.macOk);

describe("the golden session, in stream order", () => {
  test("every row with the key of the device; KEYSET gives the next one", () => {
    const found = follow(new SessionFollower([firstKey]), rows);
    found.forEach((followed, i) => {
      const row = rows[i] as (typeof rows)[number];
      expect(`${String(i)} ${row.name} ${toHex(followed.data)}`).toBe(`${String(i)} ${row.name} ${row.plain_data}`);
      if (row.scb === null) expect(followed.secure).toBeNull();
      else expect(followed.secure).toEqual({ block: row.scb.slice(2, 4), macOk: row.icv === undefined ? null : true });
      expect(followed.holdsKey).toBe(row.name === "KEYSET");
    });
    expect(found.filter(({ secure }) => secure?.macOk === true).length).toBeGreaterThan(60);
  });

  test("without the key all stays as on the wire and nothing is claimed", () => {
    for (const [i, followed] of follow(new SessionFollower([secondKey]), rows.slice(0, 100)).entries()) {
      const row = rows[i] as (typeof rows)[number];
      expect(toHex(followed.data)).toBe(toHex(row.frame.data));
      expect(followed.secure?.macOk ?? null).toBeNull();
      expect(followed.holdsKey).toBe(false);
    }
  });

  test("a tap that comes late waits for the next handshake", () => {
    const found = marks(follow(new SessionFollower([firstKey, secondKey]), rows.slice(20)));
    expect(found.slice(0, 80).every((mark) => mark === null)).toBe(true);
    expect(found.slice(84).every((mark) => mark === true)).toBe(true);
  });

  // Row 8 is the first command of the session, row 9 its reply.
  const losses: { name: string; without: number; falseAt: number }[] = [
    { name: "command", without: 30, falseAt: 31 },
    { name: "reply", without: 31, falseAt: 32 },
  ];
  test.each(losses)("a lost $name: the first that does not fit is false, then nothing is claimed", (row) => {
    const kept = rows.map((sent, i) => ({ ...sent, i })).filter(({ i }) => i !== row.without);
    const found = follow(new SessionFollower([firstKey, secondKey]), kept);
    const at = (i: number): boolean | null | undefined => found[kept.findIndex((sent) => sent.i === i)]?.secure?.macOk;
    expect([at(row.falseAt - 2), at(row.falseAt), at(row.falseAt + 1), at(99)]).toEqual([true, false, null, null]);
    expect(at(113)).toBe(true);
  });

  test("one frame of the handshake may be missed, except for the panel's random number and proof", () => {
    const marksWithout = (i: number): unknown[] => marks(follow(new SessionFollower([firstKey]), rows.toSpliced(i, 1)));
    expect(marksWithout(5).slice(7, 99)).toEqual(Array(92).fill(true));
    expect(marksWithout(7).slice(7, 99)).toEqual(Array(92).fill(true));
    for (const i of [4, 6]) expect(marksWithout(i).slice(7, 99)).toEqual(Array(92).fill(null));
  });

  test("repeats, BUSY, a plain NAK, damage and other addresses move no chain", () => {
    const noise = (code: string): Sent =>
      sentOf(
        encodeFrame({
          ...(rows[9] as Sent).frame,
          scb: null,
          mac: null,
          code: parseInt(code, 16),
          data: new Uint8Array(0),
        }),
      );
    const other: Sent = sentOf(encodeFrame({ ...(rows[4] as Sent).frame, address: 5 }));
    const follower = new SessionFollower([firstKey]);
    rows.slice(0, 98).forEach((row, i) => {
      const first = follower.take({ ...row, ok: true });
      if (i < 8) return;
      if (i % 2 === 1) {
        // The reply was lost on its way: command and reply come again, byte for byte.
        const command = rows[i - 1] as Sent;
        expect(follower.take({ ...command, ok: true }).secure?.macOk).toBe(true);
        expect(follower.take({ ...row, ok: true })).toEqual(first);
      } else {
        follower.take({ ...noise("79"), ok: true });
        follower.take({ ...noise("41"), ok: true });
        follower.take({ ...other, ok: true });
        expect(follower.take({ ...row, ok: false }).secure?.macOk).toBeNull();
      }
      expect(first.secure?.macOk).toBe(true);
    });
  });

  test("any chunking gives the same", () => {
    const stream = concatBytes(...golden.map((row) => fromHex(row.hex)));
    const read = (chunks: Uint8Array[]): string[] => {
      const decoder = new StreamDecoder();
      const follower = new SessionFollower([firstKey]);
      const items = [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()];
      return items.map((item) => (item.type === "frame" ? told(follower.take(item)) : "noise"));
    };
    const whole = read([stream]);
    expect(whole).toHaveLength(golden.length);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = places.slice(1).map((to, i) => stream.slice(places[i], to));
        expect(read(chunks)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });
});

const randomA = fromHex("0102030405060708");
const randomB = fromHex("1112131415161718");
const plain = (address: number, reply: boolean, sequence: number, code: number, data: string): Frame => ({
  ...{ address, reply, sequence, check: "crc", scb: null, code, data: fromHex(data), mac: null },
});

/** A panel and a device that open a session with `key` at `address`: the four frames, and both ends. */
function session(key: Uint8Array, address = 0, selector = 0) {
  const keys = deriveKeys(key, randomA);
  const proof = serverCryptogram(keys, randomA, randomB);
  const rmac = initialRmac(keys, proof);
  const scb = (type: number, last = selector): Uint8Array => Uint8Array.of(3, type, last);
  const answer = toHex(concatBytes(new Uint8Array(8), randomB, clientCryptogram(keys, randomA, randomB)));
  const handshake: Frame[] = [
    { ...plain(address, false, 0, 0x76, toHex(randomA)), scb: scb(block.challenge) },
    { ...plain(address, true, 0, 0x76, answer), scb: scb(block.clientCryptogram) },
    { ...plain(address, false, 1, 0x77, toHex(proof)), scb: scb(block.serverCryptogram) },
    { ...plain(address, true, 1, 0x78, toHex(rmac)), scb: scb(block.initialRmac, 1) },
  ];
  return { handshake, panel: new SecureSession(keys, rmac), device: new SecureSession(keys, rmac) };
}
const asSent = (frame: Frame): Sent => ({ frame, bytes: encodeFrame(frame) });
const keyset = (key: string): string => `0110${key}`;
const newKey = "c0ffee00c0ffee11c0ffee22c0ffee33";

const told = ({ data, secure }: Followed): string => `${toHex(data)} ${JSON.stringify(secure)}`;

describe("sessions made here", () => {
  test("the factory key is always tried, and its KEYSET marked as holding a key", () => {
    const { handshake, panel } = session(factoryKey as Uint8Array);
    const follower = new SessionFollower();
    follow(follower, handshake.map(asSent));
    expect(follower.exposed).toBe(true);
    const sealed = panel.seal(plain(0, false, 2, 0x75, keyset(newKey)));
    const [found] = follow(follower, [asSent(sealed)]);
    expect(found && toHex(found.data)).toBe(keyset(newKey));
    expect(found?.holdsKey).toBe(true);
    const next = session(fromHex(newKey), 0, 1);
    follow(follower, next.handshake.map(asSent));
    expect(follower.exposed).toBe(false);
    const poll = next.panel.seal(plain(0, false, 2, 0x60, ""));
    expect(marks(follow(follower, [asSent(poll)]))).toEqual([true]);
  });

  test("each address has its own session, in any order", () => {
    const [one, two] = [session(firstKey, 1, 1), session(secondKey, 2, 1)];
    const follower = new SessionFollower([firstKey, secondKey]);
    follow(follower, one.handshake.flatMap((frame, i) => [frame, two.handshake[i] as Frame]).map(asSent));
    for (let i = 0; i < 6; i++) {
      const poll = (end: typeof one, address: number): Frame[] => {
        const command = end.panel.seal(plain(address, false, (i % 3) + 1, 0x66, ""));
        end.device.open(command);
        const reply = end.device.seal(plain(address, true, (i % 3) + 1, 0x4a, "00"));
        end.panel.open(reply);
        return [command, reply];
      };
      const [a, b, c, d] = [...poll(one, 1), ...poll(two, 2)].map(asSent) as [Sent, Sent, Sent, Sent];
      expect(marks(follow(follower, [a, c, d, b]))).toEqual([true, true, true, true]);
    }
  });

  test("a refused handshake opens nothing", () => {
    const { handshake, panel } = session(firstKey, 0, 1);
    const refused = { ...(handshake[3] as Frame), scb: Uint8Array.of(3, 0x14, 0xff) };
    const follower = new SessionFollower([firstKey]);
    follow(follower, [...handshake.slice(0, 3), refused].map(asSent));
    expect(marks(follow(follower, [asSent(panel.seal(plain(0, false, 2, 0x60, "")))]))).toEqual([null]);
  });

  test("a wrong MAC is told as false, and the true frame behind it still fits", () => {
    const { handshake, panel, device } = session(firstKey, 0, 1);
    const follower = new SessionFollower([firstKey]);
    follow(follower, handshake.map(asSent));
    const poll = panel.seal(plain(0, false, 2, 0x60, ""));
    const forged = { ...poll, mac: Uint8Array.of(1, 2, 3, 4) };
    expect(marks(follow(follower, [asSent(forged), asSent(poll)]))).toEqual([false, true]);
    device.open(poll);
    const ack = device.seal(plain(0, true, 2, 0x40, ""));
    expect(marks(follow(follower, [asSent(ack)]))).toEqual([true]);
  });

  test("after BUSY a panel may send again with another number on the same chain (seen with libosdp)", () => {
    const { handshake, panel, device } = session(firstKey, 0, 1);
    const again = session(firstKey, 0, 1).panel;
    const follower = new SessionFollower([firstKey]);
    follow(follower, handshake.map(asSent));
    const first = panel.seal(plain(0, false, 2, 0x68, "00051e00"));
    const second = again.seal(plain(0, false, 1, 0x68, "00051e00"));
    const busy = plain(0, true, 0, 0x79, "");
    device.open(second);
    const ack = device.seal(plain(0, true, 1, 0x40, ""));
    expect(marks(follow(follower, [first, busy, second, ack].map(asSent)))).toEqual([true, undefined, true, true]);
  });

  test("a KEYSET in clear holds a key", () => {
    const [found] = follow(new SessionFollower(), [asSent(plain(0, false, 2, 0x75, keyset(newKey)))]);
    expect(found).toMatchObject({ secure: null, holdsKey: true });
  });

  test("a blotted out frame is not judged, nor what hangs on it", () => {
    const follower = new SessionFollower([firstKey]);
    follow(follower, rows.slice(0, 98));
    const found = follower.take({ ...(rows[98] as Sent), ok: true, masked: true });
    expect(found).toMatchObject({ secure: { block: "17", macOk: null }, holdsKey: true });
    expect(marks(follow(follower, rows.slice(99, 100)))).toEqual([null]);
  });

  test("any frames at all: nothing is thrown", () => {
    const frames = fc.record({
      address: fc.integer({ min: 0, max: 3 }),
      reply: fc.boolean(),
      sequence: fc.integer({ min: 0, max: 3 }),
      check: fc.constantFrom("crc" as const, "checksum" as const),
      scb: fc.constantFrom(
        null,
        ...[0x11, 0x12, 0x13, 0x14].map((type) => Uint8Array.of(3, type, 1)),
        ...[0x15, 0x17, 0x18, 0x99].map((type) => Uint8Array.of(2, type)),
      ),
      code: fc.constantFrom(0x60, 0x75, 0x76, 0x77, 0x78, 0x40),
      data: fc.uint8Array({ maxLength: 40 }),
      mac: fc.constant(Uint8Array.of(1, 2, 3, 4)),
    });
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 30 }), (list) => {
        const follower = new SessionFollower([firstKey]);
        for (const followed of follow(follower, list.map(asSent))) expect(followed.secure?.macOk).not.toBe(true);
      }),
    );
  });
});

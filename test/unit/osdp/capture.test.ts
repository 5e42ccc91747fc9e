import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import { portPair } from "../../../src-main/lib/port.ts";
import { LineCapture, type CaptureOptions, type CaptureRecord } from "../../../src-main/osdp/capture.ts";
import { checkIsGood, encodeFrame, type Frame } from "../../../src-main/osdp/frame.ts";
import { formatOsdpcap, parseOsdpcap } from "../../../src-main/osdp/osdpcap.ts";
import { tapPort } from "../../../src-main/osdp/port-tap.ts";
import {
  clientCryptogram,
  deriveKeys,
  factoryKey,
  initialRmac,
  SecureSession,
  serverCryptogram,
} from "../../../src-main/osdp/secure-channel.ts";
import { SessionFollower } from "../../../src-main/osdp/session-follower.ts";
import { StreamDecoder } from "../../../src-main/osdp/stream-decoder.ts";

const golden = JSON.parse(readFileSync(new URL("../../fixtures/osdp-golden.json", import.meta.url), "utf8")) as Record<
  "plain" | "sc",
  { hex: string; dir: string; name: string }[]
>;

/** A clock that stands where it is put. */
function makeCapture(options: Partial<CaptureOptions> = {}) {
  const time = { now: 0 };
  const clock = { now: () => time.now, wallTime: () => 1_000_000 + time.now };
  const capture = new LineCapture({ clock, role: "tap", ...options });
  const hear = (bytes: Uint8Array, direction: "sent" | "received" = "received", stepMs = 0): void => {
    time.now += stepMs;
    capture.take({ direction, at: time.now, bytes });
  };
  return { capture, hear, time };
}
const whole = (records: readonly CaptureRecord[]): string => records.map(({ bytes }) => toHex(bytes)).join("");
const poll = fromHex("ff530008000560da99");

describe("what is recorded", () => {
  test("any bytes in any chunks come back as they were, marks included", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constant(poll),
      fc.constant(new Uint8Array(70).fill(0xff)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.integer({ min: 0, max: 300 })), { maxLength: 40 }), (list) => {
        const { capture, hear } = makeCapture();
        for (const [bytes, stepMs] of list) hear(bytes, "received", stepMs);
        expect(whole(capture.records())).toBe(list.map(([bytes]) => toHex(bytes)).join(""));
      }),
    );
  });

  test("one record a frame, its marks with it, at the time of its first byte", () => {
    const { capture, hear } = makeCapture();
    for (const byte of concatBytes(fromHex("0102"), poll, poll)) hear(Uint8Array.of(byte), "received", 1);
    const found = capture.records().map(({ wallMs, bytes }) => `${String(wallMs - 1_000_000)} ${toHex(bytes)}`);
    expect(found).toEqual(["1 0102", `3 ${toHex(poll)}`, `12 ${toHex(poll)}`]);
  });

  test("noise that came apart stays apart", () => {
    const { capture, hear } = makeCapture();
    hear(fromHex("010203"));
    hear(fromHex("0405"), "received", 50);
    hear(fromHex("06"), "received", 500);
    expect(capture.records().map(({ wallMs, bytes }) => [wallMs - 1_000_000, toHex(bytes)])).toEqual([
      [0, "010203"],
      [50, "0405"],
      [550, "06"],
    ]);
  });

  test("both directions in the order of the line, named as captures do", () => {
    const { capture, hear } = makeCapture({ role: "panel" });
    golden.plain.forEach(({ hex, dir }) => {
      hear(fromHex(hex), dir === "CP>PD" ? "sent" : "received", 3);
    });
    hear(fromHex("5380"), "received", 3);
    hear(poll, "sent", 30);
    const records = capture.records();
    const names = { "CP>PD": "output", "PD>CP": "input" } as Record<string, string>;
    expect(records.slice(0, -2).map(({ io, bytes }) => `${io} ${toHex(bytes)}`)).toEqual(
      golden.plain.map(({ dir, hex }) => `${names[dir] ?? ""} ${hex}`),
    );
    expect(records.slice(-2).map(({ io, bytes }) => `${io} ${toHex(bytes)}`)).toEqual([
      "input 5380",
      `output ${toHex(poll)}`,
    ]);
  });

  test("a tapped port tells what is written and what comes, before anybody else hears it", async () => {
    const [near, far] = portPair();
    const heard: string[] = [];
    const tapped = tapPort(near, { now: () => 7 }, ({ direction, at, bytes }) => {
      heard.push(`${direction} ${String(at)} ${toHex(bytes)}`);
    });
    tapped.onData(() => heard.push("owner"));
    await tapped.write(Uint8Array.of(1));
    await far.write(Uint8Array.of(2));
    await tapped.setBaud(38_400);
    expect([tapped.baud, near.baud, tapped.path]).toEqual([38_400, 38_400, "pair-a"]);
    expect(heard).toEqual(["sent 7 01", "received 7 02", "owner"]);
    await tapped.close();
    expect(near.closed).toBe(true);
  });
});

describe("bounds", () => {
  test("a million bytes stay within the ring, and only the newest are there", () => {
    const { capture, hear } = makeCapture({ maxBytes: 100_000 });
    let random = 1;
    for (let i = 0; i < 1000; i++) {
      const chunk = Uint8Array.from({ length: 1000 }, () => (random = (random * 48_271) % 2_147_483_647) & 0xff);
      hear(i % 3 === 0 ? concatBytes(poll, chunk) : chunk, "received", i % 5);
      expect(capture.heldBytes).toBeLessThanOrEqual(100_000 + 6000);
    }
    const records = capture.records();
    expect(records.reduce((sum, { bytes }) => sum + bytes.length + 64, 0)).toBe(capture.heldBytes);
    expect(capture.heldBytes).toBeGreaterThan(90_000);
  });

  test("many small frames cost what they cost: nothing is kept beyond the bound", () => {
    const { capture, hear } = makeCapture({ maxBytes: 10_000 });
    for (let i = 0; i < 50_000; i++) hear(poll, "received", 1);
    expect(capture.records().length).toBe(Math.floor(10_000 / (poll.length + 64)));
  });

  test("what is older than the ring goes", () => {
    const { capture, hear } = makeCapture({ maxAgeMs: 1000 });
    for (let i = 0; i < 10; i++) hear(poll, "received", 400);
    expect(capture.records()).toHaveLength(3);
  });
});

const canary = "c0ffee00c0ffee11c0ffee22c0ffee33";
const randomA = fromHex("0102030405060708");
const randomB = fromHex("1112131415161718");
const frameOf = (reply: boolean, sequence: number, code: number, data: string): Frame => ({
  ...{ address: 0, reply, sequence, check: "crc", scb: null, code, data: fromHex(data), mac: null },
});

/** A whole pairing on the wire: a session under `key`, KEYSET with the canary, ACK. */
function pairing(key: Uint8Array, selector: number): Frame[] {
  const keys = deriveKeys(key, randomA);
  const proof = serverCryptogram(keys, randomA, randomB);
  const rmac = initialRmac(keys, proof);
  const [panel, device] = [new SecureSession(keys, rmac), new SecureSession(keys, rmac)];
  const answer = toHex(concatBytes(new Uint8Array(8), randomB, clientCryptogram(keys, randomA, randomB)));
  const keyset = panel.seal(frameOf(false, 2, 0x75, `0110${canary}`));
  device.open(keyset);
  return [
    { ...frameOf(false, 0, 0x76, toHex(randomA)), scb: Uint8Array.of(3, 0x11, selector) },
    { ...frameOf(true, 0, 0x76, answer), scb: Uint8Array.of(3, 0x12, selector) },
    { ...frameOf(false, 1, 0x77, toHex(proof)), scb: Uint8Array.of(3, 0x13, selector) },
    { ...frameOf(true, 1, 0x78, toHex(rmac)), scb: Uint8Array.of(3, 0x14, 1) },
    keyset,
    device.seal(frameOf(true, 2, 0x40, "")),
  ];
}

/** All that can be learnt from a saved capture with these keys. */
function readable(records: readonly CaptureRecord[], keys: Uint8Array[]): string {
  const decoder = new StreamDecoder();
  const follower = new SessionFollower(keys);
  const stream = concatBytes(...records.map((record) => parseOsdpcap(formatOsdpcap(record)).bytes));
  const items = [...decoder.push(stream), ...decoder.end()];
  return items.map((item) => (item.type === "frame" ? toHex(follower.take(item).data) : toHex(item.bytes))).join(" ");
}

describe("keys", () => {
  const own = fromHex("00112233445566778899aabbccddeeff");
  const cases: { name: string; role: "tap" | "panel"; key: Uint8Array; selector: number; hidden: boolean }[] = [
    { name: "overheard under the factory key", role: "tap", key: factoryKey as Uint8Array, selector: 0, hidden: true },
    {
      name: "a device whose own key is the factory key",
      role: "tap",
      key: factoryKey as Uint8Array,
      selector: 1,
      hidden: true,
    },
    { name: "overheard under a key of its own", role: "tap", key: own, selector: 1, hidden: false },
    { name: "another key behind the factory selector", role: "tap", key: own, selector: 0, hidden: true },
    { name: "sent by us under a key of its own", role: "panel", key: own, selector: 1, hidden: true },
  ];
  test.each(cases)("$name: KEYSET hidden $hidden", ({ role, key, selector, hidden }) => {
    const { capture, hear } = makeCapture({ role });
    const frames = pairing(key, selector);
    for (const frame of frames) hear(encodeFrame(frame), frame.reply || role === "tap" ? "received" : "sent", 5);
    const records = capture.records();
    const sealed = toHex((frames[4] as Frame).data);
    expect(whole(records).includes(sealed)).toBe(!hidden);
    // The sealed bytes give the key to whoever has the session's key: this is what hiding is about.
    expect(readable(records, [key]).includes(canary)).toBe(!hidden);
    expect(records.map(({ masked }) => masked)).toEqual([false, false, false, false, hidden, false]);
    expect(records.every(({ bytes }) => checkIsGood(bytes))).toBe(true);
    expect(records.map(({ bytes }) => bytes.length)).toEqual(frames.map((frame) => encodeFrame(frame).length));
  });

  test("a KEYSET in clear, and one of a session whose start was not heard, are hidden", () => {
    for (const frames of [[frameOf(false, 2, 0x75, `0110${canary}`)], pairing(own, 1).slice(4)]) {
      const { capture, hear } = makeCapture();
      for (const frame of frames) hear(encodeFrame(frame));
      expect(whole(capture.records())).not.toContain(toHex((frames[0] as Frame).data));
      expect(capture.records()[0]?.masked).toBe(true);
    }
  });

  test("a challenge that was damaged on our tap leaves no trust in what follows", () => {
    const { capture, hear } = makeCapture();
    // An older challenge stands unanswered; the one that counts is damaged.
    const older = { ...frameOf(false, 0, 0x76, "ffffffffffffffff"), scb: Uint8Array.of(3, 0x11, 1) };
    const frames = pairing(factoryKey as Uint8Array, 1);
    const bytes = frames.map(encodeFrame);
    (bytes[0] as Uint8Array)[10] = 0x5a;
    for (const one of [encodeFrame(older), ...bytes]) hear(one, "received", 5);
    expect(whole(capture.records())).not.toContain(toHex((frames[4] as Frame).data));
  });

  test("damaged, cut and chunked KEYSETs under the factory key leave nothing of 16 bytes", () => {
    const frames = pairing(factoryKey as Uint8Array, 0).map(encodeFrame);
    const sealed = frames[4] as Uint8Array;
    const secret = toHex(pairing(factoryKey as Uint8Array, 0)[4]?.data ?? new Uint8Array(0));
    const damage = fc.record({
      flip: fc.option(fc.nat(sealed.length * 8 - 1)),
      cutAt: fc.option(fc.integer({ min: 1, max: sealed.length })),
      chunk: fc.integer({ min: 1, max: sealed.length }),
      stepMs: fc.constantFrom(0, 5, 200),
    });
    fc.assert(
      fc.property(damage, ({ flip, cutAt, chunk, stepMs }) => {
        const { capture, hear } = makeCapture();
        for (const frame of frames.slice(0, 4)) hear(frame, "received", 5);
        const bytes = sealed.slice(0, cutAt ?? undefined);
        if (flip !== null && flip >> 3 < bytes.length)
          bytes[flip >> 3] = (bytes[flip >> 3] as number) ^ (1 << (flip & 7));
        for (let at = 0; at < bytes.length; at += chunk) hear(bytes.slice(at, at + chunk), "received", stepMs);
        hear(frames[5] as Uint8Array, "received", 5);
        const saved = whole(capture.records());
        for (let at = 0; at + 32 <= secret.length; at += 2) expect(saved).not.toContain(secret.slice(at, at + 32));
      }),
    );
  });
});

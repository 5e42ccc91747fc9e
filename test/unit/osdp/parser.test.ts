import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import { encodeFrame, withMark, type Frame } from "../../../src-main/osdp/frame.ts";
import { FrameParser, type ParserEvent } from "../../../src-main/osdp/parser.ts";
import { StreamDecoder } from "../../../src-main/osdp/stream-decoder.ts";

const frames = fc
  .record({
    address: fc.integer({ min: 0, max: 127 }),
    reply: fc.boolean(),
    sequence: fc.integer({ min: 0, max: 3 }),
    check: fc.constantFrom("crc" as const, "checksum" as const),
    scb: fc.constantFrom(null, Uint8Array.of(3, 0x11, 1)),
    code: fc.integer({ min: 0x40, max: 0xb1 }),
    data: fc.uint8Array({ maxLength: 200 }),
    mac: fc.constant(null),
  })
  .map((frame: Frame) => encodeFrame(frame));

function cut(stream: Uint8Array, at: number[]): Uint8Array[] {
  const places = [...new Set(at.map((n) => n % (stream.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => stream.slice(from, places[i] ?? stream.length));
}

const hexOf = (events: ParserEvent[], type: ParserEvent["type"]): string[] =>
  events.filter((event) => event.type === type).map((event) => toHex(event.bytes));

test("any chunking of a stream gives the same frames", () => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 6 }), fc.array(fc.nat()), (list, cuts) => {
      const stream = concatBytes(...list.map(withMark));
      const parser = new FrameParser();
      const events = cut(stream, cuts).flatMap((chunk) => parser.push(chunk));
      expect(hexOf(events, "frame")).toEqual(list.map(toHex));
      expect(events.filter((event) => event.type !== "frame")).toEqual([]);
    }),
  );
});

test("after noise and one gap the next whole frame is delivered", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.array(fc.nat()), frames, (noise, cuts, frame) => {
      const parser = new FrameParser();
      for (const chunk of cut(noise, cuts)) parser.push(chunk);
      parser.gap();
      expect(parser.pending).toBe(false);
      expect(hexOf(parser.push(frame), "frame")).toEqual([toHex(frame)]);
    }),
  );
});

test("every byte of noise is told once, marks excepted", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }).map((b) => b.map((x) => (x === 0x53 || x === 0xff ? 0 : x))),
      (noise) => {
        const parser = new FrameParser();
        const events = [...parser.push(noise), ...parser.gap()];
        expect(hexOf(events, "noise").join("")).toBe(toHex(noise));
      },
    ),
  );
});

const good = "5300080005 60da99".replace(/ /g, "");
const streams: { name: string; hex: string; items: string[] }[] = [
  { name: "a frame alone", hex: good, items: [`ok ${good}`] },
  { name: "a frame with two marks", hex: `ffff${good}`, items: [`ok ${good}`] },
  { name: "rubbish in front", hex: `0102${good}`, items: ["noise 0102", `ok ${good}`] },
  { name: "a bad check alone", hex: "530008000560da98", items: ["bad 530008000560da98"] },
  {
    name: "a bad check, then a good frame",
    hex: `530008000560da98${good}`,
    items: ["bad 530008000560da98", `ok ${good}`],
  },
  {
    name: "a good frame that starts inside a bad candidate wins",
    hex: `53000c000560${good}`,
    items: ["noise 53000c000560", `ok ${good}`],
  },
  { name: "a frame cut off at the end", hex: "5300080005", items: ["noise 5300080005"] },
  { name: "marks only", hex: "ffffff", items: [] },
  { name: "a length that cannot be", hex: `530600${good}`, items: ["noise 530600", `ok ${good}`] },
  {
    name: "a bad frame and noise behind it",
    hex: "530008000560da98aabb",
    items: ["bad 530008000560da98", "noise aabb"],
  },
];

test.each(streams)("stream: $name", ({ hex, items }) => {
  for (const size of [1, 3, 1000]) {
    const decoder = new StreamDecoder();
    const bytes = fromHex(hex);
    const found = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...decoder.push(bytes.slice(at, at + size)));
    found.push(...decoder.end());
    const words: string[] = [];
    for (const item of found) {
      const kind = item.type === "noise" ? "noise" : item.ok ? "ok" : "bad";
      const last = words.at(-1);
      // Noise may come in pieces when it was read in pieces.
      if (kind === "noise" && last?.startsWith("noise")) words[words.length - 1] = last + toHex(item.bytes);
      else words.push(`${kind} ${toHex(item.bytes)}`);
    }
    expect(words).toEqual(items);
  }
});

test("memory stays bounded under a flood", () => {
  const parser = new FrameParser();
  for (let i = 0; i < 200; i++) {
    for (const event of parser.push(new Uint8Array(997).fill(i % 2 ? 0x53 : 0x04))) {
      expect(event.bytes.length).toBeLessThanOrEqual(1440 + 997);
    }
  }
});

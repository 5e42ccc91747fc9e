import { readFileSync } from "node:fs";
import { describe as group, expect, test } from "vitest";
import { fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import { codecOf } from "../../../src-main/osdp/describe.ts";
import { checkIsGood, decodeFrame, encodeFrame, type Frame } from "../../../src-main/osdp/frame.ts";
import { FrameParser } from "../../../src-main/osdp/parser.ts";
import { StreamDecoder } from "../../../src-main/osdp/stream-decoder.ts";

interface Row {
  hex: string;
  dir: "CP>PD" | "PD>CP";
  name: string;
  addr: number;
  seq: number;
  check: string;
  scb: string | null;
  plain_data: string;
}

// Frames captured from libosdp on both ends of a line: bytes from outside our own encoder.
const golden = JSON.parse(readFileSync(new URL("../../fixtures/osdp-golden.json", import.meta.url), "utf8")) as {
  plain: Row[];
  sc: Row[];
};

function unmarked(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  return bytes[0] === 0xff ? bytes.slice(1) : bytes;
}

function whole(bytes: Uint8Array): Frame {
  const frame = decodeFrame(bytes);
  if (!frame) throw new Error(`not a frame: ${toHex(bytes)}`);
  return frame;
}

group("golden frames without secure channel", () => {
  test("the file holds what it should", () => {
    expect(golden.plain.length).toBeGreaterThan(100);
    expect(golden.sc.length).toBeGreaterThan(50);
  });

  test.each(golden.plain.map((row, index) => ({ ...row, index })))(
    "$index $dir $name decodes and re-encodes",
    (row) => {
      const bytes = unmarked(row.hex);
      expect(checkIsGood(bytes)).toBe(true);
      const frame = whole(bytes);
      expect(frame).toMatchObject({
        address: row.addr,
        sequence: row.seq,
        check: row.check,
        reply: row.dir === "PD>CP",
      });
      expect(toHex(frame.data)).toBe(row.plain_data);
      const codec = codecOf(frame);
      expect(codec?.name).toBe(row.name);
      const data = codec?.encode(codec.decode(frame.data)) ?? new Uint8Array(0);
      expect(toHex(encodeFrame({ ...frame, data }))).toBe(toHex(bytes));
    },
  );
});

group("golden frames with secure channel", () => {
  test.each(golden.sc.map((row, index) => ({ ...row, index })))("$index $dir $name keeps its block and MAC", (row) => {
    const bytes = unmarked(row.hex);
    const frame = whole(bytes);
    expect(frame.scb && toHex(frame.scb)).toBe(row.scb);
    expect(toHex(encodeFrame(frame))).toBe(toHex(bytes));
  });
});

group("the golden streams in one piece", () => {
  test.each(["plain", "sc"] as const)("%s: no byte is noise and every frame is found", (part) => {
    const stream = fromHex(golden[part].map((row) => row.hex).join(""));
    const parser = new FrameParser();
    const found = [...parser.push(stream), ...parser.gap()];
    expect(found.every((event) => event.type === "frame")).toBe(true);
    expect(found.map((event) => toHex(event.bytes))).toEqual(golden[part].map((row) => toHex(unmarked(row.hex))));
    const decoder = new StreamDecoder();
    const items = [...decoder.push(stream), ...decoder.end()];
    expect(items.filter((item) => item.type === "frame" && item.ok)).toHaveLength(golden[part].length);
  });
});

group("worked checks", () => {
  test.each([
    ["530009000461 00", "c066"],
    ["537f0d00046e008025 0000", "6e38"],
    ["537f0c00006e0080250000", "0f"],
    ["5300080000 6100", "44"],
  ])("%s ends with %s", (body, check) => {
    const bytes = fromHex(body + check);
    expect(checkIsGood(bytes)).toBe(true);
    expect(toHex(encodeFrame(whole(bytes)))).toBe(toHex(bytes));
  });
});

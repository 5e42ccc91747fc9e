import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import {
  buildImage,
  firstProblem,
  hardwareProblem,
  imageHeaderBytes,
  maxImageBytes,
  readImage,
  samplePayload,
  spoilImage,
} from "../../../src-main/sr01/image.ts";

const payload = samplePayload("1.2.4", 1000);
const image = buildImage({ version: "1.2.4", hardware: { from: 1, to: 3 }, payload });
const changed = (at: number, value: number, from = image) => {
  const copy = from.slice();
  copy[at] = value;
  return copy;
};

describe("the header", () => {
  test("is laid out as documented", () => {
    const head = fromHex("53494d5352303100 01 01 03 010204 0000 e8030000");
    const hash = createHash("sha256").update(head).update(payload).digest("hex");
    expect(toHex(image.slice(0, imageHeaderBytes))).toBe(toHex(head) + hash + "00".repeat(12));
    expect(image.slice(imageHeaderBytes)).toEqual(payload);
  });

  test("is read back", () => {
    expect(readImage(image)).toEqual({
      kind: "simulator",
      version: "1.2.4",
      hardware: { from: 1, to: 3 },
      problems: [],
    });
  });

  test.each([
    ["version", { version: "1.2" }],
    ["version", { version: "1.2.256" }],
    ["hardware", { hardware: { from: 3, to: 1 } }],
    ["hardware", { hardware: { from: 0, to: 256 } }],
    ["size", { payload: new Uint8Array(0) }],
    ["size", { payload: new Uint8Array(maxImageBytes) }],
  ])("a wrong %s is refused when building", (field, part) => {
    const parts = { version: "1.2.4", hardware: { from: 1, to: 3 }, payload, ...part };
    expect(() => buildImage(parts)).toThrow(expect.objectContaining({ code: "bad-input", field }) as Error);
  });
});

const unfit: { name: string; file: Uint8Array; kind: string; says: RegExp[] }[] = [
  { name: "empty", file: new Uint8Array(0), kind: "opaque", says: [/empty/] },
  { name: "no magic", file: samplePayload("x", 500), kind: "opaque", says: [] },
  { name: "magic cut off", file: image.slice(0, 7), kind: "opaque", says: [] },
  { name: "header cut off", file: image.slice(0, 40), kind: "simulator", says: [/inside its header/] },
  { name: "truncated by one byte", file: image.slice(0, -1), kind: "simulator", says: [/1 byte\(s\) are missing/] },
  {
    name: "one byte too many",
    file: concatBytes(image, Uint8Array.of(0)),
    kind: "simulator",
    says: [/1 byte\(s\) more/],
  },
  { name: "payload damaged", file: changed(500, 0x100 - (image[500] ?? 0)), kind: "simulator", says: [/SHA-256/] },
  { name: "version damaged", file: changed(12, 9), kind: "simulator", says: [/SHA-256/] },
  { name: "range upside down", file: changed(9, 4), kind: "simulator", says: [/upside down/, /SHA-256/] },
  { name: "unknown header", file: changed(8, 2), kind: "simulator", says: [/version 2/, /SHA-256/] },
  {
    name: "header alone",
    file: changed(17, 0, changed(16, 0, image.slice(0, 64))),
    kind: "simulator",
    says: [/no content/, /SHA/],
  },
  {
    name: "three things at once",
    file: changed(9, 9, changed(8, 9, image.slice(0, 900))),
    kind: "simulator",
    says: [/header/, /upside/, /cut off/],
  },
  { name: "too large", file: new Uint8Array(maxImageBytes + 1), kind: "opaque", says: [/larger than 16 MiB/] },
];

describe("a file that is unfit says every reason", () => {
  test.each(unfit)("$name", ({ file, kind, says }) => {
    const { problems, ...reading } = readImage(file);
    expect(reading.kind).toBe(kind);
    expect(problems).toHaveLength(says.length);
    problems.forEach((problem, index) => {
      expect(problem).toMatchObject({ code: "bad-input", field: "file" });
      expect(problem.message).toMatch(says[index] as RegExp);
    });
  });

  test.each([0, 1, 10, 20, 40, 63, 64, 500, 1063])("any flipped bit of byte %i is noticed", (at) => {
    for (let bit = 0; bit < 8; bit++) {
      const reading = readImage(changed(at, (image[at] as number) ^ (1 << bit)));
      const reserved = at >= 52 && at < 64;
      expect(reading.kind === "opaque" || reading.problems.length > 0).toBe(!reserved);
    }
  });
});

describe("spoiling", () => {
  test.each([
    ["hash", /SHA-256/],
    ["length", /missing/],
  ] as const)("%s: one problem, same size", (kind, says) => {
    const spoilt = spoilImage(image, kind);
    expect(spoilt).toHaveLength(image.length);
    expect(readImage(spoilt).problems.map(({ message }) => message)).toEqual([expect.stringMatching(says)]);
  });

  test("hardware: a sound image for other units", () => {
    const reading = readImage(spoilImage(image, "hardware"));
    expect(reading).toMatchObject({ kind: "simulator", version: "1.2.4", problems: [] });
    const range = reading.kind === "simulator" ? reading.hardware : null;
    expect(range && hardwareProblem(range, 1)?.message).toMatch(/this unit has hardware 1/);
    expect(range && hardwareProblem(range, 200)).toBeNull();
  });

  test("only a sound image can be spoilt", () => {
    expect(() => spoilImage(spoilImage(image, "hash"), "length")).toThrow(/sound/);
    expect(() => spoilImage(payload, "hash")).toThrow(/sound/);
  });
});

test("a sample payload is the same for the same version and size, and differs else", () => {
  expect(samplePayload("1.0.0", 100)).toEqual(samplePayload("1.0.0", 100));
  expect(samplePayload("1.0.0", 100)).not.toEqual(samplePayload("1.0.1", 100));
  expect(samplePayload("1.0.0", 100)).not.toEqual(samplePayload("1.0.0", 101).slice(0, 100));
  expect(new Set(samplePayload("1.0.0", 4096)).size).toBe(256);
});

test("the first problem is the one that is thrown; the others go along", () => {
  expect(firstProblem(readImage(image))).toBeNull();
  const spoilt = changed(9, 9, changed(8, 9, image.slice(0, 900)));
  expect(firstProblem(readImage(spoilt))).toMatchObject({ code: "bad-input", field: "file" });
});

import fc from "fast-check";
import { describe as group, expect, test } from "vitest";
import { fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import type { Codec } from "../../../src-main/osdp/codec.ts";
import { tryDecode } from "../../../src-main/osdp/codec.ts";
import { commands } from "../../../src-main/osdp/commands.ts";
import { replies } from "../../../src-main/osdp/replies.ts";
import { describe as inWords, keypadText } from "../../../src-main/osdp/describe.ts";

const all: [string, Codec<unknown>][] = [
  ...[...commands.values()].map((codec): [string, Codec<unknown>] => [`command ${codec.name}`, codec]),
  ...[...replies.values()].map((codec): [string, Codec<unknown>] => [`reply ${codec.name}`, codec]),
];

group("every codec", () => {
  test.each(all)("%s: any bytes either fit and come back the same, or are refused as nonsense", (_, codec) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const value = tryDecode(codec, bytes);
        if (value === null) return;
        // What is read again from what was written means the same, whatever extra bytes were ignored.
        expect(codec.decode(codec.encode(value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  test("knows each code once a direction", () => {
    expect(commands.size).toBe(new Set([...commands.values()].map((codec) => codec.name)).size);
    expect(replies.size).toBe(new Set([...replies.values()].map((codec) => codec.name)).size);
  });
});

group("data that does not fit", () => {
  const rows: { codec: string; hex: string }[] = [
    { codec: "command ID", hex: "" },
    { codec: "command POLL", hex: "00" },
    { codec: "command OUT", hex: "000100" },
    { codec: "command COMSET", hex: "00802500" },
    { codec: "command FILETRANSFER", hex: "0100000000000000000500aabb" },
    { codec: "command KEYSET", hex: "0110aabb" },
    { codec: "reply ACK", hex: "00" },
    { codec: "reply NAK", hex: "" },
    { codec: "reply PDID", hex: "0c11050101040302010102" },
    { codec: "reply PDCAP", hex: "0102" },
    { codec: "reply LSTATR", hex: "00" },
    { codec: "reply FTSTAT", hex: "010000000000" },
    { codec: "reply KEYPAD", hex: "000531" },
  ];
  test.each(rows)("$codec <- $hex", ({ codec, hex }) => {
    const found = all.find(([name]) => name === codec)?.[1];
    expect(found && tryDecode(found, fromHex(hex))).toBeNull();
  });
});

group("values of the wire", () => {
  test.each([
    ["command OUT", { orders: [{ output: 0, code: 5, timer: 30 }] }, "00051e00"],
    [
      "command OUT",
      {
        orders: [
          { output: 1, code: 2, timer: 0 },
          { output: 0, code: 6, timer: 65_535 },
        ],
      },
      "010200000006ffff",
    ],
    ["command COMSET", { address: 3, baud: 115_200 }, "0300c20100"],
    ["reply FTSTAT", { action: 1, delayMs: 500, detail: -3, updateMax: 128 }, "01f401fdff8000"],
    ["reply LSTATR", { tamper: true, powerFailure: false }, "0100"],
    [
      "reply PDID",
      { vendor: "0c1105", model: 1, hardwareVersion: 2, serialNumber: "0a0b0c0d", firmwareVersion: "9.10.255" },
      "0c110501020d0c0b0a090aff",
    ],
    [
      "reply PDID",
      { vendor: "ffffff", model: 255, hardwareVersion: 0, serialNumber: "ffffffff", firmwareVersion: "0.0.0" },
      "ffffffff00ffffffff000000",
    ],
  ] as [string, unknown, string][])("%s %j", (name, value, hex) => {
    const codec = all.find(([one]) => one === name)?.[1];
    expect(codec && toHex(codec.encode(value))).toBe(hex);
    expect(codec?.decode(fromHex(hex))).toEqual(value);
  });
});

group("frames in words", () => {
  const words = (reply: boolean, code: number, hex: string) => inWords({ reply, code, scb: null }, fromHex(hex));
  test.each([
    {
      what: "a key is never shown",
      reply: false,
      code: 0x75,
      hex: `0110${"ab".repeat(16)}`,
      fields: { type: 1, key: "**" },
    },
    {
      what: "a refusal has its reason",
      reply: true,
      code: 0x41,
      hex: "03",
      fields: { code: 3, reason: "command not implemented" },
    },
    { what: "an unknown refusal", reply: true, code: 0x41, hex: "2a", fields: { code: 42, reason: "unknown code" } },
    { what: "key presses", reply: true, code: 0x53, hex: "000331 7f0d", fields: { text: "1*#" } },
    { what: "data that does not fit", reply: true, code: 0x48, hex: "01", fields: {} },
  ])("$what", ({ reply, code, hex, fields }) => {
    expect(words(reply, code, hex).fields).toMatchObject(fields);
    expect(JSON.stringify(words(reply, code, hex))).not.toContain("abab");
  });
  test("the same code is another message the other way", () => {
    expect([words(false, 0x76, "00".repeat(8)).name, words(true, 0x76, "00".repeat(32)).name]).toEqual([
      "CHLNG",
      "CCRYPT",
    ]);
    expect(words(true, 0x99, "")).toEqual({ name: "UNKNOWN", fields: {} });
  });
  test("what is no key press is a question mark", () => {
    expect(keypadText(fromHex("01307fff0d"))).toBe("?0*?#");
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { cleanUp, errorOf, folder } from "./bench.ts";
import { runCli } from "./harness.ts";

interface Row {
  hex: string;
  dir: "CP>PD" | "PD>CP";
  name: string;
  addr: number;
  seq: number;
  check: string;
  plain_data: string;
}

// Captured from libosdp: bytes from outside our own encoder.
const golden = new URL("../fixtures/osdp-golden.json", import.meta.url);
const rows = (JSON.parse(readFileSync(golden, "utf8")) as { plain: Row[] }).plain;
const dir = folder();
afterAll(cleanUp);

async function decode(text: string, ...more: string[]) {
  return runCli(["decode", "-", "--json", ...more], { input: text });
}

/** What a row must be told as, but for its fields. The code stands behind the head of 5 bytes. */
function told(row: Row): Record<string, unknown> {
  const frame = row.hex.startsWith("ff") ? row.hex.slice(2) : row.hex;
  return {
    direction: row.dir === "CP>PD" ? "command" : "reply",
    address: row.addr,
    sequence: row.seq,
    name: row.name,
    code: Number.parseInt(frame.slice(10, 12), 16),
    check: row.check,
    ok: true,
    data: row.plain_data,
    fields: expect.any(Object) as unknown,
  };
}

const poll = "ff530008000560da99";
const polled = { name: "POLL", ok: true };

describe("the golden frames", () => {
  const whole = rows.map((row) => row.hex).join("\n");

  test("one line a frame: exactly the keys, in order, nothing else; from a file as from stdin", async () => {
    const file = join(dir, "golden.hex");
    writeFileSync(file, whole);
    const [byFile, byStdin] = [await runCli(["decode", file, "--json"]), await decode(whole)];
    expect(byFile.code).toBe(0);
    expect(byFile.lines).toEqual(rows.map(told));
    for (const one of byFile.lines) {
      expect(Object.keys(one)).toEqual(Object.keys(told(rows[0] as Row)));
    }
    expect(byStdin.stdout).toBe(byFile.stdout);
    expect((await decode(whole, "--noise")).stdout).toBe(byFile.stdout);
  });

  test("any chunks, pieces of bytes apart, give the same lines", async () => {
    const stream = rows.map((row) => row.hex).join("");
    const bytes = stream.match(/../g) ?? [];
    const expected = (await decode(whole)).stdout;
    const sizes = [1, 2, 7, 3, 19, 64, 1, 300];
    let chunks = "";
    for (let at = 0, n = 0; at < bytes.length; n++) {
      const size = sizes[n % sizes.length] ?? 1;
      chunks += `${bytes.slice(at, at + size).join(n % 3 === 0 ? " " : "")}\r\n${n % 5 === 0 ? "\n# a remark\n" : ""}`;
      at += size;
    }
    for (const text of [chunks, stream, bytes.join("\n"), stream.toUpperCase()]) {
      const { code, stdout } = await decode(text);
      expect(code).toBe(0);
      expect(stdout).toBe(expected);
    }
  });

  const fields: [string, string, Record<string, unknown>][] = [
    ["PDID", "ff5380140004450c110501010403020101020369e2", { vendor: "0c1105", model: 1, firmwareVersion: "1.2.3" }],
    ["OUT", "ff53000c000668000200007d3a", { orders: [{ output: 0, code: 2, timer: 0 }] }],
    ["COMSET", "ff53000d00056e0000c2010097c2", { address: 0, baud: 115_200 }],
    ["NAK", "ff5380090005410355b3", { code: 3 }],
    ["FTSTAT", "ff53800f00077a010000000000002ac4", { action: 1, delayMs: 0, detail: 0, updateMax: 0 }],
  ];
  test("fields", async () => {
    const { lines } = await decode(fields.map(([, hex]) => hex).join("\n"));
    expect(lines).toEqual(
      fields.map(([name, , values]) => {
        return expect.objectContaining({
          name,
          ok: true,
          fields: expect.objectContaining(values) as unknown,
        }) as unknown;
      }),
    );
  });
});

describe("what is no good frame", () => {
  const cases: [string, string, string[], Record<string, unknown>[]][] = [
    ["marks", `ffffff${poll}ffff${poll}ff`, ["--noise"], [polled, polled]],
    ["noise is not told unless asked", `0102${poll}03`, [], [polled]],
    ["noise, asked", `0102${poll}03`, ["--noise"], [{ noise: "0102" }, polled, { noise: "03" }]],
    ["a bad check", "ff530008000560da98", [], [{ name: "POLL", check: "crc", ok: false }]],
    ["a good frame inside a candidate", `ff5300140005${poll}0102030405`, [], [polled]],
    ["a checksum frame", "ff53000700016045", [], [{ name: "POLL", check: "checksum", ok: true }]],
    ["the beginning of a frame", "ff530008000560", [], []],
    ["nothing", "", [], []],
  ];
  it.concurrent.each(cases)("%s", async (_, text, more, expected) => {
    const { code, lines } = await decode(text, ...more);
    expect(code).toBe(0);
    expect(lines).toEqual(expected.map((one) => expect.objectContaining(one) as unknown));
  });

  it.concurrent.each([
    ["garbage", "hello", /Line 1/],
    ["half a byte", `${poll}\nff5`, /Line 2/],
  ])("%s is bad-input with its line, and what came before is told", async (_, text, words) => {
    const { code, lines } = await decode(text);
    expect([code, errorOf(lines)]).toEqual([
      2,
      expect.objectContaining({ code: "bad-input", message: expect.stringMatching(words) as string }),
    ]);
    expect(lines.length).toBe(text.split("\n").length);
  });

  test("a file that is not there", async () => {
    const { code, lines } = await runCli(["decode", "/nowhere/x.hex", "--json"]);
    expect([code, errorOf(lines)?.["field"]]).toEqual([2, "file"]);
  });
});

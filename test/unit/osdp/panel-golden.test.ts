import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../../../src-main/lib/bytes.ts";
import { MemoryPort } from "../../../src-main/lib/port.ts";
import { VirtualClock } from "../../../src-main/lib/virtual-clock.ts";
import { Bus } from "../../../src-main/osdp/bus.ts";
import { commands, KEYSET } from "../../../src-main/osdp/commands.ts";
import type { Device } from "../../../src-main/osdp/device.ts";
import { decodeFrame } from "../../../src-main/osdp/frame.ts";

interface Row {
  hex: string;
  dir: "CP>PD" | "PD>CP";
  name: string;
  seq: number;
  plain_data: string;
}
const golden = JSON.parse(readFileSync(new URL("../../fixtures/osdp-golden.json", import.meta.url), "utf8")) as {
  plain: Row[];
  sc: Row[];
};

const marked = (hex: string): string => (hex.startsWith("ff") ? hex : `ff${hex}`);

/** A line whose far end plays back what libosdp's PD said, as long as we say what libosdp's panel said. */
function playback(rows: readonly Row[]): { device: Device; clock: VirtualClock; sent: string[]; expected: string[] } {
  const clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  const port = new MemoryPort("libosdp", 9600);
  const sent: string[] = [];
  const expected: string[] = [];
  let at = 0;
  port.onSend = (bytes) => {
    const hex = toHex(bytes);
    // ID and CAP are asked anew where libosdp goes straight to CHLNG: answered from the captured start.
    const isStart = [rows[0], rows[2]].find((row) => row && marked(row.hex) === hex && at > 3);
    const place = isStart ? rows.indexOf(isStart) : at;
    if (!isStart) {
      sent.push(hex);
      expected.push(marked(rows[at]?.hex ?? "nothing more was said"));
      at += 2;
    }
    const reply = rows[place + 1];
    if (reply)
      clock.after(5, () => {
        port.deliver(fromHex(reply.hex));
      });
  };
  return { device: new Bus(port, clock, { latencyMs: 0, gapMs: 20 }).device(0), clock, sent, expected };
}

function commandOf(row: Row): { code: number; data: Uint8Array } {
  const frame = decodeFrame(fromHex(marked(row.hex)).slice(1));
  if (!frame) throw new Error(row.hex);
  return { code: frame.code, data: fromHex(row.plain_data) };
}

/** Our panel says what libosdp's said, from the given row on, and must send the same bytes and understand each reply. */
async function say(device: Device, clock: VirtualClock, rows: readonly Row[]): Promise<void> {
  for (let at = 0; at < rows.length; at += 2) {
    const { code, data } = commandOf(rows[at] as Row);
    const command = commands.get(code);
    if (!command) throw new Error(`no command ${String(code)}`);
    const reply = rows[at + 1] as Row;
    const asked = device.request(command, command.decode(data));
    if (reply.name === "NAK") {
      await expect(clock.run(asked)).rejects.toMatchObject({ code: "device-refused" });
      continue;
    }
    const answer = await clock.run(asked);
    expect(answer.reply.name).toBe(reply.name);
    expect(toHex(answer.reply.encode(answer.value))).toBe(reply.plain_data);
  }
}

test("in clear: every command as libosdp's panel sent it, every reply understood", async () => {
  // The capture begins anew after COMSET; up to there the numbers run through.
  const rows = golden.plain;
  const { device, clock, sent, expected } = playback(rows);
  await clock.run(device.start());
  const again = rows.findIndex((row, index) => index > 3 && row.name === "ID");
  await say(device, clock, rows.slice(4, again < 0 ? rows.length : again));
  expect(sent.length).toBeGreaterThan(40);
  expect(sent).toEqual(expected);
});

test("in a secure session: handshake, every sealed command, KEYSET and the new session, byte for byte", async () => {
  const rows = golden.sc;
  const { device, clock, sent, expected } = playback(rows);
  const link = (hex: string) => ({
    kind: "scbk" as const,
    key: fromHex(hex),
    randomBytes: () => fromHex("b0b1b2b3b4b5b6b7"),
  });
  device.useKey(link("00112233445566778899aabbccddeeff"));
  await clock.run(device.start());
  expect(device.security).toBe("scbk");
  const keySet = rows.findIndex((row) => row.name === KEYSET.name);
  await say(device, clock, rows.slice(8, keySet + 2));
  device.useKey(link("ffeeddccbbaa99887766554433221100"));
  await clock.run(device.start());
  expect(device.security).toBe("scbk");
  await say(device, clock, rows.slice(keySet + 6));
  expect(sent).toHaveLength(rows.length / 2);
  expect(sent).toEqual(expected);
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { concatBytes, equalBytes, fromHex } from "../../src-main/lib/bytes.ts";
import { describe } from "../../src-main/osdp/describe.ts";
import { checkIsGood } from "../../src-main/osdp/frame.ts";
import { FrameParser, type ParserEvent } from "../../src-main/osdp/parser.ts";
import { deriveKeys, SecureSession } from "../../src-main/osdp/secure-channel.ts";
import { seededRandom } from "../../src-main/sim/prng.ts";

const streams = 1_000_000;
const golden = JSON.parse(readFileSync(new URL("../fixtures/osdp-golden.json", import.meta.url), "utf8")) as {
  plain: { hex: string }[];
  sc: { hex: string }[];
};
const frames = [...golden.plain, ...golden.sc].map((row) => fromHex(row.hex)).filter((bytes) => bytes.length < 200);
const probe = fromHex("530008000560da99");

/** One or two frames with one to four injuries: flipped, lost, doubled, inserted, cut or swapped bytes, wild lengths. */
function mutate(random: () => number): Uint8Array {
  const pick = (count: number): number => Math.floor(random() * count);
  const frame = (): Uint8Array => frames[pick(frames.length)] as Uint8Array;
  let stream = random() < 0.5 ? frame().slice() : concatBytes(frame(), frame());
  for (let injuries = 1 + pick(4); injuries > 0; injuries--) {
    const at = pick(stream.length);
    switch (pick(6)) {
      case 0:
        stream[at] = (stream[at] ?? 0) ^ (1 << pick(8));
        break;
      case 1:
        stream = concatBytes(stream.subarray(0, at), stream.subarray(at + 1 + pick(3)));
        break;
      case 2:
        stream = concatBytes(stream.subarray(0, at), Uint8Array.of(pick(256), 0x53, pick(256)), stream.subarray(at));
        break;
      case 3:
        stream = concatBytes(stream.subarray(0, at), stream.subarray(Math.max(0, at - 4)));
        break;
      case 4:
        stream = stream.slice(0, Math.max(1, at));
        break;
      default:
        if (stream.length > 4) stream[3] = pick(8);
    }
  }
  return stream.length > 0 ? stream : Uint8Array.of(0x53);
}

test(`${String(streams)} mutated streams: no throw, bounded memory, in sync again after one gap`, () => {
  const random = seededRandom(20_261);
  const session = new SecureSession(deriveKeys(new Uint8Array(16), new Uint8Array(8)), new Uint8Array(16));
  const parser = new FrameParser();
  let found = 0;
  let largest = 0;
  const look = (events: ParserEvent[]): void => {
    for (const event of events) {
      largest = Math.max(largest, event.bytes.length);
      if (event.type !== "frame") continue;
      found += 1;
      if (!checkIsGood(event.bytes)) throw new Error("a frame with a bad check was delivered");
      describe(event.frame, event.frame.data);
      if (event.frame.scb) session.open(event.frame);
    }
  };
  for (let i = 0; i < streams; i++) {
    const stream = mutate(random);
    const cut = Math.floor(random() * stream.length);
    look(parser.push(stream.subarray(0, cut)));
    look(parser.push(stream.subarray(cut)));
    look(parser.gap());
    if (parser.pending) throw new Error("bytes are kept beyond a gap");
    const [event, ...more] = parser.push(probe);
    if (event?.type !== "frame" || more.length > 0 || !equalBytes(event.bytes, probe)) {
      throw new Error(`stream ${String(i)}: the next whole frame was not delivered`);
    }
  }
  // Half of the streams keep a whole frame, so the injuries do not empty the test.
  expect(found).toBeGreaterThan(streams / 4);
  expect(largest).toBeLessThanOrEqual(1440 + 400);
}, 240_000);

test("without a gap every undamaged frame is delivered once 1440 more bytes have come", () => {
  const random = seededRandom(7);
  for (let i = 0; i < 20_000; i++) {
    const parser = new FrameParser();
    parser.push(mutate(random));
    const events: ParserEvent[] = [];
    // 240 probes are 1920 bytes: whatever the injury swallowed is over by then.
    for (let n = 0; n < 240; n++) events.push(...parser.push(probe));
    const last = events.at(-1);
    if (last?.type !== "frame" || !equalBytes(last.bytes, probe))
      throw new Error(`stream ${String(i)} never came back`);
    if (parser.pending) throw new Error(`stream ${String(i)}: bytes are still kept`);
  }
});

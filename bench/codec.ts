import { randomBytes } from "node:crypto";
import { encodeFrame, withMark, type Frame } from "../src-main/osdp/frame.ts";
import { FrameParser } from "../src-main/osdp/parser.ts";
import { deriveKeys, SecureSession } from "../src-main/osdp/secure-channel.ts";
import type { Bench } from "./report.ts";

const seconds = 2;
const baud = 230_400;

/** Frames parsed (and opened) per second, and the share of one core that a line at 230400 bit/s would take. */
export const benchCodec: Bench = (_args, tell) => {
  for (const [label, dataBytes] of [
    ["poll answer", 0],
    ["256-byte frame", 220],
    ["1440-byte frame", 1400],
  ] as const) {
    for (const secured of [false, true]) {
      const { perSecond, frameBytes } = measure(dataBytes, secured);
      const cpuShare = Math.round((10_000 * (baud / 10 / frameBytes)) / perSecond) / 10_000;
      const row = {
        frame: label,
        secured,
        frameBytes,
        framesPerSecond: Math.round(perSecond),
        cpuShareAt230400: cpuShare,
      };
      tell(
        row,
        `${label.padEnd(16)} ${secured ? "secured" : "plain  "} ${String(row.framesPerSecond).padStart(8)} frames/s, ${(100 * cpuShare).toFixed(2)} % of a core at 230400`,
      );
    }
  }
  return Promise.resolve([]);
};

function measure(dataBytes: number, secured: boolean): { perSecond: number; frameBytes: number } {
  const keys = deriveKeys(randomBytes(16), randomBytes(8));
  const rmac = new Uint8Array(randomBytes(16));
  const frame: Frame = {
    ...{ address: 0, reply: true, sequence: 1, check: "crc", scb: null, mac: null },
    ...{ code: 0x90, data: new Uint8Array(randomBytes(dataBytes)) },
  };
  const bytes = withMark(encodeFrame(secured ? new SecureSession(keys, rmac).seal(frame) : frame));
  const parser = new FrameParser();
  let count = 0;
  const begun = performance.now();
  while (performance.now() - begun < seconds * 1000) {
    for (let i = 0; i < 100; i++) {
      const [event] = parser.push(bytes);
      if (event?.type !== "frame") throw new Error("the parser lost a frame");
      if (secured && new SecureSession(keys, rmac).open(event.frame) === null)
        throw new Error("a good frame did not open");
      count += 1;
    }
  }
  return { perSecond: (1000 * count) / (performance.now() - begun), frameBytes: bytes.length };
}

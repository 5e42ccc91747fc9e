import { expect, test } from "vitest";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { Bus } from "../../src-main/osdp/bus.ts";
import { defaultDeviceTiming } from "../../src-main/osdp/device.ts";
import { sendFile } from "../../src-main/osdp/send-file.ts";
import { createLine, type LineFaults } from "../../src-main/sim/line.ts";
import { seededRandom } from "../../src-main/sim/prng.ts";
import { createSimSr01 } from "../../src-main/sim/sr01/sim-sr01.ts";

const baud = 115_200;
const fileBytes = 256 * 1024;
const seeds = 20;
const key = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

/** One transfer in virtual time; seconds by the clock of the wire. Frames of 256 or 1440 bytes. */
async function transfer(
  secured: boolean,
  receiveSize: number,
  faults: Partial<LineFaults>,
  seed: number,
): Promise<number> {
  const clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  const line = createLine({ clock, baud, seed, faults });
  const unit = createSimSr01({ port: line.b, clock, receiveSize, ...(secured ? { key } : {}) });
  const device = new Bus(line.a, clock, { latencyMs: 0, gapMs: 20 }, defaultDeviceTiming).device(0);
  const random = seededRandom(seed);
  const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
  if (secured) device.useKey({ kind: "scbk", key, randomBytes: bytes });
  const work = device
    .start()
    .then(() =>
      sendFile(device, { data: bytes(fileBytes), type: 1, clock, finishLimitMs: 5000, onProgress: () => undefined }),
    );
  const sent = await clock.run(work);
  expect(sent.outcome).toBe("processed");
  unit.close();
  await line.close();
  return sent.seconds;
}

const rows: { noise: string; faults: Partial<LineFaults>; within: number }[] = [
  { noise: "bit errors 1e-6", faults: { bitErrorRate: 1e-6 }, within: 1.15 },
  { noise: "bit errors 1e-5", faults: { bitErrorRate: 1e-5 }, within: 1.6 },
  { noise: "one byte lost in 1e5", faults: { byteLossRate: 1e-5 }, within: 1.3 },
];

for (const secured of [false, true]) {
  for (const receiveSize of [1440, 256]) {
    const name = `${secured ? "secured" : "plain"}, frames of ${String(receiveSize)}`;

    const runs = seeds;
    test.each(rows)(
      `256 KiB at 115200, ${name}, $noise: completes every time`,
      async ({ faults, within }) => {
        const clean = await transfer(secured, receiveSize, {}, 1);
        const times: number[] = [];
        for (let seed = 1; seed <= runs; seed++) times.push(await transfer(secured, receiveSize, faults, seed));
        const worst = Math.max(...times) / clean;
        process.stdout.write(`${name}: clean ${clean.toFixed(2)} s, worst of ${String(runs)} x${worst.toFixed(3)}\n`);
        expect(worst).toBeLessThanOrEqual(within);
      },
      240_000,
    );
  }
}

import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { Bus } from "../../src-main/osdp/bus.ts";
import { createLine } from "../../src-main/sim/line.ts";
import { createSimSr01 } from "../../src-main/sim/sr01/sim-sr01.ts";
import { flash } from "../../src-main/sr01/flash.ts";
import { buildImage, samplePayload } from "../../src-main/sr01/image.ts";
import { createOsdpSr01 } from "../../src-main/sr01/osdp-sr01.ts";
import { settle } from "./sr01-panel.ts";

const hardware = { from: 1, to: 1 };
const file = (sizeBytes: number) =>
  buildImage({ version: "1.4.0", hardware, payload: samplePayload("1.4.0", sizeBytes - 64) });

describe("our panel and our simulated SR01 on one line", () => {
  test.each([
    [9600, 256, 0],
    [38_400, 1440, 0],
    [115_200, 256, 0],
    [115_200, 1440, 1e-6],
    [115_200, 256, 1e-5],
  ])(
    "a flash at %i bit/s, frames of %i bytes, bit error rate %d, in virtual time",
    async (baud, receiveSize, bitErrorRate) => {
      const clock = new VirtualClock(settle);
      const line = createLine({ clock, baud, faults: { bitErrorRate } });
      const sim = createSimSr01({ port: line.b, clock, receiveSize });
      const profile = createOsdpSr01({ bus: new Bus(line.a, clock), address: 0, clock });
      const image = { version: "1.4.0", hardware };
      const report = await clock.run(flash({ profile, file: file(16_384), image, clock, onProgress: () => undefined }));
      expect(report).toMatchObject({ verified: true, firmwareBefore: "1.2.3", firmwareAfter: "1.4.0" });
      expect(sim.state().counts.moves).toBe(0);
      expect(line.counters().a.collidedBytes + line.counters().b.collidedBytes).toBe(0);
    },
  );
});

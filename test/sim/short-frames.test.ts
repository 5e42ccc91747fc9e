import { expect, test } from "vitest";
import { sendFile } from "../../src-main/osdp/send-file.ts";
import { makeSim } from "./harness.ts";

test("a unit that drops long frames at 9600 is given short ones, and the next file at once", async () => {
  const { device, clock, said } = makeSim({ sim: { receiveSize: 256, faults: { silentOver200msFrames: true } } });
  await clock.run(device.start());
  const data = new Uint8Array(2000).fill(9);
  const send = () => sendFile(device, { data, type: 1, clock, finishLimitMs: 5000, onProgress: () => undefined });
  const first = await clock.run(send());
  expect(first).toMatchObject({ outcome: "processed", fragmentBytes: 108 });
  const sentBefore = said().length;
  const second = await clock.run(send());
  expect(second.fragmentBytes).toBe(108);
  // 19 fragments, ACURXSIZE, ABORT and a few POLLs: nothing is tried in vain any more.
  expect(
    said()
      .slice(sentBefore)
      .filter((words) => words.startsWith("FILETRANSFER")),
  ).toHaveLength(19);
  expect(second.seconds).toBeLessThan(first.seconds);
});

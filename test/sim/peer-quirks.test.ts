import { expect, test } from "vitest";
import { ISTAT, OUT, outputCodes } from "../../src-main/osdp/commands.ts";
import { sendFile } from "../../src-main/osdp/send-file.ts";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { makeSim } from "./harness.ts";

// What libosdp, OSDP.Net and readers in the field are known to do, borne by our panel: read, move, send a file, in clear or
// in a session, and end well. `fragments` where the quirk shows in the number of FILETRANSFERs.
const quirks: { name: string; faults: Sr01Faults; secured: boolean; least?: number }[] = [
  { name: "no mark in front of replies (libosdp #27, #84)", faults: { replyWithoutMark: true }, secured: false },
  { name: "checksum replies to CRC commands", faults: { replyWithChecksum: true }, secured: false },
  { name: "three bytes of rubbish in front, now and then", faults: { rubbishBefore: 3 }, secured: true },
  { name: "replies at 180 ms", faults: { delayReplyMs: 180 }, secured: true },
  { name: "other PDs' replies on the line (#112)", faults: { foreignBefore: 3 }, secured: true },
  { name: "status replies in clear under block 15 (libosdp PD)", faults: { xstatInClearBlock15: true }, secured: true },
  { name: "BUSY inside a session, in clear with sequence 0 (#51, #47)", faults: { busyInSession: 3 }, secured: true },
  { name: "a damaged frame ends the session (libosdp PD)", faults: { dropsScOnBadCrc: true }, secured: true },
  { name: "FtDelay is kept (#192, OSDP.Net #116)", faults: { ftDelayMs: 40 }, secured: true },
  { name: "wish to leave the secure channel (FtAction bit 1) is ignored", faults: { ftAction: 3 }, secured: true },
  { name: "bit 2 set for ever must not stop the file (libosdp CP gets stuck)", faults: { ftAction: 4 }, secured: true },
  {
    name: "message size update, taken for the whole frame (OSDP.Net)",
    faults: { ftUpdateMax: 128 },
    secured: true,
    least: 9,
  },
  { name: "lost last FTSTAT is repeated, not written twice (#191)", faults: { dropEvery: 5 }, secured: true },
];

test.each(quirks)("$name", async ({ faults, secured, least }) => {
  const key = Uint8Array.from({ length: 16 }, (_, i) => 3 * i);
  const { device, sim, clock, said } = makeSim({ sim: { receiveSize: 256, ...(secured ? { key } : {}) } });
  if (secured) device.useKey({ kind: "scbk", key, randomBytes: (count) => new Uint8Array(count).fill(0x5c) });
  await clock.run(device.start());
  sim.setFaults(faults);
  const inputs = await clock.run(device.request(ISTAT, {}));
  expect(inputs.value).toEqual({ values: [0, 0] });
  const orders = [{ output: 0, code: outputCodes.timedOn, timer: 5 }];
  await clock.run(device.request(OUT, { orders }));
  expect(sim.state().counts.moves).toBe(1);
  const data = new Uint8Array(1000).fill(0x53);
  const sent = await clock.run(
    sendFile(device, { data, type: 1, clock, finishLimitMs: 5000, onProgress: () => undefined }),
  );
  expect(sent.outcome).toBe("processed");
  expect(device.security).toBe(secured ? "scbk" : "none");
  const fragments = said().filter((words) => words.startsWith("FILETRANSFER")).length;
  expect(fragments).toBeGreaterThanOrEqual(least ?? 5);
});

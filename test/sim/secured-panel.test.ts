import { describe, expect, test } from "vitest";
import { ISTATR } from "../../src-main/osdp/replies.ts";
import { OUT, outputCodes } from "../../src-main/osdp/commands.ts";
import type { Device } from "../../src-main/osdp/device.ts";
import { sendFile, type SentFile } from "../../src-main/osdp/send-file.ts";
import { seededRandom } from "../../src-main/sim/prng.ts";
import type { Sr01Faults } from "../../src-main/sim/sr01/faults.ts";
import { makeSim } from "./harness.ts";

const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const otherKey = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 - i);

function secure(device: Device, own = key): void {
  const random = seededRandom(5);
  device.useKey({
    kind: "scbk",
    key: own,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
  });
}
const pulse = { orders: [{ output: 0, code: outputCodes.timedOn, timer: 20 }] };

// What goes wrong in a secured conversation, what the caller sees, and how often the lock moved.
const rows: { name: string; faults: Sr01Faults; outcome: string; moves: number; maybe?: boolean }[] = [
  { name: "healthy", faults: {}, outcome: "ok", moves: 1 },
  { name: "a lost reply is repeated with identical bytes", faults: { dropReplies: 1 }, outcome: "ok", moves: 1 },
  { name: "a damaged reply is repeated", faults: { damageReplies: 2 }, outcome: "ok", moves: 1 },
  { name: "a doubled reply does no harm", faults: { doubleReplies: 1 }, outcome: "ok", moves: 1 },
  { name: "BUSY in the session", faults: { busyInSession: 2 }, outcome: "ok", moves: 1 },
  {
    name: "the session is gone at the unit (NAK 06)",
    faults: { forgetsSession: 1 },
    outcome: "protocol",
    moves: 0,
    maybe: true,
  },
  { name: "a plain NAK 06", faults: { plainNak06: 1 }, outcome: "protocol", moves: 0, maybe: true },
  {
    name: "a wrong MAC from the unit ends the session",
    faults: { wrongMac: 1 },
    outcome: "protocol",
    moves: 1,
    maybe: true,
  },
  { name: "ACK lost once: the stored one comes", faults: { loseAckAfterOut: 1 }, outcome: "ok", moves: 1 },
  { name: "the unit is dead", faults: { dropReplies: 999 }, outcome: "device-timeout", moves: 1, maybe: true },
];

describe("one pulse through a secure session", () => {
  test.each(rows)("$name", async ({ faults, outcome, moves, maybe }) => {
    const { device, sim, clock } = makeSim({ sim: { key } });
    secure(device);
    await clock.run(device.start());
    expect(device.security).toBe("scbk");
    sim.setFaults(faults);
    const end = await clock.run(
      device.request(OUT, pulse).then(
        () => ({ code: "ok", data: undefined }),
        (error: { code: string; data?: Record<string, unknown> }) => error,
      ),
    );
    expect(end.code).toBe(outcome);
    expect(end.data?.["maybeExecuted"]).toBe(maybe);
    expect(sim.state().counts.moves).toBe(moves);
  });

  test("double-open: OUT executed, ACK lost, repeat damaged, session gone - it moves once and the caller is told", async () => {
    const { device, sim, clock, line } = makeSim({ sim: { key } });
    secure(device);
    await clock.run(device.start());
    sim.setFaults({ loseAckAfterOut: 1 });
    const asked = device.request(OUT, pulse).catch((error: unknown) => error);
    // The first repeat goes out about 240 ms later and is damaged on its way; then the unit restarts and has no session.
    clock.after(100, () => {
      expect(sim.state().counts.moves).toBe(1);
      line.setFaults({ bitErrorRate: 0.05 });
    });
    clock.after(350, () => {
      line.setFaults({ bitErrorRate: 0 });
      sim.unplug();
      sim.plugIn();
    });
    const end = await clock.run(asked);
    expect(end).toMatchObject({ code: "protocol", data: { maybeExecuted: true, command: "OUT" } });
    expect(sim.state().counts.moves).toBe(1);
  });
});

describe("whose key is it", () => {
  const refused: { name: string; sim: Record<string, unknown>; own?: Uint8Array; code: string }[] = [
    { name: "another key", sim: { key: otherKey }, code: "device-auth" },
    { name: "wrong cryptogram", sim: { key, faults: { wrongCryptogram: true } }, code: "device-auth" },
    { name: "RMAC_I says no", sim: { key, faults: { rmacStatusFF: true } }, code: "device-auth" },
    { name: "a unit without secure channel", sim: {}, code: "unsupported" },
    { name: "a unit on the factory key is not given ours", sim: { install: true }, code: "device-auth" },
  ];
  test.each(refused)("$name: $code, bounded, no other key tried, nothing moved", async ({ sim: options, code }) => {
    const { device, sim, clock, sent } = makeSim({ sim: options });
    secure(device);
    await expect(clock.run(device.request(OUT, pulse))).rejects.toMatchObject({ code });
    expect(sent.length).toBeLessThan(12);
    expect(sim.state().counts.moves).toBe(0);
    // The unit can still be named.
    const facts = await clock.run(device.start({ plain: true }));
    expect(facts.id.serialNumber).toBe("01020304");
  });

  test("reads are carried over a lost session, which is opened again", async () => {
    const { device, sim, clock } = makeSim({ sim: { key } });
    secure(device);
    await clock.run(device.start());
    sim.setFaults({ forgetsSession: 1 });
    expect(await clock.run(device.poll())).toBeNull();
    expect(device.security).toBe("scbk");
  });
});

describe("a press of the exit button during a transfer", () => {
  const cases = [38_400, 115_200].flatMap((baud) =>
    [256, 1440].flatMap((receiveSize) => [false, true].map((secured) => ({ baud, receiveSize, secured }))),
  );
  test.each(cases)("$baud bit/s, frames of $receiveSize, secured $secured: reported in time", async (row) => {
    const { baud, receiveSize, secured } = row;
    const { device, sim, clock, bus } = makeSim({
      line: { baud },
      sim: { baud, receiveSize, ...(secured ? { key } : {}) } as never,
    });
    if (secured) secure(device);
    await clock.run(device.start());
    const heard: number[] = [];
    device.onReport((reply, value) => {
      if (reply.code === ISTATR.code && (value as { values: number[] }).values[0] === 1) heard.push(clock.now());
    });
    const pressed: number[] = [];
    const press = (): void => {
      pressed.push(clock.now());
      sim.exitButton(true);
      clock.after(700, () => {
        sim.exitButton(false);
      });
    };
    for (const at of [1000, 2333, 3666]) clock.after(at, press);
    const data = new Uint8Array(48 * 1024).fill(7);
    const sent: SentFile = await clock.run(
      sendFile(device, { data, type: 1, clock, finishLimitMs: 5000, onProgress: () => undefined }),
    );
    expect(sent.outcome).toBe("processed");
    const fragmentMs = (receiveSize * 10_000) / bus.baud;
    const limitMs = Math.max(300, fragmentMs + 100);
    // Interleaving costs at most 0.02 of the line with long frames and 0.03 with short ones.
    const floor =
      receiveSize === 1440
        ? secured
          ? 0.925
          : 0.945
        : baud === 38_400
          ? secured
            ? 0.72
            : 0.81
          : secured
            ? 0.7
            : 0.79;
    expect((data.length * 10) / baud / sent.seconds).toBeGreaterThanOrEqual(floor);
    const during = pressed.filter((at) => at < sent.seconds * 1000 - limitMs);
    expect(during.length).toBeGreaterThan(1);
    during.forEach((at, index) => {
      expect((heard[index] as number) - at).toBeLessThanOrEqual(limitMs);
    });
  });
});

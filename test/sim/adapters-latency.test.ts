import { describe, expect, test } from "vitest";
import { fail } from "../../src-main/lib/errors.ts";
import type { TracePiece } from "../../src-main/osdp/wire.ts";
import { createOsdpSr01 } from "../../src-main/sr01/osdp-sr01.ts";
import {
  allowanceMs,
  keepLatency,
  keptLatency,
  latencyAdvice,
  measureLatency,
  turnOf,
} from "../../src-main/services/latency.ts";
import { liveDoorWarnings, readinessLines, type MachineFacts } from "../../src-main/services/readiness.ts";
import { Lines } from "../../src-main/services/lines.ts";
import { openMemoryStore } from "../../src-main/hosts/store/sqlite-store.ts";
import { setSetting } from "../../src-main/records/settings.ts";
import { defaultDeviceTiming } from "../../src-main/osdp/device.ts";
import { makeSim } from "./harness.ts";
import { makeWorld } from "./world.ts";

const piece = (direction: "sent" | "received", at: number, ...bytes: number[]): TracePiece => ({
  ...{ direction, at, bytes: Uint8Array.from(bytes) },
});
/** At 10,000 bit/s a byte takes 1 ms. */
const baud = 10_000;

describe("one exchange", () => {
  const sent = piece("sent", 100, 1, 2, 3);
  test.each([
    { name: "nobody answers", received: [], turn: { replyMs: null, echoMs: null } },
    {
      name: "17 ms beyond the bits of both, whatever the pieces",
      received: [piece("received", 110, 7), piece("received", 122, 8)],
      turn: { replyMs: 17, echoMs: null },
    },
    { name: "only our own echo", received: [piece("received", 105, 1, 2, 3)], turn: { replyMs: null, echoMs: 2 } },
    {
      name: "echo and answer",
      received: [piece("received", 104, 1, 2), piece("received", 110, 3, 9), piece("received", 112, 9)],
      turn: { replyMs: 7, echoMs: 7 },
    },
    {
      name: "a line that does not pace itself",
      received: [piece("received", 100, 9)],
      turn: { replyMs: 0, echoMs: null },
    },
  ])("$name", ({ received, turn }) => {
    expect(turnOf(sent, received, baud)).toEqual(turn);
  });
});

describe("measuring", () => {
  const measuring = (bench: ReturnType<typeof makeSim>, exchanges = 20) => {
    const profile = createOsdpSr01({ bus: bench.bus, address: 0, clock: bench.clock });
    return bench.end(
      measureLatency({ wire: bench.bus.wire, clock: bench.clock, exchanges, poll: (signal) => profile.poll(signal) }),
    );
  };

  test.each([1, 16, 40])("finds the true %i ms of an adapter, beside the unit's own thinking", async (adapterMs) => {
    const timing = { latencyMs: 100, gapMs: 20 };
    const unit = (await measuring(makeSim({ timing }))).value;
    const { value } = await measuring(makeSim({ timing, line: { latencyMs: { a: adapterMs } } }));
    expect(value).toMatchObject({ lost: 0, echoMs: null });
    expect(value?.exchanges).toBeGreaterThanOrEqual(20);
    expect((value?.medianMs ?? 0) - (unit?.medianMs ?? 0)).toBeCloseTo(adapterMs, 0);
    expect(value?.worstMs).toBeGreaterThanOrEqual(value?.medianMs ?? Infinity);
  });

  test("counts what was lost on a bad line", async () => {
    const { value } = await measuring(makeSim({ line: { faults: { bitErrorRate: 0.0005 }, seed: 3 } }), 200);
    expect(value?.lost).toBeGreaterThan(0);
    expect(value?.lost).toBeLessThan(60);
  });

  test("gives no figure when nobody answers, and stops soon", async () => {
    const bench = makeSim({ line: { faults: { bitErrorRate: 0 } } });
    bench.line.cut(true);
    const { value, error } = await measuring(bench);
    expect([value, error]).toEqual([null, null]);
    expect(bench.sent.length).toBeLessThan(16);
  });

  test("passes on that the line was lost", async () => {
    const bench = makeSim();
    const poll = () => Promise.reject(fail("link-lost", "gone"));
    const { error } = await bench.end(measureLatency({ wire: bench.bus.wire, clock: bench.clock, poll }));
    expect(error?.code).toBe("link-lost");
  });
});

describe("the figure", () => {
  const latency = { exchanges: 20, lost: 1, medianMs: 16.5, worstMs: 31, echoMs: null, measuredAt: "2026-01-01" };

  test("is kept with the adapter; something else under its name is none", () => {
    const store = openMemoryStore();
    keepLatency(store, "usb-serial/1", latency);
    expect(keptLatency(store, "usb-serial/1")).toEqual(latency);
    expect(keptLatency(store, "usb-serial/2")).toBeNull();
    setSetting(store, "adapter-latency usb-serial/1", { worstMs: "soon" });
    expect(keptLatency(store, "usb-serial/1")).toBeNull();
  });

  test.each([
    [0, 25],
    [12.6, 26],
    [31, 62],
    [9000, 500],
  ])("at worst %d ms allows %d ms: never below the floor, never without end", (worstMs, allowed) => {
    expect(allowanceMs({ worstMs })).toBe(allowed);
  });

  test("is used by the line that is opened on this adapter, and only there", async () => {
    const world = makeWorld();
    const seams = { clock: world.clock, wireTiming: { latencyMs: 400, gapMs: 20 }, deviceTiming: defaultDeviceTiming };
    world.line.cut(true);
    const silenceMs = async (path: string): Promise<number> => {
      const lines = new Lines(world.ports, { ...seams, allowanceMs: (asked) => (asked === "measured" ? 25 : null) });
      const line = await world.clock.run(lines.open({ path, baud: 9600, mode: "bench", listenMs: 0 }));
      const since = world.clock.now();
      const outcome = await world.clock.run(
        line.bus.wire.attempt(Uint8Array.of(0x53, 0, 8, 0, 4, 0x60, 0, 0), () => true, 200),
      );
      expect(outcome.type).toBe("silence");
      await line.close();
      return world.clock.now() - since;
    };
    const [measured, usual] = [await silenceMs("measured"), await silenceMs("other")];
    expect(usual - measured).toBeCloseTo(375, 0);
  });
});

describe("advice on FTDI's latency timer", () => {
  const timer = { timerMs: 16, ftdi: true, platform: "linux", path: "/dev/ttyUSB0", command: "echo 1 | sudo tee X" };
  test.each([
    { name: "16 ms on Linux: the command", given: timer, says: /16 ms/, commands: ["echo 1 | sudo tee X"] },
    {
      name: "Windows: where it is set",
      given: { ...timer, platform: "win32", timerMs: null, command: null },
      says: /usually 16 ms/,
    },
    {
      name: "macOS: no setting",
      given: { ...timer, platform: "darwin", timerMs: null, command: null },
      says: /usually 16 ms/,
    },
    { name: "set already", given: { ...timer, timerMs: 1 }, says: null },
    { name: "another chip", given: { ...timer, ftdi: false }, says: null },
  ])(
    "$name",
    ({ given, says, commands }: { given: typeof timer | object; says: RegExp | null; commands?: string[] }) => {
      const advice = latencyAdvice(given as typeof timer);
      if (says === null) expect(advice).toBeNull();
      else {
        expect(advice?.message).toMatch(says);
        expect(advice?.commands).toEqual(commands);
        expect(advice?.nextStep).toMatch(/\S/);
      }
    },
  );
});

describe("ready for offline?", () => {
  const good: MachineFacts = {
    platform: "linux",
    serialLibrary: { works: true, reason: null },
    usbEvents: true,
    drivers: [{ name: "ftdi_sio", chips: "FT232R", present: true }],
    access: { group: "dialout", may: true },
    udev: { present: true, ruleInstalled: true, commands: [] },
    meddlers: [],
    network: [{ name: "eth0", address: "192.168.1.5", prefix: 24 }],
    power: "battery",
  };
  const reds = (facts: Partial<MachineFacts>): { id: string; fix: string | null }[] =>
    readinessLines({ ...good, ...facts }).filter(({ ok }) => ok === false);

  test("all is well", () => {
    expect(readinessLines(good).every(({ ok, fix }) => ok === true && fix === null)).toBe(true);
  });

  const cases: { name: string; facts: Partial<MachineFacts>; id: string; fix: RegExp }[] = [
    {
      name: "the serial library",
      facts: { serialLibrary: { works: false, reason: "x" } },
      id: "serial-library",
      fix: /Install/,
    },
    {
      name: "a driver",
      facts: { drivers: [{ name: "ch341", chips: "CH340", present: false }] },
      ...{ id: "driver-ch341", fix: /modprobe ch341/ },
    },
    { name: "access", facts: { access: { group: "uucp", may: false } }, id: "access", fix: /usermod -aG uucp/ },
    {
      name: "a modem program without our rule",
      facts: { meddlers: ["ModemManager"], udev: { present: true, ruleInstalled: false, commands: [] } },
      ...{ id: "meddler-ModemManager", fix: /systemctl stop ModemManager/ },
    },
    { name: "no address", facts: { network: [] }, id: "network", fix: /network cable/ },
    {
      name: "an address of its own making",
      facts: { network: [{ name: "eth0", address: "169.254.7.7", prefix: 16 }] },
      ...{ id: "network-eth0", fix: /no DHCP.*ip address add ADDRESS\/24 dev eth0/ },
    },
    {
      name: "the same on Windows",
      facts: { platform: "win32", network: [{ name: "Ethernet", address: "169.254.7.7", prefix: 16 }] },
      ...{ id: "network-Ethernet", fix: /netsh interface ipv4 add address "Ethernet"/ },
    },
  ];
  test.each(cases)("red: $name, with its fix", ({ facts, id, fix }) => {
    const red = reds(facts);
    expect(red.map((line) => line.id)).toEqual([id]);
    expect(red[0]?.fix).toMatch(fix);
  });

  test("what the system does not tell is neither good nor red", () => {
    const lines = readinessLines({ ...good, platform: "win32", drivers: [], access: null });
    expect(lines.find(({ id }) => id === "drivers")).toMatchObject({ ok: null, fix: expect.any(String) as string });
  });

  test("our rule keeps the modem program away", () => {
    expect(reds({ meddlers: ["ModemManager"] })).toEqual([]);
    expect(reds({ meddlers: ["brltty"] }).map(({ id }) => id)).toEqual(["meddler-brltty"]);
  });

  test.each([
    ["mains", /pull it/],
    ["battery", /leave it so/],
    [null, /does not tell/],
  ] as const)("at a live door, fed by %s", (power, says) => {
    const warnings = liveDoorWarnings({ power });
    expect(warnings[0]).toMatch(says);
    expect(warnings.slice(1).join(" ")).toMatch(/ground first.* 5 V .*empty.*120 ohm/i);
  });
});

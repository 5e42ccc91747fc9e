import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../src-main/lib/bytes.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { osdpRates } from "../../src-main/osdp/baud-finder.ts";
import { LineCapture } from "../../src-main/osdp/capture.ts";
import { Listening, type Heard, type ListenOptions } from "../../src-main/services/listen.ts";
import { createLine, type LineOptions } from "../../src-main/sim/line.ts";
import { settle } from "./sr01-panel.ts";

interface Row {
  hex: string;
  name: string;
  plain_data: string;
  icv?: string;
}
const golden = JSON.parse(readFileSync(new URL("../fixtures/osdp-golden.json", import.meta.url), "utf8")) as Record<
  "plain" | "sc",
  Row[]
>;
const key = fromHex("00112233445566778899aabbccddeeff");
const unmarked = (hex: string): string => hex.replace(/^(ff)+/, "");

/** A tap at end a; whatever speaks on the line does so at end b. */
function makeTap(baud: number, options: Partial<ListenOptions> = {}, lineOptions: Partial<LineOptions> = {}) {
  const clock = new VirtualClock(settle);
  const line = createLine({ clock, baud, ...lineOptions });
  const heard: Heard[] = [];
  const capture = new LineCapture({ clock, role: "tap" });
  const listening = new Listening(line.a, {
    clock,
    baud,
    keys: [key],
    onHeard: (one) => heard.push(one),
    capture,
    ...options,
  });
  const stop = new AbortController();
  const frames = () => heard.filter((one) => one.type === "frame");
  const noise = () => heard.filter((one) => one.type === "noise");
  /** Sends row after row, `pauseMs` apart, as a panel and its device would. */
  const speak = async (rows: readonly { hex: string }[], pauseMs = 5): Promise<void> => {
    for (const { hex } of rows) {
      await line.b.write(fromHex(hex));
      await new Promise<void>((resolve) => {
        clock.after(pauseMs, resolve);
      });
    }
  };
  /** Listens while `work` goes on and a little longer; the tap must not have sent anything. */
  const during = async (work: Promise<unknown>): Promise<void> => {
    const done = listening.run(stop.signal).catch((error: unknown) => error);
    await clock.run(work);
    await clock.advance(200);
    stop.abort();
    expect(await clock.run(done)).toMatchObject({ code: "cancelled" });
    expect(line.counters().a.sentBytes).toBe(0);
  };
  return { clock, line, heard, frames, noise, capture, listening, speak, during };
}

describe("golden streams on a simulated line", () => {
  test.each(osdpRates)("at %i bit/s every frame is told, in order, with its time; nothing is sent", async (baud) => {
    const tap = makeTap(baud);
    await tap.during(tap.speak(golden.plain));
    const found = tap.frames();
    expect(found.map(({ frame, ok }) => ok && frame.code)).toEqual(
      golden.plain.map(({ hex }) => parseInt(unmarked(hex).slice(10, 12), 16)),
    );
    expect(tap.noise()).toEqual([]);
    expect(tap.listening.summary).toEqual({ frames: golden.plain.length, noiseBytes: 0, baud });
    const times = found.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(
      tap.capture
        .records()
        .map(({ bytes }) => toHex(bytes))
        .join(""),
    ).toBe(golden.plain.map(({ hex }) => hex).join(""));
  });

  test("the secured stream is decrypted, KEYSET followed", async () => {
    const tap = makeTap(115_200);
    await tap.during(tap.speak(golden.sc));
    expect(tap.frames().map(({ followed }) => toHex(followed.data))).toEqual(golden.sc.map((row) => row.plain_data));
    expect(tap.frames().filter(({ followed }) => followed.secure?.macOk === true)).toHaveLength(
      golden.sc.filter(({ icv }) => icv !== undefined).length,
    );
  });

  test("without a key it stays as on the wire, and the capture is the same stream", async () => {
    const tap = makeTap(115_200, { keys: [] });
    await tap.during(tap.speak(golden.sc));
    expect(tap.frames().every(({ followed }) => followed.secure?.macOk !== true)).toBe(true);
    expect(
      tap.capture
        .records()
        .map(({ bytes }) => toHex(bytes))
        .join(""),
    ).toBe(golden.sc.map(({ hex }) => hex).join(""));
  });
});

describe("the rate is found", () => {
  test.each(osdpRates)("%i bit/s, polled every 50 ms, within five seconds; nothing is sent", async (baud) => {
    const tap = makeTap(baud, { baud: "auto" });
    await tap.line.a.setBaud(9600);
    const polls = golden.sc.slice(32, 34);
    await tap.during(tap.speak(Array.from({ length: 60 }, () => polls).flat(), 45));
    expect(tap.heard[0]).toMatchObject({ type: "baud", baud });
    expect(tap.heard[0]?.at).toBeLessThan(5000);
    expect(tap.listening.summary).toMatchObject({ baud, noiseBytes: 0 });
    // What was heard while judging is told too.
    expect(tap.frames().length).toBeGreaterThan(20);
    expect(tap.frames()[0]?.at).toBeLessThan(tap.heard[0]?.at ?? 0);
  });

  test("a line that changes its rate is found again", async () => {
    const tap = makeTap(38_400, { baud: "auto" });
    const some = golden.plain.slice(0, 8);
    const work = async (): Promise<void> => {
      await tap.speak(Array.from({ length: 20 }, () => some).flat(), 40);
      await tap.line.b.setBaud(9600);
      await tap.speak(Array.from({ length: 40 }, () => some).flat(), 40);
    };
    await tap.during(work());
    expect(tap.heard.filter((one) => one.type === "baud").map(({ baud }) => baud)).toEqual([38_400, 9600]);
    expect(tap.listening.summary.baud).toBe(9600);
  });
});

describe("noise and ends", () => {
  test("unknown bytes are told raw in one piece, with their time and the pause before them", async () => {
    for (const sliceMs of [1, 50]) {
      const tap = makeTap(9600, {}, { sliceMs });
      const rows = [
        { hex: golden.plain[0]?.hex ?? "" },
        { hex: "0102030405060708" },
        { hex: golden.plain[1]?.hex ?? "" },
      ];
      await tap.during(tap.speak(rows, 40));
      expect(tap.noise().map(({ bytes }) => toHex(bytes))).toEqual(["0102030405060708"]);
      const [noise] = tap.noise();
      const [first] = tap.frames();
      expect((noise?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(40);
      expect(noise?.gapMs).toBeGreaterThan(40);
      expect(noise?.gapMs).toBeLessThan(60);
      expect(tap.listening.summary).toMatchObject({ frames: 2, noiseBytes: 8 });
    }
  });

  test("bit errors: whatever is whole is told, all bytes are kept", async () => {
    const tap = makeTap(115_200, {}, { faults: { bitErrorRate: 1e-3 } });
    const heardBytes: Uint8Array[] = [];
    tap.line.tap(({ bytes }) => heardBytes.push(bytes));
    await tap.during(tap.speak(golden.sc));
    expect(tap.frames().filter(({ ok }) => ok).length).toBeGreaterThan(20);
    expect(tap.frames().filter(({ ok }) => ok).length).toBeLessThan(golden.sc.length);
    const saved = tap.capture.records().filter(({ masked }) => !masked);
    expect(toHex(concatBytes(...heardBytes))).toContain(
      saved
        .slice(0, 3)
        .map(({ bytes }) => toHex(bytes))
        .join(""),
    );
  });

  test("it ends by itself after the time asked for, and with link-lost when the adapter goes", async () => {
    const timed = makeTap(9600);
    await timed.clock.run(timed.listening.run(new AbortController().signal, 2500));
    expect(timed.clock.now()).toBe(2500);
    const auto = makeTap(9600, { baud: "auto" });
    await auto.clock.run(auto.listening.run(new AbortController().signal, 2500));
    expect(auto.clock.now()).toBe(2500);
    expect(auto.listening.summary).toEqual({ frames: 0, noiseBytes: 0, baud: null });
    for (const baud of [9600, "auto"] as const) {
      const pulled = makeTap(9600, { baud });
      pulled.clock.after(100, () => {
        pulled.line.a.hangUp();
      });
      await expect(pulled.clock.run(pulled.listening.run(new AbortController().signal))).rejects.toMatchObject({
        code: "link-lost",
      });
    }
  });

  test("a million bytes of noise stay bounded", async () => {
    const tap = makeTap(230_400);
    const work = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) {
        await tap.line.b.write(Uint8Array.from({ length: 5000 }, (_, n) => (n * n * 31 + i * 7) & 0xff));
      }
    };
    await tap.during(work());
    const all = tap.listening.summary.noiseBytes;
    expect(all + tap.frames().length).toBeGreaterThan(900_000);
    expect(Math.max(...tap.noise().map(({ bytes }) => bytes.length))).toBeLessThan(5000);
    expect(tap.capture.heldBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
  });
});

import { createMemoryFiles } from "../../src-main/api/files.ts";
import { openMemoryStore } from "../../src-main/hosts/store/sqlite-store.ts";
import type { Clock } from "../../src-main/lib/clock.ts";
import { fail } from "../../src-main/lib/errors.ts";
import { silentLog } from "../../src-main/lib/log.ts";
import { MemoryPort } from "../../src-main/lib/port.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { defaultDeviceTiming } from "../../src-main/osdp/device.ts";
import { memorySecrets } from "../../src-main/records/secrets.ts";
import type { Store } from "../../src-main/records/store.ts";
import { Hub } from "../../src-main/services/hub.ts";
import { closedLine, type LineChoice } from "../../src-main/services/line-work.ts";
import { noPhone } from "../../src-main/services/phone-work.ts";
import type { PortSource, Seams } from "../../src-main/services/seams.ts";
import { createServices } from "../../src-main/services/services.ts";
import { createLine } from "../../src-main/sim/line.ts";
import { createSimSr01, type SimSr01Options } from "../../src-main/sim/sr01/sim-sr01.ts";
import { quickTiming, settle } from "./harness.ts";

/** A hub as the composition root makes it. */
export function makeHub(): Hub {
  const secrets = { available: false, reason: null };
  return new Hub({
    app: {
      ...{ version: "0", host: "cli", training: false, trainingBench: null, door: null },
      ...{ secrets, readOnly: false, openWork: [] },
    },
    adapters: { ports: [], error: null },
    line: closedLine,
    phone: noPhone,
    jobs: { jobs: [] },
    safety: { mayBeOpen: [], handBack: null, armed: null },
    training: null,
  });
}

/** All seams with records in memory and short waits; `parts` replaces some. */
export function makeSeams(clock: Clock, parts: Partial<Seams> = {}): Seams {
  let ids = 0;
  const none: PortSource = {
    list: () => Promise.resolve([]),
    open: () => Promise.reject(fail("bad-input", "There is no port.", { field: "port" })),
  };
  return {
    ...{ clock, log: silentLog, hub: makeHub(), store: openMemoryStore(), secrets: memorySecrets(), ports: none },
    ...{
      who: "tester",
      owner: "this run",
      newId: () => `id-${String(++ids)}`,
      randomBytes: (count) => new Uint8Array(count).fill(++ids),
      listenMs: 50,
    },
    ...{ wireTiming: quickTiming, deviceTiming: defaultDeviceTiming },
    phoneTiming: { gapMs: 1, timeoutMs: 500, settleMs: 20 },
    ...parts,
  };
}

/** A port that can be opened again and again at the near end of a line, like an adapter that stays plugged in. */
export function portAt(cable: MemoryPort): PortSource & { opened: MemoryPort[] } {
  const opened: MemoryPort[] = [];
  return {
    opened,
    list: () => Promise.resolve([]),
    open: (path, baud, signal) => {
      if (signal?.aborted) return Promise.reject(fail("cancelled", "Stopped on request."));
      if (opened.some((port) => !port.closed)) return Promise.reject(fail("busy", "The port is in use."));
      const port = new MemoryPort(path, baud);
      port.onSend = (bytes) => cable.write(bytes);
      port.onClose(
        cable.onData((chunk) => {
          port.deliver(chunk);
        }),
      );
      opened.push(port);
      return Promise.resolve(port);
    },
  };
}

/** How the tests open the line. */
export const benchChoice: LineChoice = { path: "near", baud: 9600, address: 0, mode: "bench", aloneConfirmed: false };

/** Services over a simulated SR01 in virtual time. `sentBytes` counts what went onto the line from our end. */
export function makeWorld(options: { sim?: Partial<SimSr01Options>; store?: Store; baud?: number } = {}) {
  const clock = new VirtualClock(settle);
  const line = createLine({ clock, baud: options.baud ?? 9600 });
  const sim = createSimSr01({ port: line.b, clock, ...options.sim });
  const ports = portAt(line.a);
  const seams = makeSeams(clock, { ports, ...(options.store ? { store: options.store } : {}) });
  const files = createMemoryFiles(clock);
  const services = createServices(seams, files);
  const run = async (id: string) => clock.run(services.jobs.ended(id));
  return {
    ...{ clock, line, sim, ports, seams, files, services, hub: seams.hub, run },
    choice: { ...benchChoice, baud: options.baud ?? 9600 },
    open: (choice: Partial<LineChoice> = {}) =>
      run(services.line.open({ ...benchChoice, baud: options.baud ?? 9600, ...choice })),
    sentBytes: () => line.counters().a.sentBytes,
  };
}

/** The code of what a call throws, or null. */
export function codeOf(call: () => unknown): string | null {
  try {
    call();
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

let presses = 0;
/** A one-time id as the page makes it. */
export const onceId = (): string => `press-${String(++presses).padStart(16, "0")}`;

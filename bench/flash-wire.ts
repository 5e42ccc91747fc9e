import { randomBytes } from "node:crypto";
import { systemClock } from "../src-main/lib/clock.ts";
import { silentLog } from "../src-main/lib/log.ts";
import type { Port } from "../src-main/lib/port.ts";
import { Bus } from "../src-main/osdp/bus.ts";
import { fragmentBytesFor } from "../src-main/osdp/file-transfer.ts";
import { sendFile } from "../src-main/osdp/send-file.ts";
import { openSerialPort } from "../src-main/hosts/serial/serial-port.ts";
import { createLine } from "../src-main/sim/line.ts";
import { createSimSr01 } from "../src-main/sim/sr01/sim-sr01.ts";
import { optionOf, type Bench } from "./report.ts";

interface Case {
  baud: number;
  receiveBytes: 256 | 1440;
  secured: boolean;
  /** Efficiency that must be reached. */
  atLeast: number;
}

/** Targets by rate: plain and secured, for frames of 1440 and of 256 bytes. The peer allows no interleaving. */
const targets: Readonly<Record<number, { big: [number, number]; small: [number, number] }>> = {
  9600: { big: [0.965, 0.945], small: [0.84, 0.75] },
  38400: { big: [0.965, 0.945], small: [0.84, 0.75] },
  115200: { big: [0.965, 0.945], small: [0.82, 0.73] },
  230400: { big: [0.95, 0.93], small: [0.8, 0.7] },
};

const key = Uint8Array.from({ length: 16 }, (_, i) => i * 17);

/** Sends a file in real time over a paced line and compares the efficiency with the targets and the arithmetic ceiling. */
export const benchFlashWire: Bench = async (args, tell) => {
  const ports = { a: optionOf(args, "port"), b: optionOf(args, "peer-port") };
  const only = optionOf(args, "baud");
  const missed: string[] = [];
  for (const one of cases().filter((row) => only === undefined || row.baud === Number(only))) {
    const fileBytes = one.baud === 9600 ? 16_384 : one.baud === 38_400 ? 32_768 : 65_536;
    const { seconds, fragmentBytes } = await measure(one, fileBytes, ports);
    const efficiency = (fileBytes * 10) / one.baud / seconds;
    const ceiling = ceilingOf(one);
    const { baud, receiveBytes, secured, atLeast } = one;
    const words = `${String(baud).padStart(6)} bit/s, frames of ${String(receiveBytes).padStart(4)}, ${secured ? "secured" : "plain  "}`;
    const round = (value: number): number => Math.round(value * 1000) / 1000;
    tell(
      {
        baud,
        receiveBytes,
        secured,
        fileBytes,
        fragmentBytes,
        seconds: round(seconds),
        efficiency: round(efficiency),
        atLeast,
        ceiling: round(ceiling),
      },
      `${words}: efficiency ${efficiency.toFixed(3)} (at least ${String(atLeast)}, ceiling ${ceiling.toFixed(3)}), ${seconds.toFixed(2)} s`,
    );
    if (efficiency < atLeast) missed.push(`${words}: ${efficiency.toFixed(3)} is below ${String(atLeast)}`);
    if (efficiency > ceiling * 1.005)
      missed.push(`${words}: ${efficiency.toFixed(3)} is above the ceiling: the line is not paced`);
  }
  return missed;
};

function cases(): Case[] {
  return Object.entries(targets).flatMap(([baud, { big, small }]) =>
    [false, true].flatMap((secured): Case[] => [
      { baud: Number(baud), receiveBytes: 1440, secured, atLeast: big[secured ? 1 : 0] },
      { baud: Number(baud), receiveBytes: 256, secured, atLeast: small[secured ? 1 : 0] },
    ]),
  );
}

/** Fragment over everything that must pass for it: mark, command frame, FTSTAT with its mark (16 plain, 31 secured). */
function ceilingOf({ receiveBytes, secured }: Case): number {
  const n = fragmentBytesFor(receiveBytes, secured);
  const command = secured ? 16 * Math.floor((n + 11) / 16 + 1) + 15 : n + 20;
  return n / (command + (secured ? 31 : 16));
}

async function measure(
  one: Case,
  fileBytes: number,
  paths: { a: string | undefined; b: string | undefined },
): Promise<{ seconds: number; fragmentBytes: number }> {
  const { a, b, close } = await line(one.baud, paths);
  const unit = createSimSr01({
    port: b,
    clock: systemClock,
    receiveSize: one.receiveBytes,
    faults: { ftAction: 0 },
    ...(one.secured ? { key } : {}),
  });
  const bus = new Bus(a, systemClock);
  try {
    const device = bus.device(0);
    if (one.secured) device.useKey({ kind: "scbk", key, randomBytes: (n) => new Uint8Array(randomBytes(n)) });
    await device.start();
    const data = new Uint8Array(randomBytes(fileBytes));
    const sent = await sendFile(device, {
      data,
      type: 1,
      clock: systemClock,
      finishLimitMs: 10_000,
      onProgress: () => undefined,
    });
    return { seconds: sent.seconds, fragmentBytes: sent.fragmentBytes };
  } finally {
    unit.close();
    await close();
  }
}

async function line(
  baud: number,
  paths: { a: string | undefined; b: string | undefined },
): Promise<{ a: Port; b: Port; close: () => Promise<void> }> {
  if (paths.a === undefined || paths.b === undefined) {
    const simulated = createLine({ clock: systemClock, baud, soon: setImmediate });
    return { a: simulated.a, b: simulated.b, close: () => simulated.close() };
  }
  const a = await openSerialPort({ path: paths.a, baud, log: silentLog });
  const b = await openSerialPort({ path: paths.b, baud, log: silentLog });
  return {
    a,
    b,
    close: async () => {
      await a.close();
      await b.close();
    },
  };
}

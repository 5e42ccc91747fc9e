import type { Clock } from "../lib/clock.ts";
import type { ToolkitError } from "../lib/errors.ts";
import { fail } from "../lib/errors.ts";
import { Listeners } from "../lib/listeners.ts";
import type { Port } from "../lib/port.ts";
import { buildImage, samplePayload, spoilImage, type spoilKinds } from "../sr01/image.ts";
import { parseVersion } from "../sr01/version.ts";
import { createLine, type Line } from "./line.ts";
import { createSimPhone, type SimPhone } from "./phone/sim-phone.ts";
import { createSimSr01, type SimSr01 } from "./sr01/sim-sr01.ts";

/** What the simulated adapter is called. */
export const trainingPortPath = "training";
/** Size of a practice firmware file: some 18 s at 9600 bit/s, long enough to pull the cable half-way. */
const imagePayloadBytes = 16 * 1024;
const phonePassword = "practice-bench";

/** The bench's state as pages see it. */
export interface BenchState {
  cablePulled: boolean;
  bitErrorRate: number;
  firmwareVersion: string;
  outputs: number[];
  inputs: number[];
  phoneRelays: Record<string, number>;
}

/** What a person does at the bench. */
export interface BenchChange {
  cablePulled?: boolean | undefined;
  bitErrorRate?: number | undefined;
  exitButton?: boolean | undefined;
  doorOpen?: boolean | undefined;
  tamper?: boolean | undefined;
}

/** Starts a simulated SR01 on a paced line and a simulated door phone on loopback, joined as at a bench. */
export async function startTrainingBench(
  clock: Clock,
  immediately?: (fn: () => void) => void,
): Promise<TrainingBenchSim> {
  const phone = await createSimPhone({
    clock,
    settings: { model: "E18", auth: "digest", user: "installer", password: phonePassword, securityRelayKeys: true },
  });
  const line = createLine({
    clock,
    paths: { a: trainingPortPath, b: "sr01" },
    ...(immediately ? { immediately } : {}),
  });
  return new TrainingBenchSim(line, createSimSr01({ port: line.b, clock }), phone);
}

/** A bench with everything on it simulated. Satisfies `TrainingBench` of services/training. */
export class TrainingBenchSim {
  readonly words: { portPath: string; phoneHost: string; phoneUser: string; phonePassword: string };
  readonly #line: Line;
  readonly #unit: SimSr01;
  readonly #phone: SimPhone;
  readonly #changed = new Listeners<[]>();
  #bitErrorRate = 0;
  #opened: { close: () => void } | null = null;

  constructor(line: Line, unit: SimSr01, phone: SimPhone) {
    this.#line = line;
    this.#unit = unit;
    this.#phone = phone;
    const phoneHost = `${phone.host}:${String(phone.port)}`;
    this.words = { portPath: trainingPortPath, phoneHost, phoneUser: "installer", phonePassword };
    unit.onEvent(() => {
      this.#changed.emit();
    });
    phone.onEvent(() => {
      this.#changed.emit();
    });
  }

  /** The one simulated adapter. */
  readonly ports = {
    list: () =>
      Promise.resolve([
        {
          ...{ path: trainingPortPath, vendorId: null, productId: null, serialNumber: null },
          ...{ chip: "simulated", key: trainingPortPath, likely: true },
        },
      ]),
    open: (path: string, baud: number): Promise<Port> => this.#open(path, baud),
  };

  state(): BenchState {
    const { firmwareVersion, outputs, inputs } = this.#unit.state();
    const phoneRelays = { ...this.#phone.state().relays };
    return {
      cablePulled: this.#line.isCut(),
      bitErrorRate: this.#bitErrorRate,
      firmwareVersion,
      outputs,
      inputs,
      phoneRelays,
    };
  }

  onChange(fn: () => void): () => void {
    return this.#changed.add(fn);
  }

  set(change: BenchChange): void {
    if (change.cablePulled !== undefined) this.#line.cut(change.cablePulled);
    if (change.bitErrorRate !== undefined) {
      this.#bitErrorRate = change.bitErrorRate;
      this.#line.setFaults({ bitErrorRate: change.bitErrorRate });
    }
    if (change.exitButton !== undefined) this.#unit.exitButton(change.exitButton);
    if (change.doorOpen !== undefined) this.#unit.doorContact(change.doorOpen);
    if (change.tamper !== undefined) this.#unit.tamper(change.tamper);
    this.#changed.emit();
  }

  /** A firmware file one build above what runs; a spoilt one when asked. */
  image(spoil?: (typeof spoilKinds)[number]): { name: string; bytes: Uint8Array } {
    const version = nextVersion(this.#unit.state().firmwareVersion);
    const payload = samplePayload(version, imagePayloadBytes);
    const image = buildImage({ version, hardware: { from: 1, to: 9 }, payload });
    const name = `practice-sr01-${version}${spoil ? `-bad-${spoil}` : ""}.simrom`;
    return { name, bytes: spoil ? spoilImage(image, spoil) : image };
  }

  async close(): Promise<void> {
    this.#opened?.close();
    this.#unit.close();
    await this.#line.close();
    await this.#phone.close();
  }

  /** Ports are closed and opened again while the bench lives, so each opening is a fresh end at the same cable. */
  #open(path: string, baud: number): Promise<Port> {
    if (path !== trainingPortPath) {
      return Promise.reject(
        fail("bad-input", `In Training there is only the adapter "${trainingPortPath}".`, { field: "port" }),
      );
    }
    if (this.#opened) return Promise.reject(fail("busy", "The simulated adapter is already open.", { field: "port" }));
    const cable = this.#line.a;
    const closed = new Listeners<[ToolkitError?]>();
    const data = new Listeners<[Uint8Array]>();
    const leave = cable.onData((chunk) => {
      data.emit(chunk);
    });
    const end = (): void => {
      if (!this.#opened) return;
      this.#opened = null;
      leave();
      closed.emit();
    };
    this.#opened = { close: end };
    const port: Port = {
      path,
      get baud() {
        return cable.baud;
      },
      write: (bytes) => cable.write(bytes),
      setBaud: (rate) => cable.setBaud(rate),
      onData: (fn) => data.add(fn),
      onClose: (fn) => closed.add(fn),
      close: () => {
        end();
        return Promise.resolve();
      },
    };
    return cable.setBaud(baud).then(() => port);
  }
}

/** One build higher; after 255 the next minor number, like an odometer. */
function nextVersion(version: string): string {
  const [major, minor, build] = parseVersion(version);
  const next = major * 65_536 + minor * 256 + build + 1;
  return [Math.floor(next / 65_536) & 0xff, (next >> 8) & 0xff, next & 0xff].join(".");
}

import type { Clock } from "../lib/clock.ts";
import type { Port } from "../lib/port.ts";
import { defaultDeviceTiming, Device, type DeviceTiming } from "./device.ts";
import { defaultTiming, Wire, type WireTiming } from "./wire.ts";

/** The ACU's side of one RS485 line: many addresses on one Port, one command at a time. OSDP v2.2, 5.7. */
export class Bus {
  readonly wire: Wire;
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #deviceTiming: DeviceTiming;
  readonly #devices = new Map<number, Device>();

  constructor(
    port: Port,
    clock: Clock,
    timing: WireTiming = defaultTiming,
    deviceTiming: DeviceTiming = defaultDeviceTiming,
  ) {
    this.#port = port;
    this.#clock = clock;
    this.#deviceTiming = deviceTiming;
    this.wire = new Wire(port, clock, timing);
  }

  /** Rate of the line, bit/s. */
  get baud(): number {
    return this.#port.baud;
  }

  /** The device at an address (0..126, or 127 when only one is on the line); always the same object. */
  device(address: number): Device {
    let device = this.#devices.get(address);
    if (!device) {
      device = new Device(this.wire, address, this.#clock, this.#deviceTiming);
      this.#devices.set(address, device);
    }
    return device;
  }

  /** Changes the rate; every conversation starts anew. */
  async setBaud(baud: number): Promise<void> {
    await this.wire.alone((port) => port.setBaud(baud));
    for (const device of this.#devices.values()) device.forget();
  }

  /** Gives the port back. Open requests end with `link-lost`. */
  close(): Promise<void> {
    return this.#port.close();
  }
}

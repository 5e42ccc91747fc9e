import type { Clock } from "../../lib/clock.ts";
import { toToolkitError } from "../../lib/errors.ts";
import { Listeners } from "../../lib/listeners.ts";
import { silentLog, type Log } from "../../lib/log.ts";
import type { Port } from "../../lib/port.ts";
import { MAX_FRAME_BYTES } from "../../osdp/frame.ts";
import type { PeripheralEvent } from "../../osdp/peripheral-options.ts";
import { clientIdOf } from "../../osdp/pd-security.ts";
import { replyWith } from "../../osdp/peripheral-answer.ts";
import { Peripheral } from "../../osdp/peripheral.ts";
import { PDID } from "../../osdp/replies.ts";
import { createApplication } from "./application.ts";
import { DoorUnit } from "./door-unit.ts";
import type { Sr01Event, Sr01State } from "./events.ts";
import { FaultBox, type Sr01Faults } from "./faults.ts";
import { FileReceiver } from "./file-receiver.ts";
import { Transmitter } from "./transmitter.ts";
import { createUnitSecurity, type UnitKeyOptions, type UnitSecurity } from "./unit-security.ts";

/** What a simulated SR01 is made of. The port stays its owner's. */
export interface SimSr01Options extends UnitKeyOptions {
  port: Port;
  clock: Clock;
  /** Default 0. */
  address?: number;
  /** What it runs, default 1.2.3. */
  firmware?: string;
  /** 8 hex digits, default 01020304. */
  serialNumber?: string;
  /** Longest frame it takes, default 1440. */
  receiveSize?: number;
  faults?: Sr01Faults;
  log?: Log;
  onEvent?: (event: Sr01Event) => void;
  /**
   * After COMSET: back to the old address and rate when no valid frame comes within this time, default 10 s. A rule of
   * our own, the standard has none; longer than the 8 s after which a panel goes back.
   */
  comsetFallbackMs?: number;
}

/** The unit itself: power, restarts, address and rate, and what holds its parts together. */
export class SimulatedUnit {
  readonly faults: FaultBox;
  readonly door: DoorUnit;
  readonly events = new Listeners<[Sr01Event]>();
  /** Null: it offers no secure channel. */
  readonly security: UnitSecurity | null;
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #fallbackMs: number;
  readonly #files: FileReceiver;
  readonly #transmitter: Transmitter;
  readonly #peripheral: Peripheral;
  readonly #counts = { commands: 0, repeats: 0, refused: 0 };
  readonly #leavePort: () => void;
  #firmware: string;
  #serialNumber: string;
  #running = true;
  #mute = false;
  /** When the frame that is being received began. */
  #begunAt = 0;
  #endDown: () => void = () => undefined;
  /** Set while nobody has spoken at new parameters yet. */
  #endTrial: (() => void) | null = null;

  constructor(options: SimSr01Options) {
    const { port, clock, faults = {}, log = silentLog, receiveSize: receiveBytes = MAX_FRAME_BYTES } = options;
    this.#port = port;
    this.#clock = clock;
    this.#log = log;
    this.#fallbackMs = options.comsetFallbackMs ?? 10_000;
    this.#firmware = options.firmware ?? "1.2.3";
    this.#serialNumber = (options.serialNumber ?? "01020304").toLowerCase();
    if (options.onEvent) this.events.add(options.onEvent);
    this.faults = new FaultBox(faults);
    this.door = new DoorUnit(clock, (event, report) => {
      if (this.#running) this.#peripheral.report(report);
      this.#tell(event);
    });
    this.#files = new FileReceiver({
      faults: this.faults,
      hardwareVersion: this.#id().hardwareVersion,
      nowMs: () => clock.now(),
      onEvent: (event) => {
        this.#tell(event);
      },
    });
    this.security = createUnitSecurity({
      options,
      faults: this.faults,
      clientId: () => clientIdOf(replyWith(PDID, this.#id())),
      onEvent: (event) => {
        this.#tell(event);
      },
    });
    this.#transmitter = new Transmitter(port, clock, this.faults, log);
    this.#peripheral = new Peripheral({
      clock,
      address: options.address ?? 0,
      receiveBytes,
      application: this.#application(receiveBytes),
      ...(this.security ? { security: this.security } : {}),
      nak04Number: (expected, got) => (this.faults.now.nak04OwnNumber ? expected : got),
      send: (bytes, about) => (this.#mute ? Promise.resolve() : this.#transmitter.send(bytes, about)),
      onEvent: (event) => {
        this.#heard(event);
      },
    });
    this.#leavePort = port.onData((chunk) => {
      if (this.#running) this.#receive(chunk);
    });
  }

  state(): Sr01State {
    return {
      running: this.#running,
      online: this.#peripheral.online,
      address: this.#peripheral.address,
      baud: this.#port.baud,
      serialNumber: this.#serialNumber,
      firmwareVersion: this.#firmware,
      ...this.door.values(),
      secure: this.security ? (this.security.channel.installMode ? "scbk-d" : "scbk") : "none",
      session: this.security?.channel.session ?? null,
      file: this.#files.progress,
      counts: { ...this.#counts, moves: this.door.moves },
    };
  }

  /** Away for `forMs`, or until `comeUp`. What runs afterwards is `version`. */
  goDown(forMs: number | null, version = this.#firmware): void {
    this.#running = false;
    this.#firmware = version;
    this.#transmitter.drop();
    this.#peripheral.restart();
    this.#files.abort();
    this.door.release();
    this.#endTrial?.();
    this.#endTrial = null;
    this.#endDown();
    this.#tell({ event: "rebooting", forMs, version });
    if (forMs === null) return;
    this.#endDown = this.#clock.after(forMs, () => {
      this.comeUp();
    });
  }

  comeUp(): void {
    if (this.#running) return;
    this.#endDown();
    this.#running = true;
    this.#mute = false;
    const { otherSerialAfterReboot, losesKeyAtReboot } = this.faults.now;
    if (losesKeyAtReboot) this.security?.resetKey();
    if (otherSerialAfterReboot) this.#serialNumber = otherSerialAfterReboot.toLowerCase();
    this.#tell({ event: "running", version: this.#firmware, serialNumber: this.#serialNumber });
    if (!this.faults.spend("rebootAgain")) return;
    this.#endDown = this.#clock.after(500, () => {
      this.#reboot();
    });
  }

  close(): void {
    this.#running = false;
    this.#leavePort();
    this.#transmitter.drop();
    this.#peripheral.close();
    this.door.close();
    this.security?.channel.close();
    this.#endDown();
    this.#endTrial?.();
  }

  #application(receiveBytes: number) {
    return createApplication({
      faults: this.faults,
      door: this.door,
      files: this.#files,
      security: this.security,
      receiveBytes,
      id: () => this.#id(),
      parameters: () => ({ address: this.#peripheral.address, baud: this.#port.baud }),
      useParameters: (address, baud) => {
        void this.#tryParameters(address, baud);
      },
      install: (version) => {
        this.#reboot(this.faults.now.keepsOldVersion ? this.#firmware : version);
      },
      passed: (receivedBytes) => this.#passed(receivedBytes),
    });
  }

  #receive(chunk: Uint8Array): void {
    const now = this.#clock.now();
    if (!this.#peripheral.receiving) this.#begunAt = now;
    else if (this.faults.now.silentOver200msFrames && now - this.#begunAt > 200) this.#peripheral.skip();
    this.#peripheral.receive(chunk);
  }

  #id() {
    const [serialNumber, firmwareVersion] = [this.#serialNumber, this.#firmware];
    return { vendor: "0c1105", model: 1, hardwareVersion: 1, serialNumber, firmwareVersion };
  }

  #reboot(version = this.#firmware): void {
    const { rebootMs = 3000, neverReturns = false } = this.faults.now;
    this.goDown(neverReturns ? null : rebootMs, version);
  }

  #passed(receivedBytes: number): boolean {
    const { silentAfterBytes } = this.faults.now;
    if (silentAfterBytes !== undefined && receivedBytes >= silentAfterBytes) this.#mute = true;
    if (!this.faults.restartsAt(receivedBytes)) return false;
    // Not from inside the command that is being answered.
    this.#endDown = this.#clock.after(0, () => {
      this.#reboot();
    });
    return true;
  }

  async #tryParameters(address: number, baud: number): Promise<void> {
    const old = { address: this.#peripheral.address, baud: this.#port.baud };
    if (!(await this.#use(address, baud, "comset"))) return;
    const endTimer = this.#clock.after(this.#fallbackMs, () => {
      this.#endTrial = null;
      void this.#use(old.address, old.baud, "fallback");
    });
    this.#endTrial = endTimer;
  }

  async #use(address: number, baud: number, cause: "comset" | "fallback"): Promise<boolean> {
    try {
      await this.#port.setBaud(baud);
    } catch (error) {
      this.#log.warn("sim-sr01.rate-refused", { baud, seen: toToolkitError(error).message });
      return false;
    }
    this.#peripheral.address = address;
    // Nobody knows whether the panel came along: a session does not outlive COMSET (D.1.4).
    this.security?.reset();
    this.#tell({ event: "parameters", address, baud, cause });
    return true;
  }

  #heard(event: PeripheralEvent): void {
    if ("bytes" in event) {
      this.#log.debug(`sim-sr01.${event.type}`, { bytes: event.bytes.length });
      if (event.type === "damaged" && this.faults.now.dropsScOnBadCrc) this.security?.reset();
      return;
    }
    if (event.type === "report-lost") return;
    if (event.type === "online" || event.type === "offline") {
      this.#tell({ event: event.type });
      return;
    }
    this.#endTrial?.();
    this.#endTrial = null;
    if (event.type === "refused") {
      this.#counts.refused += 1;
      this.#tell({ event: "refused", command: event.name, nak: event.nak, reason: event.reason });
    } else this.#counts[event.repeated ? "repeats" : "commands"] += 1;
  }

  #tell(event: Sr01Event): void {
    this.events.emit(event);
  }
}

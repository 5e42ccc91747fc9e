import type { Clock } from "../lib/clock.ts";
import { fail, ToolkitError } from "../lib/errors.ts";
import type { Bus } from "../osdp/bus.ts";
import { ISTAT, LSTAT, OSTAT, OUT, outputCodes } from "../osdp/commands.ts";
import type { Command, Empty } from "../osdp/codec.ts";
import type { Device, DeviceFacts, LinkSecurity } from "../osdp/device.ts";
import type { DeviceId } from "../osdp/replies.ts";
import { sendFile } from "../osdp/send-file.ts";
import { onSameUnit } from "./keys.ts";
import type { UnitIdentity, UnitStatus, WireProfile } from "./profile.ts";

/** FtType of a firmware file: opaque (OSDP v2.2, 6.26). */
const firmwareFileType = 1;
/** Longest accepted "finishing", ms. */
const finishLimitMs = 120_000;

/** The unit that was last identified at each device's address: nothing is asked of or sent to another one. */
const identified = new WeakMap<Device, DeviceId>();

/** Where a unit answers. */
export interface OsdpSr01Options {
  bus: Bus;
  address: number;
  clock: Clock;
}

/**
 * The SR01 as an OSDP device: output 0 is the lock relay, inputs are exit button and door contact, local status is tamper
 * and power, FILETRANSFER carries firmware (docs/protocol.md). A proposal of this project, not the maker's protocol.
 */
export function createOsdpSr01({ bus, address, clock }: OsdpSr01Options): WireProfile {
  const device = bus.device(address);
  /** What is meant for the identified unit never reaches one that was put in its place. */
  const withUnit = async <T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const value = await onSameUnit(device, identified.get(device) ?? null, work, signal);
    if (!identified.has(device) && device.facts) identified.set(device, device.facts.id);
    return value;
  };
  const order = async (output: number, code: number, timer: number, signal?: AbortSignal): Promise<void> => {
    const orders = [{ output, code, timer }];
    await withUnit((own) => device.request(OUT, { orders }, { signal: own }), signal);
  };
  return {
    profileName: "OSDP v2.2",
    get repeats() {
      return device.repeats;
    },
    identify: async (options = {}) => {
      const facts = await device.start(options);
      identified.set(device, facts.id);
      return identityOf(facts, address, bus.baud, device.security);
    },
    status: (signal) => withUnit((own) => readStatus(device, own), signal),
    pulse: async (output, seconds, signal) => {
      const timer = Math.round(seconds * 10);
      if (timer < 1 || timer > 600)
        throw fail("bad-input", "A pulse lasts from 0.1 to 60 seconds.", { field: "seconds" });
      await order(output, outputCodes.timedOn, timer, signal);
    },
    set: (output, on, signal) => order(output, on ? outputCodes.permanentOn : outputCodes.permanentOff, 0, signal),
    poll: async (signal) => (await withUnit((own) => device.poll({ signal: own }), signal)) !== null,
    // The transfer watches for another unit itself.
    sendFirmware: (file, onProgress, signal) =>
      sendFile(device, { data: file, type: firmwareFileType, clock, signal, finishLimitMs, onProgress }),
  };
}

async function readStatus(device: Device, signal: AbortSignal): Promise<UnitStatus> {
  const none = { values: [] };
  const outputs = await readIfOffered(device, OSTAT, none, signal);
  const inputs = await readIfOffered(device, ISTAT, none, signal);
  const local = await readIfOffered(device, LSTAT, { tamper: false, powerFailure: false }, signal);
  return { outputs: outputs.values, inputs: inputs.values, ...local };
}

/** A status that the unit does not implement (NAK 03) reads as `none`. */
async function readIfOffered<T>(device: Device, command: Command<Empty>, none: T, signal?: AbortSignal): Promise<T> {
  try {
    return (await device.request(command, {}, { signal })).value as T;
  } catch (error) {
    if (error instanceof ToolkitError && error.data?.["nak"] === 3) return none;
    throw error;
  }
}

function identityOf(facts: DeviceFacts, address: number, baud: number, secure: LinkSecurity): UnitIdentity {
  return { address, baud, ...facts.id, capabilities: [...facts.capabilities], secure };
}

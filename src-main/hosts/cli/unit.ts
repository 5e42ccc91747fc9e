import { fail, ToolkitError } from "../../lib/errors.ts";
import { defaultDeviceTiming } from "../../osdp/device.ts";
import { defaultTiming } from "../../osdp/wire.ts";
import { Lines, type Line } from "../../services/lines.ts";
import { createOsdpSr01 } from "../../sr01/osdp-sr01.ts";
import type { WireProfile } from "../../sr01/profile.ts";
import { openSerialPort } from "../serial/serial-port.ts";
import type { CliContext } from "./context.ts";
import type { DeviceOptions } from "./options.ts";

/** What the SR01's maker did not publish; the first sentence when nobody answers. */
const factoryHint = "A factory SR01 does not speak OSDP as far as is known; the wiring may be right.";
/** What to do then. */
const nextStep = "the door phone's own page: Device > RS485, Security > Security Relay";

/**
 * Opens the line by its mode (listening first), lends the unit to `work` with the line for itself alone, and gives the
 * port back whatever happens.
 */
export async function withUnit(
  cli: CliContext,
  options: DeviceOptions,
  work: (unit: WireProfile, line: Line) => Promise<void>,
): Promise<void> {
  const { clock, log, signal } = cli;
  const lines = new Lines(
    { list: () => Promise.resolve([]), open: (path, baud) => openSerialPort({ path, baud, log, signal }) },
    { clock, wireTiming: defaultTiming, deviceTiming: defaultDeviceTiming },
  );
  const { port: path, baud, line: mode, listenMs, address } = options;
  const line = await lines.open({ path, baud, mode, listenMs, signal });
  const lease = line.takeAlone("the command line");
  try {
    await work(createOsdpSr01({ bus: line.bus, address, clock }), line);
  } catch (error) {
    throw explained(error);
  } finally {
    lease.release();
    await line.close();
  }
}

/** Silence, or bytes that are no OSDP, may just mean a factory unit: say so first. */
function explained(error: unknown): unknown {
  const silent = error instanceof ToolkitError && error.code === "device-timeout" && error.data?.["command"] === "ID";
  if (!silent) return error;
  return fail("device-timeout", `${factoryHint} ${error.message} Next: ${nextStep}.`, {
    cause: error,
    data: { ...error.data, nextStep },
  });
}

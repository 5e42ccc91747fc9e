import type { ErrorShape } from "../lib/errors.ts";
import type { PortVerdict, UsbWithoutPort } from "./model/adapter.ts";

/** What the system tells about a port and about those who use it. Unknown values null. */
export interface PortEvidence {
  /** Node's name of the system: linux, win32, darwin. */
  platform: string;
  path: string;
  /** The device node's group, and whether that group may use it. */
  group: string | null;
  groupMayUse: boolean;
  /** The group's list holds this user, but the session is older than that. */
  oldSession: boolean;
  /** Who has the port open. */
  program: { pid: number; name: string } | null;
  /** How many likely RS485 adapters are listed. */
  adapters: number;
  withoutPort: readonly UsbWithoutPort[];
  /** Commands that install our udev rule; empty where there is no udev, or it is in place. */
  udevCommands: readonly string[];
}

/** An adapter that was there and is gone. */
export function pulledVerdict(path: string): PortVerdict {
  return {
    code: "pulled",
    message: `The adapter ${path} went away while it was in use: unplugged, or its power failed.`,
    nextStep: "Plug it in again, push the plug home, and start the same step once more.",
  };
}

/** A gateway that cannot be reached, or went away. */
export function gatewayVerdict(path: string, seen: string): PortVerdict {
  return {
    code: "gateway-unreachable",
    message: `The gateway ${path} cannot be reached (${seen}).`,
    nextStep:
      "Check its power and cable, that address and port are those of its raw TCP server mode, and that this laptop has an address in its network.",
  };
}

/** The verdict on an attempt to use a port: `error` is how the attempt ended, null when it was good. */
export function portVerdict(error: ErrorShape | null, evidence: PortEvidence): PortVerdict {
  const { path } = evidence;
  if (error === null) return { code: "ready", message: `The port ${path} opens.`, nextStep: "Ask who is on the line." };
  if (error.data?.["heardBytes"] !== undefined) return otherMaster(path);
  switch (error.data?.["reason"]) {
    case "no-permission":
      return noPermission(evidence);
    case "busy":
      return busy(evidence);
    case "absent":
      return absent(evidence);
    case "not-a-port":
      return { code: "not-a-port", message: `${path} is not a serial port.`, nextStep: "Choose one of: sr01 ports" };
    case "gateway-unreachable":
      return gatewayVerdict(path, String(error.data["seen"]));
    default:
  }
  if (error.code === "link-lost" && error.data?.["verdict"] !== undefined) return pulledVerdict(path);
  if (error.code === "busy") return busy(evidence);
  return {
    code: "unclear",
    message: `The port ${path} cannot be used: ${error.message}`,
    nextStep: "Unplug the adapter, wait five seconds, plug it in at another USB socket and try again.",
  };
}

/** The verdict when no port was named: null when there is an adapter to choose. */
export function adapterVerdict(
  { adapters, withoutPort }: Pick<PortEvidence, "adapters" | "withoutPort">,
  platform: string,
): PortVerdict | null {
  if (adapters > 0) return null;
  const [stray] = withoutPort;
  if (stray) return driverVerdict(stray, platform);
  return {
    code: "no-adapter",
    message: "No USB-RS485 adapter is plugged in.",
    nextStep: "Plug the adapter in. If it is, try another USB socket and cable: some cables only charge.",
  };
}

/** On USB, but no serial port. */
export function driverVerdict(usb: UsbWithoutPort, platform: string): PortVerdict {
  const where = usb.usbPlace === null ? "" : ` at USB place ${usb.usbPlace}`;
  const message = `An adapter with the chip ${usb.chip}${where} is on USB, but has no serial port.`;
  if (usb.oftenCloned && platform === "win32") {
    const nextStep = `Look into the Device Manager: a warning there means that ${usb.driver} refuses this chip as a copy. Use an adapter with another chip.`;
    return { code: "blocked-clone", message, nextStep };
  }
  if (platform !== "linux") {
    const nextStep = `Install ${usb.driver}, then plug the adapter in again. Without a network: use an adapter with another chip.`;
    return { code: "no-driver", message, nextStep };
  }
  if (usb.takenBy !== null) {
    return {
      code: "no-driver",
      message: `${message} The driver ${usb.takenBy} holds it instead of ${usb.driver}.`,
      nextStep: "Find what took it: often that is brltty, for Braille displays. Remove it if nobody here uses one.",
      commands: ["sudo apt remove brltty"],
    };
  }
  return {
    code: "no-driver",
    message: `${message} The driver ${usb.driver} is missing.`,
    nextStep: "Load the driver, then plug the adapter in again.",
    commands: [`sudo modprobe ${usb.driver}`],
  };
}

function noPermission({ path, group, groupMayUse, oldSession, udevCommands }: PortEvidence): PortVerdict {
  const whose = group === null ? "" : `: it belongs to the group ${group}`;
  const base = { code: "no-permission" as const, message: `You may not use ${path}${whose}.` };
  if (oldSession) {
    return { ...base, nextStep: `You are in the group ${String(group)} already: log out and in again, or restart.` };
  }
  const joinable = group !== null && groupMayUse && group !== "root";
  const command = joinable ? `sudo usermod -aG ${group} "$USER"` : `sudo chown "$USER" ${quoted(path)}`;
  const then = joinable ? "Run the first command, then log out and in again." : "Run the first command.";
  if (udevCommands.length === 0) return { ...base, nextStep: then, commands: [command] };
  const offer = " Or run the others once: this user may then use every such adapter, without a new login.";
  return { ...base, nextStep: then + offer, commands: [command, ...udevCommands] };
}

function busy({ path, program, platform }: PortEvidence): PortVerdict {
  if (program) {
    const message = `Another program is using ${path}: ${program.name} (process ${String(program.pid)}).`;
    return { code: "busy", message, nextStep: `Close ${program.name}, then try again.`, program };
  }
  const nextStep =
    platform === "win32"
      ? "Close every program that could use it (terminal programs, other windows of this one); if in doubt unplug the adapter and plug it in again."
      : "Close other terminal programs and windows of this program. It may run under another user: ask the system with the command.";
  const commands = platform === "win32" ? {} : { commands: [`sudo fuser -v ${quoted(path)}`] };
  return { code: "busy", message: `Another program is using ${path}.`, nextStep, ...commands };
}

function absent(evidence: PortEvidence): PortVerdict {
  const { path, adapters } = evidence;
  const message = `There is no port ${path}.`;
  const other = adapterVerdict(evidence, evidence.platform);
  if (other) return { ...other, message: `${message} ${other.message}` };
  const count = adapters === 1 ? "an adapter is" : `${String(adapters)} adapters are`;
  return { code: "absent", message, nextStep: `Choose another: ${count} listed under: sr01 ports` };
}

function otherMaster(path: string): PortVerdict {
  return {
    code: "other-master",
    message: `The port ${path} opens, but somebody else is sending on its line. Nothing was sent.`,
    nextStep: "Take the door phone's A and B off the line first, or only listen: sr01 listen",
  };
}

/** A path as one word of a shell. */
function quoted(path: string): string {
  return /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

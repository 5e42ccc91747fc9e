import type { ReadinessLine } from "./model/adapter.ts";

/** What the machine tells of itself; null = it cannot tell. */
export interface MachineFacts {
  platform: string;
  /** The serial library loads; else why not. */
  serialLibrary: { works: boolean; reason: string | null };
  /** Plugging and unplugging is told by the system; else the list is looked through every second. */
  usbEvents: boolean;
  /** Kernel modules of the chip table, and whether this kernel has them. */
  drivers: readonly { name: string; chips: string; present: boolean | null }[];
  /** The group that serial ports belong to here, and whether this user is in it. */
  access: { group: string | null; may: boolean } | null;
  /** Commands that install the udev rule; empty when it is in place or there is no udev. */
  udev: { present: boolean; ruleInstalled: boolean; commands: readonly string[] };
  /** Running programs that open serial ports by themselves. */
  meddlers: readonly string[];
  network: readonly NetworkAddress[];
  /** What feeds the laptop. */
  power: "mains" | "battery" | null;
}

/** One IPv4 address of this machine, like `192.168.1.5` with prefix 24. */
export interface NetworkAddress {
  name: string;
  address: string;
  prefix: number;
}

/** "Ready for offline?" for drivers and network: every red line names its fix. */
export function readinessLines(facts: MachineFacts): ReadinessLine[] {
  return [serialLine(facts), hotPlugLine(facts), ...driverLines(facts), ...accessLines(facts), ...networkLines(facts)];
}

/** What to mind before an adapter touches a live door's line. Source: docs/architecture.md "Line modes". */
export function liveDoorWarnings({ power }: Pick<MachineFacts, "power">): string[] {
  const feed = {
    mains: "This laptop is on its mains supply now: pull it and work on battery, or use an isolated adapter.",
    battery: "This laptop is on battery: leave it so, or use an isolated adapter.",
  };
  return [
    power === null
      ? "Laptop on battery, or an isolated adapter. This machine does not tell what feeds it."
      : feed[power],
    "Connect ground first, then A and B.",
    "The adapter's 5 V terminal stays empty.",
    "The adapter's 120 ohm is off when it taps a line that is terminated already.",
  ];
}

const line = (id: string, ok: boolean | null, message: string, fix: string | null = null): ReadinessLine => ({
  ...{ id, ok, message },
  fix: ok === true ? null : fix,
});

function serialLine({ serialLibrary: { works, reason } }: MachineFacts): ReadinessLine {
  return works
    ? line("serial-library", true, "The serial library works on this machine.")
    : line(
        "serial-library",
        false,
        `The serial library does not load: ${reason ?? "no reason given"}`,
        "Install again.",
      );
}

function hotPlugLine({ usbEvents }: MachineFacts): ReadinessLine {
  const how = usbEvents ? "told by the system" : "seen by looking every second";
  return line("hot-plug", true, `Plugging in and out is ${how}.`);
}

function driverLines({ drivers, platform }: MachineFacts): ReadinessLine[] {
  if (platform !== "linux") {
    const message = "Whether the drivers of your adapters are installed shows only when each was plugged in once.";
    return [line("drivers", null, message, "Plug in every adapter you take along, and look that it is listed.")];
  }
  return drivers.map(({ name, chips, present }) => {
    const message = `Driver ${name} (${chips}) ${present === true ? "is there" : present === false ? "is missing" : "cannot be looked for"}.`;
    return line(`driver-${name}`, present, message, `Install the kernel's extra modules, then: sudo modprobe ${name}`);
  });
}

function accessLines({ access, udev, meddlers }: MachineFacts): ReadinessLine[] {
  const lines: ReadinessLine[] = [];
  if (access) {
    const group = access.group ?? "of the ports";
    const fix = access.group ? `sudo usermod -aG ${access.group} "$USER", then log out and in again` : "Ask the owner.";
    lines.push(
      line("access", access.may, `You ${access.may ? "may" : "may not"} use serial ports (group ${group}).`, fix),
    );
  }
  if (udev.present) {
    const message = `The rule for adapters (access, short latency, no probing by others) is ${udev.ruleInstalled ? "" : "not "}installed.`;
    const fix = udev.commands.length > 0 ? udev.commands.join(" && ") : "Copy the rule from the program's resources.";
    lines.push(line("udev-rule", udev.ruleInstalled ? true : null, message, fix));
  }
  for (const name of meddlers) {
    const message = `${name} runs here: it opens new serial ports by itself, and may send on the line.`;
    const fix = udev.ruleInstalled
      ? "Our rule tells ModemManager to leave the adapters alone."
      : `sudo systemctl stop ${name}`;
    lines.push(line(`meddler-${name}`, udev.ruleInstalled && name === "ModemManager", message, fix));
  }
  return lines;
}

function networkLines({ network, platform }: MachineFacts): ReadinessLine[] {
  if (network.length === 0) {
    const fix = "Plug in the network cable or join the site's network. Not needed for work over RS485 alone.";
    return [line("network", false, "This laptop has no network address: a door phone cannot be reached.", fix)];
  }
  return network.map(({ name, address, prefix }) => {
    const text = `${name}: ${address}/${String(prefix)}`;
    if (!address.startsWith("169.254.")) return line(`network-${name}`, true, text);
    const fix = `Nobody gave out an address (no DHCP). Add one of the door phone's network: ${addCommand(name, platform)}`;
    return line(`network-${name}`, false, `${text}: made up by this laptop itself.`, fix);
  });
}

function addCommand(name: string, platform: string): string {
  if (platform === "win32") return `netsh interface ipv4 add address "${name}" ADDRESS 255.255.255.0`;
  return platform === "darwin"
    ? `sudo ifconfig ${name} alias ADDRESS/24`
    : `sudo ip address add ADDRESS/24 dev ${name}`;
}

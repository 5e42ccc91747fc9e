import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces, release } from "node:os";
import { join } from "node:path";
import type { MachineFacts, NetworkAddress } from "../../services/readiness.ts";
import { loadUsb } from "../usb/usb-library.ts";
import { chips } from "./chips.ts";
import { hasUdev, ruleInstalled, sessionUser, udevCommands } from "./evidence.ts";
import { readOwner } from "./open-errors.ts";

/** Programs known to open new serial ports by themselves. */
const meddlers = ["ModemManager", "brltty"];

/** Roots of the system's folders; tests pass their own. */
export interface MachineRoots {
  sys: string;
  proc: string;
  lib: string;
  dev: string;
}

const systemRoots: MachineRoots = { sys: "/sys", proc: "/proc", lib: "/lib", dev: "/dev" };

/** What this machine tells of its readiness for work without a network. Changes nothing. */
export async function readMachine(platform: string = process.platform): Promise<MachineFacts> {
  const usb = await loadUsb();
  const onLinux = platform === "linux";
  return {
    platform,
    serialLibrary: await tryLibrary(),
    usbEvents: Boolean(usb?._supportedHotplugEvents()),
    drivers: onLinux ? readDrivers(systemRoots) : [],
    access: onLinux ? readAccess(systemRoots.dev) : null,
    udev: {
      ...{ present: onLinux && hasUdev(), ruleInstalled: onLinux && ruleInstalled() },
      commands: onLinux ? udevCommands() : [],
    },
    meddlers: onLinux ? runningMeddlers(systemRoots.proc) : [],
    network: readNetwork(networkInterfaces()),
    power: onLinux ? readPower(systemRoots.sys) : null,
  };
}

async function tryLibrary(): Promise<MachineFacts["serialLibrary"]> {
  try {
    await import("serialport");
    return { works: true, reason: null };
  } catch (error) {
    return { works: false, reason: String(error) };
  }
}

/** The kernel modules of the chip table: built in, in the module list, or already loaded. */
export function readDrivers(
  { lib, sys }: Pick<MachineRoots, "lib" | "sys">,
  kernel = release(),
): MachineFacts["drivers"] {
  const dir = join(lib, "modules", kernel);
  const lists = ["modules.builtin", "modules.dep"].map((file) => readText(join(dir, file)));
  const loaded = entries(join(sys, "module"));
  const names = [...new Set(chips.map((chip) => chip.linux))];
  return names.map((name) => {
    const known = lists.some((text) => text !== null && hasModule(text, name));
    const present = known || loaded.includes(name) || (lists.every((text) => text === null) ? null : false);
    const models = chips.filter((chip) => chip.linux === name).map((chip) => chip.name);
    return { name, chips: models.join(", "), present };
  });
}

/** Module files are written with `-` or `_`, and may be compressed. */
function hasModule(list: string, name: string): boolean {
  return new RegExp(`/${name.replaceAll("_", "[-_]")}\\.ko`).test(list);
}

/** The group of serial ports: of the first one there is, USB first. Null when there is none to look at. */
export function readAccess(dev: string, user = sessionUser()): MachineFacts["access"] {
  const names = entries(dev).filter((name) => /^tty(USB|ACM|S)\d+$/.test(name));
  const [first] = names.sort((a, b) => Number(a.startsWith("ttyS")) - Number(b.startsWith("ttyS")));
  const owner = first === undefined ? null : readOwner(join(dev, first));
  if (!owner) return null;
  const inGroup = owner.gid !== undefined && user.groups.includes(owner.gid);
  return { group: owner.group, may: (inGroup && owner.groupMayUse) || process.getuid?.() === 0 };
}

/** Which of the programs that meddle with serial ports run. */
export function runningMeddlers(proc: string): string[] {
  const pids = entries(proc).filter((name) => /^\d+$/.test(name));
  const running = new Set(pids.map((pid) => readText(join(proc, pid, "comm"))?.trim()));
  return meddlers.filter((name) => running.has(name));
}

/** IPv4 addresses of real interfaces. */
export function readNetwork(interfaces: NodeJS.Dict<NetworkInterface[]>): NetworkAddress[] {
  return Object.entries(interfaces).flatMap(([name, list]) =>
    (list ?? [])
      .filter((one) => !one.internal && one.family === "IPv4")
      .map(({ address, cidr }) => ({ name, address, prefix: Number(cidr?.split("/")[1] ?? 32) })),
  );
}

/** The part of Node's `NetworkInterfaceInfo` that is used here. */
export interface NetworkInterface {
  address: string;
  family: string;
  internal: boolean;
  cidr: string | null;
}

/** What feeds the machine, from /sys/class/power_supply; null when it does not tell. */
export function readPower(sys: string): MachineFacts["power"] {
  const dir = join(sys, "class/power_supply");
  const supplies = entries(dir).map((name) => ({
    type: readText(join(dir, name, "type"))?.trim(),
    online: readText(join(dir, name, "online"))?.trim() === "1",
  }));
  const mains = supplies.filter(({ type }) => type === "Mains" || type === "USB");
  if (mains.some(({ online }) => online)) return "mains";
  return supplies.some(({ type }) => type === "Battery") && mains.length > 0 ? "battery" : null;
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

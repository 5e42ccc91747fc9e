import { existsSync } from "node:fs";
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What Linux tells of one serial port under /sys/class/tty. Ids in hex as found; `usbPlace` like `1-1.2:1.0`. */
export interface SysTty {
  path: string;
  vendorId: string | null;
  productId: string | null;
  serialNumber: string | null;
  usbPlace: string | null;
}

/**
 * Serial ports of /sys/class/tty with hardware behind them, or null where there is no such folder. Consoles and
 * pseudo-terminals (no device) and 8250 placeholders (type 0) are left out.
 */
export async function listSysTty(sysRoot = "/sys", devRoot = "/dev"): Promise<SysTty[] | null> {
  const classDir = join(sysRoot, "class/tty");
  let names: string[];
  try {
    names = await readdir(classDir);
  } catch {
    return null;
  }
  const found = await Promise.all(names.map((name) => readTty(join(classDir, name), join(devRoot, name))));
  return found.filter((port) => port !== null);
}

async function readTty(dir: string, path: string): Promise<SysTty | null> {
  if (!existsSync(path)) return null;
  let device: string;
  try {
    device = await realpath(join(dir, "device"));
  } catch {
    return null;
  }
  if ((await readLine(join(dir, "type"))) === "0") return null;
  const usb = findUsbDevice(device);
  return {
    path,
    vendorId: usb && (await readLine(join(usb, "idVendor"))),
    productId: usb && (await readLine(join(usb, "idProduct"))),
    serialNumber: usb && (await readLine(join(usb, "serial"))),
    usbPlace: usb && usbPlaceOf(device, usb),
  };
}

/** The nearest folder above with USB ids; a tty hangs below its interface, which hangs below its device. */
function findUsbDevice(from: string): string | null {
  for (let dir = from; dir !== dirname(dir); dir = dirname(dir)) if (existsSync(join(dir, "idVendor"))) return dir;
  return null;
}

/** The interface (`1-1.2:1.0`) where there is one, since a chip with four ports has four of them. */
function usbPlaceOf(device: string, usb: string): string {
  const below = device.slice(usb.length + 1).split("/")[0];
  return below?.includes(":") ? below : basename(usb);
}

async function readLine(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim() || null;
  } catch {
    return null;
  }
}

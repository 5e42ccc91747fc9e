import { readdir, readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { UsbWithoutPort } from "../../services/model/adapter.ts";
import { driverFor, findChip } from "../serial/chips.ts";

/** Drivers that make a device look taken although it gives no serial port. */
const noSerialDriver = /^(usbfs|usb-storage|usbhid|cdc_ether)$/;

/**
 * Devices of /sys/bus/usb/devices with a chip of the table and no serial port below. `takenBy` is the driver that holds
 * its interface instead. Empty where there is no such folder.
 */
export async function listSysUsbWithoutPort(sysRoot = "/sys"): Promise<UsbWithoutPort[]> {
  const root = join(sysRoot, "bus/usb/devices");
  const names = await entries(root);
  const found = await Promise.all(
    names.filter((name) => !name.includes(":")).map((name) => readDevice(root, name, names)),
  );
  return found.filter((one) => one !== null);
}

async function readDevice(root: string, name: string, names: readonly string[]): Promise<UsbWithoutPort | null> {
  const vendorId = await readLine(join(root, name, "idVendor"));
  const chip = findChip(vendorId, await readLine(join(root, name, "idProduct")));
  if (!chip) return null;
  const interfaces = names.filter((one) => one.startsWith(`${name}:`));
  for (const one of interfaces) if (await hasTty(join(root, one))) return null;
  const drivers = await Promise.all(interfaces.map((one) => driverOf(join(root, one))));
  return {
    ...{ vendorId: chip.vendorId, productId: chip.productId, chip: chip.name, usbPlace: name },
    driver: driverFor(chip, "linux"),
    takenBy: drivers.find((driver) => driver !== null && noSerialDriver.test(driver)) ?? null,
    oftenCloned: chip.oftenCloned,
  };
}

/** USB-serial drivers put `ttyUSB0` right below the interface, the modem class puts `tty/ttyACM0`. */
async function hasTty(dir: string): Promise<boolean> {
  return (await entries(dir)).some((name) => name.startsWith("tty"));
}

async function driverOf(dir: string): Promise<string | null> {
  try {
    return basename(await readlink(join(dir, "driver")));
  } catch {
    return null;
  }
}

async function entries(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch {
    return [];
  }
}

async function readLine(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return null;
  }
}

import type { UsbWithoutPort } from "../../services/model/adapter.ts";
import { driverFor, findChip } from "../serial/chips.ts";

/** A device as libusb describes it; the part that is used here. */
export interface UsbDevice {
  busNumber: number;
  portNumbers?: readonly number[];
  deviceDescriptor: { idVendor: number; idProduct: number };
}

/** The part of the `usb` library that is used here. */
export interface UsbLibrary {
  getDeviceList(): UsbDevice[];
  on(event: "attach" | "detach", fn: () => void): unknown;
  off(event: "attach" | "detach", fn: () => void): unknown;
  unrefHotplugEvents?(): void;
  _supportedHotplugEvents(): unknown;
  INIT_ERROR: unknown;
}

/** The library, or null where it does not load or libusb does not start. */
export async function loadUsb(): Promise<UsbLibrary | null> {
  try {
    const { usb } = (await import("usb")) as { usb: UsbLibrary };
    return usb.INIT_ERROR ? null : usb;
  } catch {
    return null;
  }
}

/**
 * Hears of plugging and unplugging; the returned function ends that. Null where the system does not tell (the library
 * would look again and again by itself, and keep the process alive).
 */
export function onUsbChange(usb: UsbLibrary, changed: () => void): (() => void) | null {
  if (!usb._supportedHotplugEvents()) return null;
  usb.on("attach", changed);
  usb.on("detach", changed);
  usb.unrefHotplugEvents?.();
  return () => {
    usb.off("attach", changed);
    usb.off("detach", changed);
  };
}

/** Devices of known chips beyond those that are listed as ports, counted by their ids: for Windows and macOS. */
export function withoutPortByIds(
  devices: readonly UsbDevice[],
  ports: readonly { vendorId: string | null; productId: string | null; usbPlace: string | null }[],
  platform: string,
): UsbWithoutPort[] {
  const listed = new Map<string, number>();
  // A chip with several ports is one device: its ports share the serial number, but not everywhere the place.
  const idsOf = (vendor: string | null, product: string | null): string => `${vendor ?? ""}:${product ?? ""}`;
  for (const { vendorId, productId } of ports) {
    const ids = idsOf(vendorId, productId);
    listed.set(ids, (listed.get(ids) ?? 0) + 1);
  }
  const found: UsbWithoutPort[] = [];
  for (const device of devices) {
    const { idVendor, idProduct } = device.deviceDescriptor;
    const chip = findChip(hex4(idVendor), hex4(idProduct));
    if (!chip) continue;
    const ids = idsOf(chip.vendorId, chip.productId);
    const left = listed.get(ids) ?? 0;
    listed.set(ids, left - 1);
    if (left > 0) continue;
    const usbPlace = `${String(device.busNumber)}-${(device.portNumbers ?? []).join(".")}`;
    const { vendorId, productId, name, oftenCloned } = chip;
    found.push({
      ...{ vendorId, productId, chip: name, usbPlace, oftenCloned, takenBy: null },
      driver: driverFor(chip, platform),
    });
  }
  return found;
}

function hex4(id: number): string {
  return id.toString(16).padStart(4, "0");
}

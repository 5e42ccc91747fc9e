import { SerialPort } from "serialport";
import { fail } from "../../lib/errors.ts";
import { chipName } from "./chips.ts";
import { listSysTty } from "./sys-tty.ts";

/** One serial port. Ids in lower-case hex; unknown values null. `usbPlace` says which USB socket, where the system tells. */
export interface ListedPort {
  path: string;
  vendorId: string | null;
  productId: string | null;
  serialNumber: string | null;
  chip: string | null;
  usbPlace: string | null;
}

type Unrated = Omit<ListedPort, "chip">;

/** Where listings come from; tests pass their own. */
export interface PortSources {
  sysTty: () => Promise<Unrated[] | null>;
  serialport: () => Promise<Unrated[]>;
}

/**
 * All serial ports: known USB adapters first, built-in ports last. On Linux /sys tells (it needs no udevadm and no udev
 * database); elsewhere, or without /sys, the serialport library. Throws `link-lost` when nobody can list.
 */
export async function listPorts(sources: PortSources = systemSources): Promise<ListedPort[]> {
  const raw = (await sources.sysTty()) ?? (await sources.serialport());
  const ports = raw.map((port) => {
    const vendorId = port.vendorId?.toLowerCase() ?? null;
    const productId = port.productId?.toLowerCase() ?? null;
    return { ...port, vendorId, productId, chip: chipName(vendorId, productId) };
  });
  return ports.sort((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path, "en", { numeric: true }));
}

/** True for a USB adapter with a chip of the table; built-in ports and unknown USB devices are false. */
export function isLikelyAdapter(port: ListedPort): boolean {
  return port.chip !== null;
}

/**
 * A name of the adapter that survives re-plugging as well as the system allows: ids and serial number if it has one of
 * its own, else the USB place, else the path.
 */
export function adapterKey(port: ListedPort): string {
  const ids = `${port.vendorId ?? "?"}:${port.productId ?? "?"}`;
  const part = /:\d+\.(\d+)$/.exec(port.usbPlace ?? "")?.[1] ?? "0";
  if (port.serialNumber !== null && !isFactoryFiller(port.serialNumber)) {
    return `usb-serial/${ids}/${port.serialNumber}/${part}`;
  }
  if (port.usbPlace !== null) return `usb-place/${ids}/${port.usbPlace}`;
  return `path/${port.path}`;
}

/** The keys of all ports together: a serial number that several adapters share (copies do) names none of them. */
export function adapterKeys(ports: readonly ListedPort[]): string[] {
  const keys = ports.map(adapterKey);
  return ports.map((port, i) => {
    const key = keys[i] as string;
    const isShared = keys.filter((one) => one === key).length > 1;
    return isShared ? adapterKey({ ...port, serialNumber: null }) : key;
  });
}

/** CP2102 modules leave the factory with `0001`, others with zeros: no name for one adapter. */
function isFactoryFiller(serialNumber: string): boolean {
  return /^0*1?$/.test(serialNumber.trim());
}

function rank(port: ListedPort): number {
  if (isLikelyAdapter(port)) return 0;
  return port.vendorId === null ? 2 : 1;
}

const systemSources: PortSources = {
  sysTty: () => (process.platform === "linux" ? listSysTty() : Promise.resolve(null)),
  serialport: async () => {
    try {
      return (await SerialPort.list()).map((port) => ({
        path: port.path,
        vendorId: port.vendorId ?? null,
        productId: port.productId ?? null,
        serialNumber: port.serialNumber ?? null,
        usbPlace: port.locationId ?? null,
      }));
    } catch (cause) {
      throw fail("link-lost", "This system does not list its serial ports. The path can be typed in.", { cause });
    }
  },
};

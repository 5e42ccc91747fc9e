import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { listSysUsbWithoutPort } from "../../../../src-main/hosts/usb/sys-usb.ts";
import { loadUsb, onUsbChange, withoutPortByIds, type UsbDevice } from "../../../../src-main/hosts/usb/usb-library.ts";
import { fakeTree, type FakeTree } from "../serial/fake-tree.ts";

const trees: FakeTree[] = [];
afterEach(() => {
  for (const made of trees.splice(0)) made.remove();
});
function sys(files: Readonly<Record<string, string>>): string {
  const made = fakeTree(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`bus/usb/devices/${path}`, text])),
  );
  trees.push(made);
  return made.root;
}
const ids = (place: string, vendor: string, product: string) => ({
  [`${place}/idVendor`]: `${vendor}\n`,
  [`${place}/idProduct`]: `${product}\n`,
});

describe("adapters on USB without a serial port, on Linux", () => {
  const cases: { name: string; files: Record<string, string>; found: object[] }[] = [
    { name: "none where USB is not shown", files: {}, found: [] },
    {
      name: "not one with a port of a USB-serial driver",
      files: { ...ids("1-1", "0403", "6001"), "1-1:1.0/ttyUSB0/x": "" },
      found: [],
    },
    {
      name: "not one with a port of the modem class",
      files: { ...ids("1-1", "1a86", "55d3"), "1-1:1.0/tty/ttyACM0/x": "" },
      found: [],
    },
    { name: "not a mouse", files: { ...ids("1-2", "046d", "c077"), "1-2:1.0/x": "" }, found: [] },
    {
      name: "one whose driver is missing",
      files: { ...ids("1-1.2", "10c4", "ea60"), "1-1.2:1.0/x": "" },
      found: [{ chip: "CP2102", usbPlace: "1-1.2", driver: "cp210x", takenBy: null, oftenCloned: false }],
    },
    {
      name: "one that another program took",
      files: { ...ids("1-1", "1a86", "7523"), "1-1:1.0/driver": "-> ../../drivers/usbfs" },
      found: [{ chip: "CH340", driver: "ch341", takenBy: "usbfs" }],
    },
  ];
  it.each(cases)("$name", async ({ files, found }) => {
    expect(await listSysUsbWithoutPort(sys({ "usb1/x": "", ...files }))).toMatchObject(found);
  });
});

describe("adapters on USB without a serial port, elsewhere", () => {
  const device = (idVendor: number, idProduct: number, port: number): UsbDevice => ({
    ...{ busNumber: 1, portNumbers: [port], deviceDescriptor: { idVendor, idProduct } },
  });
  const com = (vendorId: string | null, productId: string | null) => ({ vendorId, productId, usbPlace: null });

  it("are those beyond the listed ones of the same ids", () => {
    const devices = [device(0x067b, 0x2303, 1), device(0x067b, 0x2303, 2), device(0x0403, 0x6001, 3), device(1, 2, 4)];
    const found = withoutPortByIds(devices, [com("067b", "2303"), com("0403", "6001"), com(null, null)], "win32");
    expect(found).toEqual([
      {
        ...{ vendorId: "067b", productId: "2303", chip: "PL2303", usbPlace: "1-2", takenBy: null, oftenCloned: true },
        driver: "the PL2303 driver of Prolific (prolific.com.tw)",
      },
    ]);
  });
});

describe("news of the USB", () => {
  const fake = (supported: boolean) => {
    const events = new EventEmitter();
    return Object.assign(events, { INIT_ERROR: 0, getDeviceList: () => [], _supportedHotplugEvents: () => supported });
  };

  it("are heard until we leave", () => {
    const usb = fake(true);
    let changes = 0;
    const leave = onUsbChange(usb as never, () => (changes += 1));
    usb.emit("attach");
    usb.emit("detach");
    expect(changes).toBe(2);
    leave?.();
    usb.emit("attach");
    expect([changes, usb.listenerCount("attach"), usb.listenerCount("detach")]).toEqual([2, 0, 0]);
  });

  it("are not waited for where the system has none: the library would keep the process alive", () => {
    const usb = fake(false);
    expect(onUsbChange(usb as never, () => undefined)).toBeNull();
    expect(usb.listenerCount("attach")).toBe(0);
  });

  it("start and stop with the real library, where it loads", async () => {
    const usb = await loadUsb();
    const leave = usb && onUsbChange(usb, () => undefined);
    leave?.();
    expect(usb === null || Array.isArray(usb.getDeviceList())).toBe(true);
  });
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chipName, chips } from "../../../../src-main/hosts/serial/chips.ts";
import {
  adapterKey,
  isLikelyAdapter,
  listPorts,
  type ListedPort,
} from "../../../../src-main/hosts/serial/port-list.ts";
import { listSysTty } from "../../../../src-main/hosts/serial/sys-tty.ts";

const bare = { vendorId: null, productId: null, serialNumber: null, usbPlace: null };
const ftdi = { vendorId: "0403", productId: "6001", serialNumber: "A10K", usbPlace: "1-1:1.0" };

describe("the list of ports", () => {
  it("puts known USB adapters first and built-in ports last, ids in lower case, numbers as numbers", async () => {
    const found = [
      { ...bare, path: "/dev/ttyS0" },
      { ...ftdi, path: "/dev/ttyUSB10" },
      { ...bare, path: "/dev/ttyACM0", vendorId: "2341", productId: "0043" },
      { ...ftdi, path: "/dev/ttyUSB2", vendorId: "1A86", productId: "7523" },
    ];
    const ports = await listPorts({ sysTty: () => Promise.resolve(found), serialport: () => Promise.resolve([]) });
    expect(ports.map((port) => [port.path, port.vendorId, port.chip, isLikelyAdapter(port)])).toEqual([
      ["/dev/ttyUSB2", "1a86", "CH340", true],
      ["/dev/ttyUSB10", "0403", "FT232R", true],
      ["/dev/ttyACM0", "2341", null, false],
      ["/dev/ttyS0", null, null, false],
    ]);
  });

  it("asks the library where there is no /sys", async () => {
    const other = { ...bare, path: "COM3" };
    const ports = await listPorts({ sysTty: () => Promise.resolve(null), serialport: () => Promise.resolve([other]) });
    expect(ports).toEqual([{ ...other, chip: null }]);
  });

  it("lists on this machine without an error", async () => {
    for (const port of await listPorts()) expect(port.path).toMatch(/\S/);
  });
});

describe("the key of an adapter", () => {
  const port = (part: Partial<ListedPort>): ListedPort => ({ path: "/dev/ttyUSB0", ...bare, chip: null, ...part });
  const cases: [string, Partial<ListedPort>, string][] = [
    ["its own serial number, wherever it is plugged in", ftdi, "usb-serial/0403:6001/A10K/0"],
    ["each port of a chip with several", { ...ftdi, usbPlace: "1-1:1.3" }, "usb-serial/0403:6001/A10K/3"],
    ["the place, without a serial number", { ...ftdi, serialNumber: null }, "usb-place/0403:6001/1-1:1.0"],
    ["the place, with a factory's filler", { ...ftdi, serialNumber: "0001" }, "usb-place/0403:6001/1-1:1.0"],
    ["the path, without anything", {}, "path//dev/ttyUSB0"],
  ];
  it.each(cases)("is %s", (_name, part, key) => {
    expect(adapterKey(port(part))).toBe(key);
  });
});

describe("/sys/class/tty", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sr01-sys-"));
    for (const dir of ["dev", "sys/class/tty"]) mkdirSync(join(root, dir), { recursive: true });
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const addTty = (name: string, device?: string, files: Record<string, string> = {}): void => {
    const dir = join(root, "sys/class/tty", name);
    mkdirSync(dir);
    writeFileSync(join(root, "dev", name), "");
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
    if (device === undefined) return;
    mkdirSync(join(root, device), { recursive: true });
    symlinkSync(join(root, device), join(dir, "device"));
  };
  const list = () => listSysTty(join(root, "sys"), join(root, "dev"));

  it("leaves out what has no hardware behind it", async () => {
    addTty("tty0");
    addTty("ttyS1", "sys/devices/platform/serial8250", { type: "0\n" });
    addTty("ttyS0", "sys/devices/pnp0/00:05", { type: "4\n" });
    expect(await list()).toEqual([{ path: join(root, "dev/ttyS0"), ...bare }]);
  });

  it("finds ids, serial number and place of a USB adapter", async () => {
    addTty("ttyUSB0", "sys/devices/pci/usb1/1-1/1-1.2/1-1.2:1.0/ttyUSB0");
    const usb = join(root, "sys/devices/pci/usb1/1-1/1-1.2");
    for (const [file, text] of [
      ["idVendor", "0403"],
      ["idProduct", "6001"],
      ["serial", "A10K"],
    ] as const) {
      writeFileSync(join(usb, file), `${text}\n`);
    }
    expect(await list()).toEqual([{ path: join(root, "dev/ttyUSB0"), ...ftdi, usbPlace: "1-1.2:1.0" }]);
  });

  it("is null where there is none", async () => {
    expect(await listSysTty(join(root, "nowhere"))).toBeNull();
  });
});

describe("the chips", () => {
  it("are named by ids of any case, each once", () => {
    expect(chipName("1A86", "55D3")).toBe("CH343");
    expect(chipName("1a86", null)).toBeNull();
    expect(new Set(chips.map((chip) => chip.vendorId + chip.productId)).size).toBe(chips.length);
    for (const chip of chips) expect(chip.vendorId + chip.productId).toMatch(/^[0-9a-f]{8}$/);
  });
});

import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { portAliases, realPath } from "../../../../src-main/hosts/serial/aliases.ts";
import { chips } from "../../../../src-main/hosts/serial/chips.ts";
import { gatherEvidence, ruleInstalled, ruleName, udevCommands } from "../../../../src-main/hosts/serial/evidence.ts";
import { findHolder } from "../../../../src-main/hosts/serial/holder.ts";
import {
  latencyTimerCommand,
  readLatencyTimer,
  setLatencyTimer,
} from "../../../../src-main/hosts/serial/latency-timer.ts";
import {
  readAccess,
  readDrivers,
  readMachine,
  readNetwork,
  readPower,
  runningMeddlers,
} from "../../../../src-main/hosts/serial/machine.ts";
import { adapterKeys, type ListedPort } from "../../../../src-main/hosts/serial/port-list.ts";
import { fakeTree, type FakeTree } from "./fake-tree.ts";

const trees: FakeTree[] = [];
function tree(files: Readonly<Record<string, string>>): FakeTree {
  const made = fakeTree(files);
  trees.push(made);
  return made;
}
afterEach(() => {
  for (const made of trees.splice(0)) made.remove();
});

describe("other names of a port", () => {
  it("are the links under /dev/serial, and a typed one leads to the real path", async () => {
    const dev = tree({
      ttyUSB0: "",
      "serial/by-id/usb-FTDI_A10K-if00": "-> ../../ttyUSB0",
      "serial/by-path/pci-1-1.2": "-> ../../ttyUSB0",
      "serial/by-id/usb-gone": "-> ../../ttyUSB9",
    });
    const aliases = await portAliases(dev.root);
    expect(aliases.get(dev.at("ttyUSB0"))).toEqual([
      dev.at("serial/by-id/usb-FTDI_A10K-if00"),
      dev.at("serial/by-path/pci-1-1.2"),
    ]);
    expect(aliases.size).toBe(1);
    expect(await realPath(dev.at("serial/by-path/pci-1-1.2"))).toBe(dev.at("ttyUSB0"));
    expect(await realPath(dev.at("nothing"))).toBe(dev.at("nothing"));
    expect((await portAliases(dev.at("nothing"))).size).toBe(0);
  });
});

describe("who has the port", () => {
  const proc = () => {
    const port = tree({ ttyUSB0: "" }).at("ttyUSB0");
    const made = tree({
      "10/comm": "bash\n",
      "10/fd/0": "-> /dev/null",
      "20/comm": "minicom\n",
      "20/fd/3": `-> ${port}`,
      "30/comm": "screen\n",
      "30/fd/5": `-> ${port}`,
      "self/comm": "x\n",
      locks: "",
    });
    return { port, made };
  };

  it("is found by its open files, without us", async () => {
    const { port, made } = proc();
    expect(await findHolder(port, made.root, 1)).toEqual({ pid: 20, name: "minicom" });
    expect(await findHolder(port, made.root, 20)).toEqual({ pid: 30, name: "screen" });
  });

  it("is the holder of the lock if there are several", async () => {
    const { port, made } = proc();
    const { ino } = await import("node:fs").then((fs) => fs.statSync(port));
    made.add({ locks: `1: FLOCK  ADVISORY  WRITE 30 00:18:${String(ino)} 0 EOF\n` });
    expect(await findHolder(port, made.root, 1)).toEqual({ pid: 30, name: "screen" });
  });

  it("is nobody where nothing is told", async () => {
    expect(await findHolder("/dev/ttyUSB0", "/nowhere")).toBeNull();
    expect(await findHolder("/dev/ttyNOTHERE", proc().made.root)).toBeNull();
  });
});

describe("the latency timer", () => {
  const sysWith = (text: string) => tree({ "bus/usb-serial/devices/ttyUSB0/latency_timer": text });

  it("is read, and set to 1 ms", async () => {
    const sys = sysWith("16\n");
    expect(await readLatencyTimer("/dev/ttyUSB0", sys.root)).toBe(16);
    await setLatencyTimer("/dev/ttyUSB0", sys.root);
    expect(await readLatencyTimer("/dev/ttyUSB0", sys.root)).toBe(1);
    expect(await latencyTimerCommand("/dev/ttyUSB0", "/sys")).toBe(
      "echo 1 | sudo tee /sys/bus/usb-serial/devices/ttyUSB0/latency_timer",
    );
  });

  it("is unsupported where the system shows none", async () => {
    expect(await readLatencyTimer("/dev/ttyS0", sysWith("16").root)).toBeNull();
    await expect(setLatencyTimer("/dev/ttyS0", sysWith("16").root)).rejects.toMatchObject({ code: "unsupported" });
  });

  it("names the command when it may not be set", async () => {
    // A number that nobody may write, not even root.
    const sys = sysWith("-> /proc/sys/kernel/random/entropy_avail");
    await expect(setLatencyTimer("/dev/ttyUSB0", sys.root)).rejects.toMatchObject({
      code: "bad-input",
      data: { command: expect.stringMatching(/^echo 1 \| sudo tee /) as string },
    });
  });
});

describe("evidence about a port", () => {
  const sources = {
    ...{ platform: "linux", holder: () => Promise.resolve(null), udevCommands: () => [] },
    owner: () => ({ group: "dialout", groupMayUse: true, gid: 20, members: ["ann"] }),
    listed: () => Promise.resolve({ adapters: 1, withoutPort: [] }),
  };
  it.each([
    { who: { name: "ann", groups: [1000] }, oldSession: true },
    { who: { name: "ann", groups: [1000, 20] }, oldSession: false },
    { who: { name: "ben", groups: [1000] }, oldSession: false },
  ])("$who: in the group since the last login $oldSession", async ({ who, oldSession }) => {
    const evidence = await gatherEvidence("/dev/ttyUSB0", { ...sources, user: () => who });
    expect(evidence).toMatchObject({ group: "dialout", groupMayUse: true, oldSession, adapters: 1 });
  });

  it("offers the udev rule only where udev runs and the rule is not there", () => {
    const [none, udev] = [tree({ x: "" }).root, tree({ "udev/control": "" }).root];
    const installed = tree({ [`udev/rules.d/${ruleName}`]: "" }).root;
    expect(udevCommands({ etc: none, run: none })).toEqual([]);
    expect(udevCommands({ etc: installed, run: udev })).toEqual([]);
    expect(ruleInstalled(installed)).toBe(true);
    const commands = udevCommands({ etc: none, run: udev });
    expect(commands[0]).toMatch(/^sudo cp '.*resources\/70-sr01-toolkit\.rules' \/etc\/udev\/rules\.d\/$/);
    expect(commands).toHaveLength(3);
  });
});

describe("the udev rule", () => {
  const text = readFileSync(`resources/${ruleName}`, "utf8");
  it("names every chip of the table and no other", () => {
    const named = [...text.matchAll(/ATTRS\{idVendor\}=="(\w{4})", ATTRS\{idProduct\}=="(\w{4})"/g)];
    expect(named.map(([, vendor, product]) => `${String(vendor)}${String(product)}`).sort()).toEqual(
      chips.map((chip) => chip.vendorId + chip.productId).sort(),
    );
  });
  it("stands before the rules that give access to who is logged in", () => {
    expect(Number(ruleName.slice(0, 2))).toBeLessThan(73);
  });
});

describe("this machine", () => {
  it("finds drivers in the kernel's lists, loaded ones too", () => {
    const lib = tree({
      "modules/6.1/modules.dep": "kernel/drivers/usb/serial/ftdi_sio.ko.xz: x\nkernel/usb/serial/cp210x.ko:\n",
      "modules/6.1/modules.builtin": "kernel/drivers/usb/class/cdc-acm.ko\n",
    });
    const sys = tree({ "module/ch341/x": "" });
    const drivers = readDrivers({ lib: lib.root, sys: sys.root }, "6.1");
    const present = Object.fromEntries(drivers.map(({ name, present: is }) => [name, is]));
    expect(present).toEqual({
      ...{ ftdi_sio: true, cp210x: true, cdc_acm: true, ch341: true },
      ...{ pl2303: false, ti_usb_3410_5052: false, mxuport: false },
    });
    const blind = readDrivers({ lib: "/nowhere", sys: "/nowhere" }, "6.1");
    expect(blind.every(({ present: is }) => is === null)).toBe(true);
  });

  it("finds programs that open ports by themselves", () => {
    const proc = tree({ "7/comm": "ModemManager\n", "8/comm": "bash\n", "x/comm": "brltty\n" });
    expect(runningMeddlers(proc.root)).toEqual(["ModemManager"]);
  });

  it.each([
    ["mains", { "AC/type": "Mains", "AC/online": "1", "BAT0/type": "Battery" }],
    ["battery", { "AC/type": "Mains", "AC/online": "0", "BAT0/type": "Battery" }],
    [null, { "BAT0/type": "Battery" }],
    [null, {}],
  ])("is fed by %s", (feed, files: Record<string, string>) => {
    const named = Object.fromEntries(Object.entries(files).map(([path, text]) => [`class/power_supply/${path}`, text]));
    expect(readPower(tree({ x: "", ...named }).root)).toBe(feed);
  });

  it("tells the group of its ports, and its addresses", () => {
    const dev = tree({ ttyS0: "", ttyUSB0: "", ttyprintk: "" });
    expect(readAccess(dev.root, { name: "ann", groups: [] })).toMatchObject({ may: process.getuid?.() === 0 });
    expect(readAccess(tree({ null: "" }).root)).toBeNull();
    const one = { address: "192.168.1.5", family: "IPv4", internal: false, cidr: "192.168.1.5/24" };
    const inner = { address: "127.0.0.1", family: "IPv4", internal: true, cidr: "127.0.0.1/8" };
    const six = { address: "fe80::1", family: "IPv6", internal: false, cidr: "fe80::1/64" };
    expect(readNetwork({ eth0: [one, six], lo: [inner] })).toEqual([
      { name: "eth0", address: "192.168.1.5", prefix: 24 },
    ]);
  });

  it("answers here, whatever is missing", async () => {
    const facts = await readMachine();
    expect(facts.serialLibrary).toEqual({ works: true, reason: null });
    expect(facts.platform).toBe(process.platform);
  });
});

describe("keys of all adapters together", () => {
  const port = (path: string, serialNumber: string | null, usbPlace: string): ListedPort => ({
    ...{ path, serialNumber, usbPlace, vendorId: "0403", productId: "6001", chip: "FT232R" },
  });
  it("fall back to the place when copies share a serial number", () => {
    const one = port("/dev/ttyUSB0", "A1", "1-1:1.0");
    const two = port("/dev/ttyUSB1", "A1", "1-2:1.0");
    const other = port("/dev/ttyUSB2", "B2", "1-3:1.0");
    expect(adapterKeys([one, two, other])).toEqual([
      ...["usb-place/0403:6001/1-1:1.0", "usb-place/0403:6001/1-2:1.0", "usb-serial/0403:6001/B2/0"],
    ]);
    // Found again under another name.
    expect(adapterKeys([{ ...other, path: "/dev/ttyUSB9", usbPlace: "2-4:1.0" }])).toEqual([
      "usb-serial/0403:6001/B2/0",
    ]);
  });
});

import { describe, expect, test } from "vitest";
import { errorShape, fail, type ErrorShape } from "../../src-main/lib/errors.ts";
import { openError } from "../../src-main/hosts/serial/open-errors.ts";
import { portVerdictSchema, type UsbWithoutPort, type verdictCodes } from "../../src-main/services/model/adapter.ts";
import { adapterVerdict, portVerdict, pulledVerdict, type PortEvidence } from "../../src-main/services/port-verdict.ts";

const path = "/dev/ttyUSB0";
const plain: PortEvidence = {
  ...{ platform: "linux", path, group: "dialout", groupMayUse: true, oldSession: false, program: null },
  ...{ adapters: 1, withoutPort: [], udevCommands: [] },
};
const usb: UsbWithoutPort = {
  ...{ vendorId: "1a86", productId: "7523", chip: "CH340", usbPlace: "1-1", driver: "ch341" },
  ...{ takenBy: null, oftenCloned: false },
};
const clone = { ...usb, chip: "PL2303", driver: "the PL2303 driver of Prolific", oftenCloned: true };
/** As the system words it. */
const seen = (text: string): ErrorShape => errorShape(openError(path, new Error(text), "linux", () => null));
const denied = seen("Error: Permission denied, cannot open");
const inUse = seen("Error: Cannot lock port");
const absent = seen("Error: No such file or directory");

const cases: {
  name: string;
  error: ErrorShape | null;
  evidence?: Partial<PortEvidence>;
  code: (typeof verdictCodes)[number];
  says: RegExp;
  next: RegExp;
  commands?: (string | RegExp)[];
}[] = [
  { name: "it opens", error: null, code: "ready", says: /opens/, next: /who is on the line/ },
  {
    name: "no permission: the real group and the exact command",
    error: denied,
    evidence: { group: "uucp" },
    ...{ code: "no-permission", says: /belongs to the group uucp/, next: /log out and in again/ },
    commands: ['sudo usermod -aG uucp "$USER"'],
  },
  {
    name: "no permission, and udev runs: offers the rule",
    error: denied,
    evidence: { udevCommands: ["sudo cp RULE /etc/udev/rules.d/", "sudo udevadm control --reload"] },
    ...{ code: "no-permission", says: /dialout/, next: /Or run the others once/ },
    commands: ['sudo usermod -aG dialout "$USER"', "sudo cp RULE /etc/udev/rules.d/", "sudo udevadm control --reload"],
  },
  {
    name: "no permission: nobody is invited into root's group",
    error: denied,
    evidence: { group: "root", path: "/dev/my port" },
    ...{ code: "no-permission", says: /root/, next: /first command/ },
    commands: [`sudo chown "$USER" '/dev/my port'`],
  },
  {
    name: "no permission: joined the group, but not since the last login",
    error: denied,
    evidence: { oldSession: true },
    ...{ code: "no-permission", says: /dialout/, next: /already: log out and in again/ },
  },
  {
    name: "busy: by which program",
    error: inUse,
    evidence: { program: { pid: 77, name: "minicom" } },
    ...{ code: "busy", says: /Another program .*: minicom \(process 77\)/, next: /Close minicom/ },
  },
  {
    name: "busy: the system does not tell by whom",
    error: inUse,
    ...{ code: "busy", says: /Another program/, next: /other terminal programs/ },
    commands: ["sudo fuser -v /dev/ttyUSB0"],
  },
  {
    name: "busy on Windows",
    error: errorShape(openError("COM3", new Error("Opening COM3: Access denied"), "win32")),
    evidence: { platform: "win32", path: "COM3" },
    ...{ code: "busy", says: /COM3/, next: /unplug the adapter/ },
  },
  {
    name: "absent, but another is there",
    error: absent,
    code: "absent",
    says: /no port/,
    next: /an adapter is listed/,
  },
  {
    name: "absent, and no adapter at all",
    error: absent,
    evidence: { adapters: 0 },
    ...{ code: "no-adapter", says: /no port .* No USB-RS485 adapter/, next: /some cables only charge/ },
  },
  {
    name: "absent: on USB, but the driver is missing",
    error: absent,
    evidence: { adapters: 0, withoutPort: [usb] },
    ...{ code: "no-driver", says: /CH340 at USB place 1-1 .* ch341 is missing/, next: /Load the driver/ },
    commands: ["sudo modprobe ch341"],
  },
  {
    name: "absent: another driver took it",
    error: absent,
    evidence: { adapters: 0, withoutPort: [{ ...usb, takenBy: "usbfs" }] },
    ...{ code: "no-driver", says: /usbfs holds it instead/, next: /brltty/ },
    commands: ["sudo apt remove brltty"],
  },
  {
    name: "absent on Windows: the driver's name",
    error: absent,
    evidence: { platform: "win32", adapters: 0, withoutPort: [{ ...usb, driver: "CH341SER of WCH" }] },
    ...{ code: "no-driver", says: /CH340/, next: /Install CH341SER of WCH/ },
  },
  {
    name: "absent on Windows: a copy that the driver refuses",
    error: absent,
    evidence: { platform: "win32", adapters: 0, withoutPort: [clone] },
    ...{ code: "blocked-clone", says: /PL2303/, next: /refuses this chip as a copy/ },
  },
  {
    name: "absent on Linux: copies are not refused there",
    error: absent,
    evidence: { adapters: 0, withoutPort: [{ ...clone, driver: "pl2303" }] },
    ...{ code: "no-driver", says: /pl2303/, next: /Load/ },
    commands: ["sudo modprobe pl2303"],
  },
  {
    name: "not a serial port",
    error: seen("Error: Inappropriate ioctl for device"),
    ...{ code: "not-a-port", says: /not a serial port/, next: /sr01 ports/ },
  },
  {
    name: "pulled in the middle",
    error: errorShape(fail("link-lost", "gone", { data: { verdict: pulledVerdict(path) } })),
    ...{ code: "pulled", says: /went away while it was in use/, next: /Plug it in again/ },
  },
  {
    name: "a gateway that is not reached",
    error: errorShape(fail("link-lost", "x", { data: { reason: "gateway-unreachable", seen: "ECONNREFUSED" } })),
    evidence: { path: "tcp://10.0.0.5:4001" },
    ...{ code: "gateway-unreachable", says: /10\.0\.0\.5:4001 .*ECONNREFUSED/, next: /raw TCP server mode/ },
  },
  {
    name: "another master",
    error: errorShape(fail("busy", "Somebody else is sending", { data: { heardBytes: 3, heard: "ff5300" } })),
    ...{ code: "other-master", says: /Nothing was sent/, next: /A and B off/ },
  },
  {
    name: "anything else",
    error: seen("Error: Input/output error"),
    ...{ code: "unclear", says: /could not be opened/, next: /another USB socket/ },
  },
];

describe("one verdict and one next step", () => {
  test.each(cases)("$name", ({ error, evidence = {}, code, says, next, commands }) => {
    const verdict = portVerdictSchema.parse(portVerdict(error, { ...plain, ...evidence }));
    expect(verdict.code).toBe(code);
    expect(verdict.message).toMatch(says);
    expect(verdict.nextStep).toMatch(next);
    expect(verdict.commands).toEqual(commands);
  });

  test("with an adapter to choose there is nothing to say", () => {
    expect(adapterVerdict({ adapters: 2, withoutPort: [usb] }, "linux")).toBeNull();
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openError, readOwner, type NodeOwner } from "../../../../src-main/hosts/serial/open-errors.ts";
import { openSerialPort } from "../../../../src-main/hosts/serial/serial-port.ts";
import { silentLog } from "../../../../src-main/lib/log.ts";

const dialout: NodeOwner = { group: "dialout", groupMayUse: true };
const path = "/dev/ttyUSB0";

const cases: { name: string; seen: string; owner?: NodeOwner | null; code: string; field?: string; says: RegExp }[] = [
  {
    name: "not allowed, a group may",
    seen: "Error: Permission denied, cannot open /dev/ttyUSB0",
    owner: dialout,
    code: "bad-input",
    field: "port",
    says: /group dialout\. Run: sudo usermod -aG dialout "\$USER", then log out/,
  },
  {
    name: "not allowed, another group may",
    seen: "Error: Permission denied, cannot open /dev/ttyUSB0",
    owner: { group: "uucp", groupMayUse: true },
    code: "bad-input",
    field: "port",
    says: /usermod -aG uucp/,
  },
  {
    name: "not allowed, nobody is invited into the group root",
    seen: "Error: Permission denied, cannot open /dev/ttyUSB0",
    owner: { group: "root", groupMayUse: true },
    code: "bad-input",
    field: "port",
    says: /Run: sudo chown "\$USER" \/dev\/ttyUSB0\./,
  },
  {
    name: "not allowed, the node cannot be looked at",
    seen: "Error: Permission denied, cannot open /dev/ttyUSB0",
    owner: null,
    code: "bad-input",
    field: "port",
    says: /sudo chown/,
  },
  { name: "locked", seen: "Error Resource temporarily unavailable Cannot lock port", code: "busy", says: /using/ },
  {
    name: "held by another driver",
    seen: "Error: Device or resource busy, cannot open x",
    code: "busy",
    says: /using/,
  },
  { name: "in use on Windows", seen: "Opening COM3: Access denied", code: "busy", says: /using/ },
  {
    name: "not there",
    seen: "Error: No such file or directory, cannot open /dev/ttyUSB0",
    code: "bad-input",
    field: "port",
    says: /no port .*sr01 ports/,
  },
  {
    name: "not there on Windows",
    seen: "Opening COM9: File not found",
    code: "bad-input",
    field: "port",
    says: /no port/,
  },
  {
    name: "a file, not a port",
    seen: "Error: Inappropriate ioctl for device setting custom baud rate of 13",
    code: "bad-input",
    field: "port",
    says: /not a serial port/,
  },
  { name: "anything else", seen: "Error: Input/output error", code: "link-lost", says: /could not be opened/ },
];

describe("why a port does not open", () => {
  it.each(cases)("$name", ({ seen, owner = dialout, code, field, says }) => {
    const error = openError(path, new Error(seen), "linux", () => owner);
    expect(error.code).toBe(code);
    expect(error.field).toBe(field);
    expect(error.message).toMatch(says);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it("reads the real group of a node", () => {
    const dir = mkdtempSync(join(tmpdir(), "sr01-group-"));
    const groups = join(dir, "group");
    writeFileSync(groups, `other:x:99999:\nmine:x:${String(process.getgid?.() ?? 0)}:ann\n`);
    writeFileSync(join(dir, "node"), "");
    chmodSync(join(dir, "node"), 0o660);
    const gid = process.getgid?.() ?? 0;
    expect(readOwner(join(dir, "node"), groups)).toEqual({ group: "mine", groupMayUse: true, gid, members: ["ann"] });
    expect(readOwner(join(dir, "absent"), groups)).toBeNull();
    rmSync(dir, { recursive: true });
  });

  it("comes out of openSerialPort, which also refuses a speed of nothing", async () => {
    const open = () => Promise.reject(new Error("Error: Permission denied, cannot open /dev/ttyUSB0"));
    const opened = openSerialPort({ path, baud: 9600, log: silentLog, open });
    await expect(opened).rejects.toMatchObject({ code: "bad-input", field: "port" });
    await expect(openSerialPort({ path, baud: 0, log: silentLog, open })).rejects.toMatchObject({ field: "baud" });
  });
});

import { readFileSync, statSync } from "node:fs";
import { fail, type ToolkitError } from "../../lib/errors.ts";

/** Who may use a device node. `group` null: unknown. `gid`: its number. */
export interface NodeOwner {
  group: string | null;
  groupMayUse: boolean;
  gid?: number;
  /** Names in the group's list, which a session only sees after a new login. */
  members?: string[];
}

/** Why it did not open, as `data.reason` of the error. */
export type OpenReason = "no-permission" | "busy" | "absent" | "not-a-port" | "unclear";

/** What a failed open means for a person. `owner` is asked only when access was denied. */
export function openError(
  path: string,
  cause: unknown,
  platform: string = process.platform,
  owner: (path: string) => NodeOwner | null = readOwner,
): ToolkitError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const about = (reason: OpenReason) => ({ path, seen: text, reason });
  const extras = (reason: OpenReason) => ({ field: "port", data: about(reason), cause });
  if (/permission denied|operation not permitted/i.test(text))
    return denied(path, owner(path), extras("no-permission"));
  // Windows answers "Access denied" when another program has the port.
  if (/cannot lock port|resource busy|device busy|access (is )?denied/i.test(text) || /EBUSY/.test(text)) {
    return fail("busy", `Another program is using ${path}.`, { data: about("busy"), cause });
  }
  if (/no such (file|device)|file not found|not a directory/i.test(text)) {
    return fail("bad-input", `There is no port ${path}.${listHint(platform)}`, extras("absent"));
  }
  if (/inappropriate ioctl|not a typewriter|is a directory/i.test(text)) {
    return fail("bad-input", `${path} is not a serial port.`, extras("not-a-port"));
  }
  return fail("link-lost", `The port ${path} could not be opened.`, { data: about("unclear"), cause });
}

function denied(path: string, owner: NodeOwner | null, extras: { field: string; data: object; cause: unknown }) {
  const command = accessCommand(path, owner);
  const whose = owner?.group ? `; it belongs to the group ${owner.group}` : "";
  const data = { ...extras.data, group: owner?.group ?? null, command };
  const again = owner?.group && owner.groupMayUse && owner.group !== "root" ? ", then log out and in again" : "";
  const message = `You may not use ${path}${whose}. Run: ${command}${again}.`;
  return fail("bad-input", message, { field: extras.field, data, cause: extras.cause });
}

function accessCommand(path: string, owner: NodeOwner | null): string {
  const joinable = owner?.group && owner.groupMayUse && owner.group !== "root";
  return joinable ? `sudo usermod -aG ${owner.group} "$USER"` : `sudo chown "$USER" ${path}`;
}

function listHint(platform: string): string {
  return platform === "win32" ? " Look it up in the Device Manager or with: sr01 ports" : " See them with: sr01 ports";
}

/** Group of a device node by name, from /etc/group; null when the node cannot be looked at. */
export function readOwner(path: string, groupFile = "/etc/group"): NodeOwner | null {
  try {
    const { gid, mode } = statSync(path);
    const [group = null, members = []] = groupOf(gid, groupFile);
    return { group, groupMayUse: (mode & 0o060) === 0o060, gid, members };
  } catch {
    return null;
  }
}

function groupOf(gid: number, groupFile: string): [name?: string, members?: string[]] {
  const line = readFileSync(groupFile, "utf8")
    .split("\n")
    .find((row) => row.split(":")[2] === String(gid));
  const [name, , , members] = line?.split(":") ?? [];
  return name === undefined ? [] : [name, members?.split(",").filter((one) => one !== "") ?? []];
}

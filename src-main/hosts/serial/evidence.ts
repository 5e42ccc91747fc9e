import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PortEvidence } from "../../services/port-verdict.ts";
import { findHolder } from "./holder.ts";
import { readOwner, type NodeOwner } from "./open-errors.ts";

/** Name of our udev rule in the program's resources. */
export const ruleName = "70-sr01-toolkit.rules";

/** Where the facts about a port come from; tests pass their own. */
export interface EvidenceSources {
  platform: string;
  owner: (path: string) => NodeOwner | null;
  holder: (path: string) => Promise<PortEvidence["program"]>;
  /** Name and group numbers of this session's user. */
  user: () => { name: string; groups: readonly number[] };
  udevCommands: () => readonly string[];
  listed: () => Promise<Pick<PortEvidence, "adapters" | "withoutPort">>;
}

/** Everything the system tells about a port that was tried. */
export async function gatherEvidence(path: string, sources: EvidenceSources): Promise<PortEvidence> {
  const { platform } = sources;
  const owner = sources.owner(path);
  const user = sources.user();
  const listed = owner?.members?.includes(user.name) ?? false;
  const inSession = owner?.gid !== undefined && user.groups.includes(owner.gid);
  return {
    ...{ platform, path, group: owner?.group ?? null, groupMayUse: owner?.groupMayUse ?? false },
    oldSession: listed && !inSession,
    program: await sources.holder(path),
    ...(await sources.listed()),
    udevCommands: sources.udevCommands(),
  };
}

/** Sources of this machine, but for the list of ports. */
export const systemEvidence: Omit<EvidenceSources, "listed"> = {
  platform: process.platform,
  owner: readOwner,
  holder: (path) => (process.platform === "linux" ? findHolder(path) : Promise.resolve(null)),
  user: sessionUser,
  udevCommands: () => udevCommands(),
};

/** Who runs this, and the groups of this session. */
export function sessionUser(): { name: string; groups: readonly number[] } {
  const groups = process.getgroups?.() ?? [];
  try {
    return { name: userInfo().username, groups };
  } catch {
    // Some containers run under a number without a name.
    return { name: "", groups };
  }
}

/** Commands that install our udev rule; none where there is no udev, or the rule is in place. */
export function udevCommands(roots: { etc: string; run: string } = { etc: "/etc", run: "/run" }): string[] {
  const rule = findRule();
  if (!hasUdev(roots.run) || ruleInstalled(roots.etc) || rule === null) return [];
  return [
    `sudo cp '${rule.replaceAll("'", `'\\''`)}' /etc/udev/rules.d/`,
    "sudo udevadm control --reload",
    "sudo udevadm trigger",
  ];
}

/** Whether udev runs on this machine. */
export function hasUdev(runRoot = "/run"): boolean {
  return existsSync(join(runRoot, "udev/control"));
}

/** Whether our udev rule is in place. */
export function ruleInstalled(etcRoot = "/etc"): boolean {
  return existsSync(join(etcRoot, "udev/rules.d", ruleName));
}

/** The rule beside the program, however deep this module ended up in it; null when it is not there. */
function findRule(): string | null {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 6; up++) {
    const candidate = join(dir, "resources", ruleName);
    if (existsSync(candidate)) return candidate;
    dir = dirname(dir);
  }
  return null;
}

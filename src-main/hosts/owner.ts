import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Names this running program: host, process id and when the process began, so that a reused id is told apart. */
export function ownerName(pid = process.pid): string {
  return `${hostname()}/${String(pid)}/${beginOf(pid)}`;
}

/** Whether the program of that name still runs on this machine. */
export function ownerRuns(owner: string): boolean {
  const [host, pidText, begin] = owner.split("/");
  const pid = Number(pidText);
  if (host !== hostname() || !Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return begin === beginOf(pid);
}

/** Start time in clock ticks since boot, from /proc; elsewhere the id alone must do. */
function beginOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

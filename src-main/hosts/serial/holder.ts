import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { realPath } from "./aliases.ts";

/** Beyond so many processes nobody looks further. */
const maxProcesses = 10_000;

/**
 * The program that has a port open, from the open files under /proc; the holder of its lock if there are several. Null
 * where the system does not tell, or the program belongs to another user. `ownPid` is not counted.
 */
export async function findHolder(
  path: string,
  procRoot = "/proc",
  ownPid = process.pid,
): Promise<{ pid: number; name: string } | null> {
  const real = await realPath(path);
  const pids = (await list(procRoot)).filter((name) => /^\d+$/.test(name)).slice(0, maxProcesses);
  const holders: number[] = [];
  for (const pid of pids) {
    if (Number(pid) !== ownPid && (await hasOpen(join(procRoot, pid, "fd"), real))) holders.push(Number(pid));
  }
  const locker = await lockHolder(real, procRoot);
  const pid = holders.find((one) => one === locker) ?? holders[0];
  if (pid === undefined) return null;
  const name = (await readFile(join(procRoot, String(pid), "comm"), "utf8").catch(() => "")).trim();
  return { pid, name: name === "" ? "another program" : name };
}

async function hasOpen(dir: string, real: string): Promise<boolean> {
  for (const fd of await list(dir)) if ((await readlink(join(dir, fd)).catch(() => "")) === real) return true;
  return false;
}

/** `1: FLOCK  ADVISORY  WRITE 1234 00:18:5 0 EOF`: process and inode. */
async function lockHolder(real: string, procRoot: string): Promise<number | null> {
  const [locks, node] = await Promise.all([
    readFile(join(procRoot, "locks"), "utf8").catch(() => ""),
    stat(real).catch(() => null),
  ]);
  if (!node) return null;
  const row = new RegExp(`FLOCK\\s+\\S+\\s+WRITE\\s+(\\d+)\\s+[0-9a-f]+:[0-9a-f]+:${String(node.ino)}\\s`).exec(locks);
  return row ? Number(row[1]) : null;
}

async function list(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => []);
}

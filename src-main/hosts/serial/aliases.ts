import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";

/** Other names of each port by its own: the links under /dev/serial/by-id and by-path. Empty where there are none. */
export async function portAliases(devRoot = "/dev"): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const dir of ["serial/by-id", "serial/by-path"]) {
    const names = await readdir(join(devRoot, dir)).catch(() => []);
    for (const name of names.sort()) {
      const link = join(devRoot, dir, name);
      const real = await realPath(link);
      if (real !== link) found.set(real, [...(found.get(real) ?? []), link]);
    }
  }
  return found;
}

/** Where a typed path leads; the path itself when it leads nowhere or is no link. */
export function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

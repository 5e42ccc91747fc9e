import { existsSync } from "node:fs";
import { join } from "node:path";
import { errorShape } from "../../lib/errors.ts";
import { isGatewayPath } from "../tcp/gateway-address.ts";
import { allowanceMs, keepLatency, keptLatency } from "../../services/latency.ts";
import type { Latency } from "../../services/model/adapter.ts";
import type { ListedPort } from "../../services/seams.ts";
import { listAdapters } from "../serial/ports.ts";
import { openStore, storeFileName } from "../store/sqlite-store.ts";
import type { CliContext } from "./context.ts";

/** The key of a typed port among the listed ones; null when it is not listed. A gateway is its own key. */
export function keyOfTyped(listed: readonly ListedPort[], path: string): string | null {
  if (isGatewayPath(path)) return path;
  return listed.find((port) => port.path === path || port.aliases?.includes(path))?.key ?? null;
}

/** What to allow for this port's adapter in time limits, ms, from an earlier measurement; null when there is none. */
export async function measuredAllowance(cli: CliContext, path: string): Promise<number | null> {
  if (!existsSync(join(cli.dataDir, storeFileName))) return null;
  try {
    const key = keyOfTyped(isGatewayPath(path) ? [] : await listAdapters(), path);
    if (key === null) return null;
    const store = openStore(cli.dataDir, { log: cli.log });
    try {
      const latency = keptLatency(store, key);
      return latency && allowanceMs(latency);
    } finally {
      store.close();
    }
  } catch (error) {
    // A figure that cannot be had is only a slower limit.
    cli.log.warn("adapter.no-latency", { error: errorShape(error) });
    return null;
  }
}

/** Keeps a measured figure with the adapter of this port. False when the port has no adapter to keep it with. */
export function keepMeasured(cli: CliContext, key: string | null, latency: Latency): boolean {
  if (key === null) return false;
  const store = openStore(cli.dataDir, { log: cli.log });
  try {
    keepLatency(store, key, latency);
  } finally {
    store.close();
  }
  return true;
}

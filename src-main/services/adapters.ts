import { errorShape } from "../lib/errors.ts";
import { listAdapterLabels, setAdapterLabel } from "../records/adapter-labels.ts";
import { keptLatency, allowanceMs } from "./latency.ts";
import type { Adapters, PortInfo } from "./model/sr01.ts";
import { adapterVerdict } from "./port-verdict.ts";
import type { ListedPort, Seams } from "./seams.ts";

/** The adapter list with the labels that technicians gave. A failed listing is part of the answer, not an exception. */
export async function refreshAdapters(seams: Seams): Promise<Adapters> {
  const state = await lookAtAdapters(seams);
  seams.hub.set("adapters", state);
  return state;
}

/** Gives an adapter its label; an empty one takes it away. Giving the same one again confirms it. */
export async function labelAdapter(seams: Seams, key: string, label: string): Promise<Adapters> {
  setAdapterLabel(seams.store, key, label.trim());
  const state = await lookAtAdapters(seams, key);
  seams.hub.set("adapters", state);
  return state;
}

/** Keeps the topic `adapters` up to date by itself. Returns the way to stop. */
export function watchAdapters(seams: Seams): () => void {
  let [looking, again, stopped] = [false, false, false];
  const look = async (): Promise<void> => {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    do {
      again = false;
      const state = await lookAtAdapters(seams);
      if (!isStopped() && !same(state, seams.hub.get("adapters"))) seams.hub.set("adapters", state);
    } while (isAgain() && !isStopped());
    looking = false;
  };
  const isAgain = (): boolean => again;
  const isStopped = (): boolean => stopped;
  const leave = seams.ports.watch?.(() => void look());
  return () => {
    stopped = true;
    leave?.();
  };
}

/** The key of a port by its path or another name of it; null when it is not listed. */
export function keyOfPath(adapters: Adapters, path: string): string | null {
  if (path.startsWith("tcp://")) return path;
  return adapters.ports.find((port) => port.path === path || port.aliases?.includes(path))?.key ?? null;
}

/** What to allow for this port's adapter in time limits, ms; null when it was never measured. */
export function measuredAllowanceMs(seams: Pick<Seams, "store" | "hub">, path: string): number | null {
  const key = keyOfPath(seams.hub.get("adapters"), path);
  const latency = key === null ? null : keptLatency(seams.store, key);
  return latency && allowanceMs(latency);
}

async function lookAtAdapters(seams: Seams, confirmedKey?: string): Promise<Adapters> {
  const { ports, store, hub } = seams;
  try {
    const labels = listAdapterLabels(store);
    const before = hub.get("adapters").ports;
    const [listed, withoutPort] = await Promise.all([ports.list(), ports.withoutPort?.() ?? []]);
    const rows = listed.map((port): PortInfo => {
      const label = labels.get(port.key) ?? null;
      const sure =
        label === null ||
        isOneOfAKind(port) ||
        port.key === confirmedKey ||
        before.some((old) => old.key === port.key && old.label === label);
      const latencyMs = keptLatency(store, port.key)?.worstMs ?? null;
      return { ...port, label: sure ? label : null, looksLike: sure ? null : label, latencyMs };
    });
    const adapters = rows.filter(({ likely }) => likely).length;
    return {
      ports: rows,
      error: null,
      withoutPort,
      verdict: adapterVerdict({ adapters, withoutPort }, systemOf(seams)),
    };
  } catch (error) {
    return { ports: [], error: errorShape(error), withoutPort: [], verdict: null };
  }
}

/** Has a serial number of its own, or is built in. Others of the same make may stand at the same USB place. */
function isOneOfAKind({ key, vendorId }: ListedPort): boolean {
  return vendorId === null || key.startsWith("usb-serial/");
}

function systemOf({ ports }: Seams): string {
  return ports.platform ?? "";
}

function same(a: Adapters, b: Adapters): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

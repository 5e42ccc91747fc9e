import { errorShape } from "../lib/errors.ts";
import { listAdapterLabels, setAdapterLabel } from "../records/adapter-labels.ts";
import type { Adapters } from "./model/sr01.ts";
import type { Seams } from "./seams.ts";

/** The adapter list with the labels that technicians gave. A failed listing is part of the answer, not an exception. */
export async function refreshAdapters(seams: Seams): Promise<Adapters> {
  let state: Adapters;
  try {
    const labels = listAdapterLabels(seams.store);
    const ports = (await seams.ports.list()).map((port) => ({ ...port, label: labels.get(port.key) ?? null }));
    state = { ports, error: null };
  } catch (error) {
    state = { ports: [], error: errorShape(error) };
  }
  seams.hub.set("adapters", state);
  return state;
}

/** Gives an adapter its label; an empty one takes it away. */
export function labelAdapter(seams: Seams, key: string, label: string): Promise<Adapters> {
  setAdapterLabel(seams.store, key, label.trim());
  return refreshAdapters(seams);
}

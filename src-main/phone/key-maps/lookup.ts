import type { KeyEntry, KeyMap, Mark } from "./entry.ts";
import { keyPrefix } from "./entry.ts";
import { common } from "./common.ts";
import { f1 } from "./f1.ts";
import { f2 } from "./f2.ts";
import { f3 } from "./f3.ts";
import { proposedKeys } from "./proposed.ts";

/** A key that may hold a field, written out. */
export interface Candidate {
  readonly field: string;
  /** The full key. */
  readonly key: string;
  readonly mark: Mark;
  readonly family: string;
  readonly order: number;
}

const localLetters = "ABCD";
const securityLetters = "AB";
const rowCount = 50;

/** Field -> its candidate keys, best first. */
export const candidates: ReadonlyMap<string, readonly Candidate[]> = collect([f1, f2, f3, common, proposedKeys]);

function collect(maps: readonly KeyMap[]): Map<string, Candidate[]> {
  const all = new Map<string, Candidate[]>();
  for (const map of maps)
    for (const entry of map.entries)
      for (const one of writeOut(entry, map.family)) {
        const list = all.get(one.field) ?? [];
        all.set(
          one.field,
          [...list, one].sort((a, b) => a.order - b.order),
        );
      }
  return all;
}

function writeOut(entry: KeyEntry, family: string): Candidate[] {
  const make = (fill: (text: string) => string): Candidate => ({
    field: fill(entry.field),
    key: keyPrefix + fill(entry.key),
    mark: entry.mark,
    family,
    order: entry.order,
  });
  if (entry.field.includes("{r}")) {
    const [from, to] = entry.rows ?? [1, rowCount];
    return Array.from({ length: to - from + 1 }, (_, at) =>
      make((text) => text.replace("{r}", String(from + at)).replace("{i}", String(from + at - 1))),
    );
  }
  if (!entry.field.includes("{L}")) return [make((text) => text)];
  const letters = entry.letters ?? (entry.field.startsWith("securityRelay") ? securityLetters : localLetters);
  return [...letters].map((letter) =>
    make((text) => text.replace("{L}", letter).replace("{n}", String(localLetters.indexOf(letter) + 1))),
  );
}

/** Which families' names this unit uses, e.g. `F1+F2`; `unknown` when none. */
export function familyOf(keys: { has(key: string): boolean }): string {
  const found = new Set<string>();
  for (const list of candidates.values())
    for (const one of list) if (/^F\d$/.test(one.family) && keys.has(one.key)) found.add(one.family);
  return [...found].sort().join("+") || "unknown";
}

/**
 * How sure a fact about the door phone is. HW seen on a unit, SPEC the maker's text, PROD third-party code in use,
 * TEMPLATE a published configuration template, THIRD a third-party model only, INF inferred, LEARNT found on this unit,
 * PROPOSED a name made up after its siblings, UNKNOWN nothing known.
 */
export type Mark = "HW" | "SPEC" | "PROD" | "TEMPLATE" | "THIRD" | "INF" | "LEARNT" | "PROPOSED" | "UNKNOWN";

/**
 * One key that may hold a field. In `field` and `key`: `{L}` is a relay letter, `{n}` its number from 1, `{r}` a web
 * relay row from 1, `{i}` the same from 0. `Config.DoorSetting.` stands before every key.
 */
export interface KeyEntry {
  readonly field: string;
  readonly key: string;
  readonly mark: Mark;
  /** On which units or in which text it was seen. */
  readonly seen: string;
  /** Which letters or rows this entry speaks of; without it all. */
  readonly letters?: string;
  readonly rows?: readonly [number, number];
  /** Where a field has several keys the lowest that the unit has wins. */
  readonly order: number;
}

/** The keys of one model family, as data. */
export interface KeyMap {
  readonly family: string;
  readonly entries: readonly KeyEntry[];
}

/** What stands before every key of the maps. */
export const keyPrefix = "Config.DoorSetting.";

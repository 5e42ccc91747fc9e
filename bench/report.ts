/** Tells one row of figures: as data, and in words. */
export type Tell = (row: Readonly<Record<string, unknown>>, words: string) => void;

/** A benchmark: takes its own arguments, tells its rows, gives the targets that it missed in words. */
export type Bench = (args: readonly string[], tell: Tell) => Promise<string[]>;

/** Value of `--name VALUE`, or undefined. */
export function optionOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
}

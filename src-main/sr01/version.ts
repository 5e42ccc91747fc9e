import { fail } from "../lib/errors.ts";

/** The three numbers of a firmware version as PDID carries them, each 0..255. Throws `bad-input` with the field given. */
export function parseVersion(text: string, field = "version"): [number, number, number] {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const numbers = match?.slice(1).map(Number) ?? [];
  if (numbers.length !== 3 || numbers.some((n) => n > 255)) {
    throw fail(
      "bad-input",
      `A firmware version is three numbers from 0 to 255, like 1.2.3, not "${text.slice(0, 40)}".`,
      { field },
    );
  }
  return numbers as [number, number, number];
}

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

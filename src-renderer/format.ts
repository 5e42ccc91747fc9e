/** `64.0 kB`-like text of a byte count, in steps of 1024. */
export function bytesText(bytes: number, language: string): string {
  const units = ["B", "KiB", "MiB"];
  const step = bytes < 1024 ? 0 : bytes < 1024 * 1024 ? 1 : 2;
  const value = bytes / 1024 ** step;
  return `${value.toLocaleString(language, { maximumFractionDigits: step === 0 ? 0 : 1 })} ${units[step] ?? "B"}`;
}

/** `1:05` for minutes and seconds, rounded up: a promise of time should not be too short. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${String(Math.floor(whole / 60))}:${String(whole % 60).padStart(2, "0")}`;
}

/** English is read in many countries: a date with the month as a word and 24 hours cannot be misread. */
function placeOf(language: string): string {
  return language === "en" ? "en-GB" : language;
}

/** Local time of day to a tenth of a second. */
export function clockText(atMs: number, language: string): string {
  return new Date(atMs).toLocaleTimeString(placeOf(language), {
    ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 1 },
  });
}

/** Local date and time. */
export function momentText(moment: string | null, language: string): string {
  if (moment === null) return "";
  return new Date(moment).toLocaleString(placeOf(language), { dateStyle: "medium", timeStyle: "medium" });
}

/** Seconds since a moment, never negative; null for no moment. */
export function ageSeconds(moment: string | null, nowMs: number): number | null {
  return moment === null ? null : Math.max(0, Math.floor((nowMs - Date.parse(moment)) / 1000));
}

/** Compares versions like `1.2.10` number by number: negative when `a` is older, 0 when equal or not comparable. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number));
  if (left === undefined || right === undefined || [...left, ...right].some(Number.isNaN)) return 0;
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const step = (left[i] ?? 0) - (right[i] ?? 0);
    if (step !== 0) return step;
  }
  return 0;
}

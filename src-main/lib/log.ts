/** The log seam: a short event name and plain facts. The real side (pino) is in hosts; secrets are redacted there and here. */
export interface Log {
  debug(event: string, facts?: Readonly<Record<string, unknown>>): void;
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** A log that keeps nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const secretName =
  /pass|passwd|pwd|secret|token|authorization|scbk|(^|[^a-z])key($|[^a-z]|hex|file)|user(name)?$|credential/i;

/** What stands in the place of a secret. */
export const hidden = "**";

/** A copy of `value` in which everything under a secret-sounding name, and every credential inside a URL, is `**`. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (value === null || typeof value !== "object") return value;
  if (depth > 6) return "…";
  if (value instanceof Uint8Array) return `<${String(value.length)} bytes>`;
  if (Array.isArray(value)) return value.slice(0, 1000).map((item) => redact(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value))
    copy[name] = secretName.test(name) ? hidden : redact(item, depth + 1);
  return copy;
}

/** Hides `user:password@` and the values of secret-sounding query parameters in any text. */
export function redactText(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${hidden}@`)
    .replace(/([?&;](?:user(?:name)?|pass(?:word|wd)?|pwd|token|key)=)[^&\s"'<>]*/gi, `$1${hidden}`);
}

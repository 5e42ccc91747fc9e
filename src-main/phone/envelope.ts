import { fail } from "../lib/errors.ts";

/** The one answer form of the HTTP API. `retcode` below 0 is a refusal; `data` is whatever the unit sent, unjudged. */
export interface Envelope {
  readonly retcode: number;
  readonly message: string;
  readonly data: unknown;
}

const maxDepth = 32;

/**
 * The end of the first JSON object in `text` (which begins with `{`), or -1 when it does not end. Needed because real
 * units send bytes after the document.
 */
function endOfObject(text: string): number {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inText) {
      if (char === "\\") at += 1;
      else if (char === '"') inText = false;
    } else if (char === '"') inText = true;
    else if (char === "{" || char === "[") {
      depth += 1;
      if (depth > maxDepth) throw fail("protocol", "The door phone's answer is nested too deep.");
    } else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** True when the text is a web page, not data. */
export function looksLikeHtml(text: string): boolean {
  return text.trimStart().startsWith("<");
}

/** The body as text; bytes that are no UTF-8 become U+FFFD (seen on E18C). */
export function bodyText(body: Uint8Array): string {
  return new TextDecoder().decode(body).trimStart();
}

/** A control-free, bounded one-line text out of anything; "" when it is no text or number. */
export function cleanText(value: unknown, maxLength = 64): string {
  if (typeof value !== "string" && typeof value !== "number") return "";
  // A hostile unit must not steer a terminal or a log through control characters.
  return [...String(value).slice(0, maxLength * 2)]
    .map((char) => (char < " " || (char >= "\u007f" && char < "\u00a0") ? " " : char))
    .join("")
    .trim()
    .slice(0, maxLength);
}

/** A whole number from an integer or a numeric text, else null. */
export function wholeNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : null;
  return typeof value === "string" && /^\s*[+-]?\d{1,9}\s*$/.test(value) ? Number(value) : null;
}

/** A plain object, not a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the first JSON value of a 200 answer, whatever its content type and whatever follows. Throws `protocol` for an
 * empty body and for anything that is no such object, `unsupported` for a web page or another maker's unit.
 */
export function parseEnvelope(body: Uint8Array): Envelope {
  const text = bodyText(body);
  if (text === "") throw fail("protocol", "The door phone gave an empty answer, as locked units do.");
  if (looksLikeHtml(text))
    throw fail("unsupported", "The door phone sent a web page: its HTTP API is off or of another kind.", {
      data: { html: true },
    });
  const end = text.startsWith("{") ? endOfObject(text) : -1;
  if (end < 0) throw fail("protocol", "The door phone's answer is not a whole JSON object.");
  let value: unknown;
  try {
    value = JSON.parse(text.slice(0, end));
  } catch (cause) {
    throw fail("protocol", "The door phone's answer is not JSON.", { cause });
  }
  if (!isObject(value)) throw fail("protocol", "The door phone's answer is not a JSON object.");
  const retcode = wholeNumber(value["retcode"]);
  if (retcode === null && typeof value["success"] === "boolean")
    throw fail("unsupported", "This is a 2N intercom, not an Akuvox door phone.");
  if (retcode === null) throw fail("protocol", "The door phone's answer has no return code.");
  return { retcode, message: cleanText(value["message"], 120), data: value["data"] };
}

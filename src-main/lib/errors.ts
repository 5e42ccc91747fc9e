/** Every way in which work can end badly. The code decides; texts help a person. Source: docs/architecture.md "Errors". */
export const errorCodes = [
  "bad-input",
  "busy",
  "link-lost",
  "device-timeout",
  "device-refused",
  "device-auth",
  "protocol",
  "unsupported",
  "not-verified",
  "cancelled",
  "bug",
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];

/** Exit status of the command line for each code. */
export const exitCodes = {
  "bad-input": 2,
  busy: 3,
  "link-lost": 4,
  "device-timeout": 5,
  "device-refused": 6,
  "device-auth": 7,
  protocol: 8,
  unsupported: 9,
  "not-verified": 10,
  cancelled: 130,
  bug: 70,
} as const satisfies Record<ErrorCode, number>;

/** Facts beside an error, for the log and for "what was seen". Never a secret. */
export type ErrorData = Readonly<Record<string, unknown>>;

/** An error as it crosses a boundary (JSON lines, HTTP, the store). */
export interface ErrorShape {
  code: ErrorCode;
  /** One plain sentence. */
  message: string;
  /** The input field that the person can mend, if one is to blame. */
  field?: string | undefined;
  data?: ErrorData | undefined;
}

interface Extras {
  field?: string;
  data?: ErrorData;
  cause?: unknown;
}

/** The one error class of the product. `message` is one plain sentence in English. */
export class ToolkitError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly data: ErrorData | undefined;

  constructor(code: ErrorCode, message: string, extras: Extras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = "ToolkitError";
    this.code = code;
    this.field = extras.field;
    this.data = extras.data;
  }
}

/** Short for `new ToolkitError(...)`; reads well behind `throw`. */
export function fail(code: ErrorCode, message: string, extras: Extras = {}): ToolkitError {
  return new ToolkitError(code, message, extras);
}

/** Whatever was thrown, as a ToolkitError: ours unchanged, an abort as `cancelled`, anything else as `bug`. */
export function toToolkitError(thrown: unknown): ToolkitError {
  if (thrown instanceof ToolkitError) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new ToolkitError("cancelled", "Stopped on request.", { cause: thrown });
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new ToolkitError("bug", `Unexpected: ${text}`, { cause: thrown });
}

/** The plain-data form of an error, without its stack. */
export function errorShape(thrown: unknown): ErrorShape {
  const { code, message, field, data } = toToolkitError(thrown);
  return { code, message, ...(field === undefined ? {} : { field }), ...(data === undefined ? {} : { data }) };
}

/** The reverse of {@link errorShape}. */
export function errorFromShape(shape: ErrorShape): ToolkitError {
  const { code, message, field, data } = shape;
  return new ToolkitError(code, message, {
    ...(field === undefined ? {} : { field }),
    ...(data === undefined ? {} : { data }),
  });
}

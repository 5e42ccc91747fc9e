import type { Dispatcher } from "undici";
import { concatBytes } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import type { ErrorCode, ToolkitError } from "../lib/errors.ts";
import { fail, toToolkitError } from "../lib/errors.ts";

/** One request as it goes over the wire. `path` begins with `/`; `body` is JSON text. */
export interface PhoneRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
}

/** What came back, whole and bounded, not judged yet. Header names in lower case. */
export interface PhoneAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/**
 * How one exchange ended. `sent` false: the unit cannot have seen the request. `retry`: a harmless request may be asked
 * again.
 */
export type ExchangeEnd =
  | { readonly ok: true; readonly answer: PhoneAnswer }
  | { readonly ok: false; readonly error: ToolkitError; readonly sent: boolean; readonly retry: boolean };

/** Sends one request and collects its answer; never throws for what the network or the unit does. */
export type Exchange = (
  request: PhoneRequest,
  authorization: string | null,
  signal?: AbortSignal,
) => Promise<ExchangeEnd>;

/** Everything an exchange needs. `timeoutMs` spans connecting, waiting and the whole body. */
export interface ExchangeOptions {
  readonly origin: string;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

/** Makes the one function through which bytes reach the unit. Redirects are answers, they are never followed. */
export function createExchange(options: ExchangeOptions): Exchange {
  return async (request, authorization, signal) => {
    const timeout = new AbortController();
    const callOff = options.clock.after(options.timeoutMs, () => {
      timeout.abort();
    });
    const stop = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
    try {
      return { ok: true, answer: await send(options, request, authorization, stop) };
    } catch (thrown) {
      return describe(options, thrown, timeout.signal.aborted, signal?.aborted === true);
    } finally {
      callOff();
    }
  };
}

async function send(
  options: ExchangeOptions,
  request: PhoneRequest,
  authorization: string | null,
  signal: AbortSignal,
): Promise<PhoneAnswer> {
  const answer = await options.dispatcher.request({
    origin: options.origin,
    path: request.path,
    method: request.method,
    headers: {
      accept: "application/json",
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      ...(authorization === null ? {} : { authorization }),
    },
    body: request.body ?? null,
    // A kept-open connection that the unit closes just now is the classic way to a request sent twice.
    reset: true,
    headersTimeout: 0,
    bodyTimeout: 0,
    signal,
  });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > options.maxAnswerBytes)
      throw fail("protocol", `The door phone's answer is longer than ${String(options.maxAnswerBytes)} bytes.`);
    parts.push(part);
  }
  return { status: answer.statusCode, headers: answer.headers, body: concatBytes(...parts) };
}

interface Meaning {
  readonly code: ErrorCode;
  readonly words: string;
  readonly sent?: false;
  readonly retry?: true;
  readonly field?: string;
}

const connectWords = "No connection to the door phone";
const meanings: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: { code: "device-timeout", words: `${connectWords}: nothing listens there.`, sent: false, retry: true },
  EHOSTUNREACH: { code: "device-timeout", words: `${connectWords}: no such unit here.`, sent: false, retry: true },
  EHOSTDOWN: { code: "device-timeout", words: `${connectWords}: no such unit here.`, sent: false, retry: true },
  ETIMEDOUT: { code: "device-timeout", words: `${connectWords}: no answer.`, retry: true },
  UND_ERR_CONNECT_TIMEOUT: { code: "device-timeout", words: `${connectWords}: no answer.`, sent: false, retry: true },
  ENETUNREACH: { code: "link-lost", words: "This computer has no way to that network.", sent: false },
  ENETDOWN: { code: "link-lost", words: "This computer's network is down.", sent: false },
  EADDRNOTAVAIL: { code: "link-lost", words: "This computer has no address on that network.", sent: false },
  ENOTFOUND: { code: "bad-input", words: "No unit has that name.", sent: false, field: "host" },
  EAI_AGAIN: { code: "device-timeout", words: "The name could not be looked up.", sent: false, retry: true },
  ECONNRESET: { code: "device-timeout", words: "The door phone closed the connection unanswered.", retry: true },
  EPIPE: { code: "device-timeout", words: "The door phone closed the connection unanswered.", retry: true },
  UND_ERR_SOCKET: { code: "device-timeout", words: "The door phone closed the connection unanswered.", retry: true },
};
const badCertificate = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_)/;

function describe(options: ExchangeOptions, thrown: unknown, late: boolean, stopped: boolean): ExchangeEnd {
  const at = { host: options.origin };
  if (stopped)
    return { ok: false, error: fail("cancelled", "Stopped on request.", { cause: thrown }), sent: true, retry: false };
  if (late) {
    const seconds = String(options.timeoutMs / 1000);
    const error = fail("device-timeout", `The door phone did not answer within ${seconds} s.`, {
      data: at,
      cause: thrown,
    });
    return { ok: false, error, sent: true, retry: true };
  }
  const reason = codeOf(thrown);
  const meaning = meanings[reason];
  if (meaning) {
    const extras = { data: { ...at, reason }, cause: thrown, ...(meaning.field ? { field: meaning.field } : {}) };
    const error = fail(meaning.code, meaning.words, extras);
    return { ok: false, error, sent: meaning.sent ?? true, retry: meaning.retry ?? false };
  }
  if (badCertificate.test(reason)) {
    const words = "The door phone's certificate is not one that this computer trusts; use plain HTTP with Digest.";
    return { ok: false, error: fail("unsupported", words, { data: { ...at, reason } }), sent: false, retry: false };
  }
  if (/^(HPE_|UND_ERR_(HEADERS_OVERFLOW|RES_|RESPONSE|INVALID))/.test(reason) || isParserError(thrown)) {
    const error = fail("protocol", "The door phone's answer is not HTTP.", { data: { ...at, reason }, cause: thrown });
    return { ok: false, error, sent: true, retry: false };
  }
  return { ok: false, error: toToolkitError(thrown), sent: true, retry: false };
}

function codeOf(thrown: unknown, depth = 0): string {
  if (typeof thrown !== "object" || thrown === null || depth > 3) return "";
  if ("errors" in thrown && Array.isArray(thrown.errors) && thrown.errors.length > 0)
    return codeOf(thrown.errors[0], depth + 1);
  return "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}

function isParserError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "HTTPParserError";
}

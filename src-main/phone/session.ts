import type { Clock } from "../lib/clock.ts";
import { sleep } from "../lib/clock.ts";
import type { ToolkitError } from "../lib/errors.ts";
import { fail } from "../lib/errors.ts";
import type { Exchange, ExchangeEnd, PhoneAnswer, PhoneRequest } from "./exchange.ts";
import type { Gate } from "./gate.ts";
import { allowListError } from "./judge.ts";
import type { Login } from "./login.ts";

/** What a session needs. `tries` and `retryDelayMs` (doubling) count for harmless requests only. */
export interface SessionOptions {
  readonly exchange: Exchange;
  readonly login: Login;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly tries: number;
  readonly retryDelayMs: number;
}

/** Logged-in requests to one unit. Answers come back unjudged, but never with status 401 or 403. */
export interface Session {
  /** The login that was proven by an answer, null before the first. */
  proven(): "digest" | "basic" | "none" | null;
  /** A request without side effects: repeated on connection trouble, time-out and 502 to 504. */
  read(request: PhoneRequest, signal?: AbortSignal): Promise<PhoneAnswer>;
  /**
   * A request that changes or moves something: the challenge is drawn by a harmless request first, then it is sent
   * once. A 401 with a challenge proves that nothing was done and is answered once; nothing else ever sends it again.
   * Errors after sending carry `data.maybeExecuted: true`.
   */
  once(request: PhoneRequest, signal?: AbortSignal): Promise<PhoneAnswer>;
}

/** The harmless question by which challenges are drawn and the login is told. */
export const harmless: PhoneRequest = { method: "GET", path: "/api/system/info" };

/** Opens nothing: the first request asks the unit. */
export function createSession({ login, ...options }: SessionOptions): Session {
  let proven: ReturnType<Login["mode"]> = null;

  const send = (request: PhoneRequest, bare: boolean, signal?: AbortSignal): Promise<ExchangeEnd> =>
    options.gate.paced(() => options.exchange(request, bare ? null : login.authorization(request), signal), signal);

  const patiently = async (request: PhoneRequest, bare: boolean, signal?: AbortSignal): Promise<PhoneAnswer> => {
    for (let attempt = 1; ; attempt++) {
      const end = await send(request, bare, signal);
      const again = end.ok ? end.answer.status >= 502 && end.answer.status <= 504 : end.retry;
      if (!again || attempt >= options.tries) {
        if (end.ok) return end.answer;
        throw end.error;
      }
      await sleep(options.clock, options.retryDelayMs * 2 ** (attempt - 1), signal);
    }
  };

  const settle = (answer: PhoneAnswer): PhoneAnswer => {
    if (answer.status === 401) login.takeRefusal(answer, true);
    if (answer.status === 403) throw allowListError();
    if (answer.status === 200) proven = login.mode();
    return answer;
  };

  return {
    proven: () => proven,
    read: async (request, signal) => {
      if (login.mode() === null) login.takeProbe(await patiently(harmless, true, signal));
      const answer = await patiently(request, false, signal);
      if (answer.status !== 401) return settle(answer);
      login.takeRefusal(answer, false);
      return settle(await patiently(request, false, signal));
    },
    once: async (request, signal) => {
      if (login.needsChallenge()) login.takeProbe(await patiently(harmless, true, signal));
      let end = await send(request, false, signal);
      if (end.ok && end.answer.status === 401) {
        login.takeRefusal(end.answer, false);
        end = await send(request, false, signal);
      }
      if (end.ok) return settle(end.answer);
      throw end.sent ? maybeExecuted(end.error) : end.error;
    },
  };
}

/** The same error, saying that the unit may have done what it was asked: nobody may repeat it unseen. */
export function maybeExecuted(error: ToolkitError): ToolkitError {
  return fail(error.code, `${error.message} It may have been carried out all the same.`, {
    ...(error.field === undefined ? {} : { field: error.field }),
    data: { ...error.data, maybeExecuted: true },
    cause: error,
  });
}

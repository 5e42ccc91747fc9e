import { randomBytes } from "node:crypto";
import type { Dispatcher } from "undici";
import { Agent } from "undici";
import { toHex } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { fail, ToolkitError, toToolkitError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import { parsePhoneAddress } from "./address.ts";
import type { ConfigMap, UnitIdentity } from "./answers.ts";
import { readConfig, readIdentity, readLevels, readSystemStatus } from "./answers.ts";
import type { Envelope } from "./envelope.ts";
import type { Exchange, PhoneAnswer, PhoneRequest } from "./exchange.ts";
import { createExchange } from "./exchange.ts";
import { createGate } from "./gate.ts";
import { judgeEnvelope, judgeOpenDoor } from "./judge.ts";
import type { PhoneAuth } from "./login.ts";
import { createLogin } from "./login.ts";
import type { Session } from "./session.ts";
import { createSession, harmless, maybeExecuted } from "./session.ts";

/** How to reach one door phone. Waits are options so that tests need not wait. */
export interface PhoneOptions {
  /** `HOST`, `HOST:PORT` or the same with `http://` or `https://`. */
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly auth: PhoneAuth;
  readonly clock: Clock;
  readonly log: Log;
  /** The HTTP seam; without it an own one is made and closed with the phone. */
  readonly dispatcher?: Dispatcher;
  /** Ends everything that runs, for good. */
  readonly signal?: AbortSignal;
  /** For one whole exchange, default 12 s (cold TLS of an R29C takes 2 s and more). */
  readonly timeoutMs?: number;
  /** Between two requests, default 250 ms. */
  readonly gapMs?: number;
  /** Before the first repeat of a harmless request, doubling, default 500 ms. */
  readonly retryDelayMs?: number;
  /** Of a harmless request, default 3. */
  readonly tries?: number;
  /** Default 1 MiB. */
  readonly maxAnswerBytes?: number;
  /** 32 hexadecimal digits; default from the system's generator. */
  readonly randomHex?: () => string;
}

/** What a unit says of itself, and the login that was proven. */
export interface PhoneInfo extends UnitIdentity {
  readonly auth: "digest" | "basic" | "none";
}

/** `POST /api/relay/trig`. `num` 1..4 = A..D, `delay` in whole seconds, `level` as the relay's Type says. */
export interface RelayTrigger {
  readonly num: number;
  readonly mode: 0 | 1;
  readonly level: number;
  readonly delay: number;
}

/** `DoorNum` of `/fcgi/OpenDoor`. */
export type DoorNumber = "1" | "2" | "3" | "4" | "SA" | "SB";

/**
 * One door phone over HTTP. Every call may throw `device-auth`, `device-refused`, `device-timeout`, `unsupported`,
 * `protocol`, `busy`, `link-lost`, `cancelled`, and `bad-input` when a user or password is missing. Calls that change or
 * move something are sent once; when it is open whether the unit acted, the error carries `data.maybeExecuted: true`.
 */
export interface Phone {
  /** Where it answers, e.g. `http://192.168.1.20`. */
  readonly origin: string;
  info(signal?: AbortSignal): Promise<PhoneInfo>;
  systemStatus(signal?: AbortSignal): Promise<{ systemTime: string | null; upTime: string | null }>;
  /** The whole map of settings. */
  config(signal?: AbortSignal): Promise<ConfigMap>;
  /** Changes exactly these keys. */
  setConfig(values: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  /** The keys under RELAY and DTMF. */
  relayConfig(signal?: AbortSignal): Promise<ConfigMap>;
  setRelayConfig(values: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  /** Electrical state of the local relays by letter: 0 low, 1 high. */
  relayStatus(signal?: AbortSignal): Promise<Record<string, number>>;
  inputStatus(signal?: AbortSignal): Promise<Record<string, number>>;
  trigger(trigger: RelayTrigger, signal?: AbortSignal): Promise<void>;
  openDoor(door: DoorNumber, signal?: AbortSignal): Promise<void>;
  /** Gives up what still runs and frees the connections. Safe to call twice. */
  close(): Promise<void>;
}

/** Opens nothing yet; the first call connects. Throws `bad-input` for an address that is none. */
export function createPhone(options: PhoneOptions): Phone {
  const { origin, secure } = parsePhoneAddress(options.host);
  const timeoutMs = options.timeoutMs ?? 12_000;
  const dispatcher = options.dispatcher ?? new Agent({ pipelining: 0, connect: { timeout: timeoutMs } });
  const life = new AbortController();
  const gate = createGate(options.clock, options.gapMs ?? 250);
  const limits = { timeoutMs, maxAnswerBytes: options.maxAnswerBytes ?? 1024 * 1024 };
  const { clock, auth, user, password } = options;
  const randomHex = options.randomHex ?? ((): string => toHex(randomBytes(16)));
  const session = createSession({
    exchange: logged(createExchange({ origin, dispatcher, clock, ...limits }), options),
    login: createLogin({ auth, secure, user, password, randomHex }),
    gate,
    clock,
    tries: options.tries ?? 3,
    retryDelayMs: options.retryDelayMs ?? 500,
  });
  const operation = <T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const all = AbortSignal.any([
      life.signal,
      ...(options.signal ? [options.signal] : []),
      ...(signal ? [signal] : []),
    ]);
    return gate.operation(() => work(all), all);
  };
  return {
    origin,
    ...phoneCalls(session, operation),
    close: async () => {
      life.abort();
      if (!options.dispatcher) await dispatcher.destroy();
    },
  };
}

type Operation = <T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal) => Promise<T>;

function phoneCalls(session: Session, operation: Operation): Omit<Phone, "origin" | "close"> {
  const get = (path: string, signal?: AbortSignal): Promise<unknown> =>
    operation(async (all) => judgeEnvelope(await session.read({ method: "GET", path }, all), path).data, signal);
  const act = (request: PhoneRequest, judge: (answer: PhoneAnswer) => unknown, signal?: AbortSignal): Promise<void> =>
    operation(async (all) => {
      judgeOnce(await session.once(request, all), judge);
    }, signal);
  const post = (target: string, action: string, data: unknown, signal?: AbortSignal): Promise<void> => {
    const path = `/api/${target}/${action}`;
    const body = JSON.stringify({ target, action, data });
    return act({ method: "POST", path, body }, (answer): Envelope => judgeEnvelope(answer, path), signal);
  };
  return {
    info: async (signal) => {
      const identity = readIdentity(await get(harmless.path, signal));
      return { ...identity, auth: session.proven() ?? "none" };
    },
    systemStatus: async (signal) => readSystemStatus(await get("/api/system/status", signal)),
    config: async (signal) => readConfig(await get("/api/config/get", signal)),
    setConfig: (values, signal) => post("config", "set", values, signal),
    relayConfig: async (signal) => readConfig(await get("/api/relay/get", signal)),
    setRelayConfig: (values, signal) => post("relay", "set", values, signal),
    relayStatus: async (signal) => readLevels(await get("/api/relay/status", signal), "Relay"),
    inputStatus: async (signal) => readLevels(await get("/api/input/status", signal), "Input"),
    trigger: (trigger, signal) => post("relay", "trig", trigger, signal),
    openDoor: (door, signal) =>
      act({ method: "GET", path: `/fcgi/OpenDoor?action=OpenDoor&DoorNum=${door}` }, judgeOpenDoor, signal),
  };
}

/** A clear "no" proves that nothing was done; nonsense, web pages and 5xx prove nothing. */
function judgeOnce(answer: PhoneAnswer, judge: (answer: PhoneAnswer) => unknown): void {
  try {
    judge(answer);
  } catch (thrown) {
    const error = toToolkitError(thrown);
    const fcgiOff = answer.status === 503 && error.code === "device-refused";
    const unclear = error.code === "protocol" || error.data?.["html"] === true || (answer.status >= 500 && !fcgiOff);
    throw unclear ? maybeExecuted(error) : error;
  }
}

function logged(exchange: Exchange, { clock, log }: PhoneOptions): Exchange {
  return async (request, authorization, signal) => {
    const start = clock.now();
    const end = await exchange(request, authorization, signal);
    log.debug("phone.exchange", {
      method: request.method,
      path: request.path.split("?")[0],
      ms: Math.round(clock.now() - start),
      ...(end.ok ? { status: end.answer.status, bytes: end.answer.body.length } : { error: end.error.code }),
    });
    return end;
  };
}

/** The local relays and the inputs together. A unit without one of the two reports gives an empty map for it. */
export async function readStatus(
  phone: Phone,
  signal?: AbortSignal,
): Promise<{ relays: Record<string, number>; inputs: Record<string, number> }> {
  const relays = await orNothing(phone.relayStatus(signal));
  const inputs = await orNothing(phone.inputStatus(signal));
  if (relays === null && inputs === null)
    throw fail("unsupported", "This door phone's firmware reports neither relays nor inputs.");
  return { relays: relays ?? {}, inputs: inputs ?? {} };
}

async function orNothing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ToolkitError && error.code === "unsupported") return null;
    throw error;
  }
}

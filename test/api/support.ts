import { calls } from "../../src-main/api/contract.ts";
import { createMemoryFiles, type FileStore } from "../../src-main/api/files.ts";
import { createHandler } from "../../src-main/api/http.ts";
import { createRouter, type Handlers } from "../../src-main/api/router.ts";
import type { Clock } from "../../src-main/lib/clock.ts";
import { fail } from "../../src-main/lib/errors.ts";
import type { Log } from "../../src-main/lib/log.ts";
import { VirtualClock } from "../../src-main/lib/virtual-clock.ts";
import { Hub } from "../../src-main/services/hub.ts";
import type { TopicStates } from "../../src-main/services/model/topics.ts";

/** Lets everything that is already possible happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

export function virtualClock(): VirtualClock {
  return new VirtualClock(settle);
}

/** Handlers for a test: those given, `unsupported` for all others. */
export function handlersWith(some: Partial<Handlers>): Handlers {
  const rest = Object.keys(calls).map((name) => [
    name,
    () => {
      throw fail("unsupported", "Not in this test.");
    },
  ]);
  return { ...(Object.fromEntries(rest) as Handlers), ...some };
}

export function initialTopics(): TopicStates {
  return {
    app: {
      version: "0.0.0",
      host: "web",
      training: false,
      trainingBench: null,
      door: null,
      secrets: { available: false, reason: "test" },
      readOnly: false,
      openWork: [],
    },
    adapters: { ports: [], error: null },
    line: {
      state: "closed",
      mode: null,
      path: null,
      baud: null,
      address: null,
      exclusive: null,
      online: false,
      identity: null,
      status: null,
      lastAnswerAt: null,
      error: null,
    },
    phone: {} as TopicStates["phone"],
    jobs: { jobs: [] },
    safety: { mayBeOpen: [], handBack: null, armed: null },
    training: null,
  };
}

export interface Logged {
  level: string;
  event: string;
  facts: unknown;
}

/** A log that remembers. */
export function memoryLog(): Log & { lines: Logged[] } {
  const lines: Logged[] = [];
  const at = (level: string) => (event: string, facts?: unknown) => void lines.push({ level, event, facts });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export interface TestApi {
  handle: (request: Request) => Promise<Response>;
  hub: Hub;
  log: ReturnType<typeof memoryLog>;
  files: FileStore;
  closing: AbortController;
}

/** The whole API over given handlers. */
export function testApi(some: Partial<Handlers>, clock: Clock, files = createMemoryFiles(clock)): TestApi {
  const hub = new Hub(initialTopics());
  const log = memoryLog();
  const closing = new AbortController();
  const router = createRouter(handlersWith(some), log);
  const handle = createHandler({ router, hub, files, log, clock, signal: closing.signal });
  return { handle, hub, log, files, closing };
}

export const base = "http://127.0.0.1:1";

/** A call as the page makes it. */
export function callRequest(name: string, body: unknown = {}, headers: Record<string, string> = {}): Request {
  return new Request(`${base}/api/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** An upload as the page makes it. */
export function uploadRequest(
  body: BodyInit,
  query = "kind=rom&name=a.rom",
  type = "application/octet-stream",
): Request {
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    headers: { "content-type": type },
    body,
    duplex: "half",
  };
  return new Request(`${base}/api/files?${query}`, init);
}

/** A body of `sizeBytes` in pieces, made as it is asked for; tells when it was given up. */
export function pieces(
  sizeBytes: number,
  pieceBytes = 65_536,
): { body: ReadableStream<Uint8Array>; state: { givenUp: boolean; made: number } } {
  const state = { givenUp: false, made: 0 };
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = Math.min(pieceBytes, sizeBytes - state.made);
      if (next === 0) controller.close();
      else controller.enqueue(new Uint8Array(next));
      state.made += next;
    },
    cancel: () => void (state.givenUp = true),
  });
  return { body, state };
}

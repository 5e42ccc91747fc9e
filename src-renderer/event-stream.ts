import { EventSourceParserStream } from "eventsource-parser/stream";
import type { TopicName, TopicState } from "../src-main/api/contract.ts";

/** How the page hears the main side: `busy` = too many pages are open and this one was not let in. */
export type StreamState = "connecting" | "open" | "lost" | "busy";

/** Who is told what the stream brings. */
export interface StreamHooks {
  onTopic<T extends TopicName>(topic: T, state: TopicState<T>): void;
  onState(state: StreamState): void;
}

const topicNames: readonly string[] = ["app", "adapters", "line", "phone", "jobs", "safety", "training"];
/** The main side sends a heartbeat every 15 s; three missed ones are a lost connection. */
const quietMs = 45_000;
const firstPauseMs = 500;
const longestPauseMs = 8_000;
/** A stream that lasted this long was a good one: the next loss starts with the shortest pause again. */
const goodMs = 5_000;

/**
 * Reads `GET /api/events` with `fetch`, connecting again with growing pauses until the signal fires. Ends early with
 * state `busy` when three pages are open already; `takeOver` takes the place of one of them.
 */
export async function followEvents(
  fetchIt: typeof fetch,
  headers: Readonly<Record<string, string>>,
  hooks: StreamHooks,
  signal: AbortSignal,
  takeOver: boolean,
): Promise<void> {
  let pauseMs = firstPauseMs;
  let taking = takeOver;
  while (!signal.aborted) {
    hooks.onState("connecting");
    const startedAt = Date.now();
    const end = await readOnce(fetchIt, headers, hooks, signal, taking);
    if (signal.aborted) return;
    if (end === "busy") {
      hooks.onState("busy");
      return;
    }
    if (end === "read") taking = false;
    hooks.onState("lost");
    if (Date.now() - startedAt > goodMs) pauseMs = firstPauseMs;
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

async function readOnce(
  fetchIt: typeof fetch,
  headers: Readonly<Record<string, string>>,
  hooks: StreamHooks,
  signal: AbortSignal,
  takeOver: boolean,
): Promise<"read" | "failed" | "busy"> {
  const quiet = new AbortController();
  let timer = setTimeout(() => quiet.abort(), quietMs);
  try {
    const answer = await fetchIt(`/api/events${takeOver ? "?takeOver=1" : ""}`, {
      headers: { ...headers, accept: "text/event-stream" },
      cache: "no-store",
      signal: AbortSignal.any([signal, quiet.signal]),
    });
    if (!answer.ok || answer.body === null) return (await tooManyPages(answer)) ? "busy" : "failed";
    const alive = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, out) {
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), quietMs);
        out.enqueue(chunk);
      },
    });
    const events = answer.body
      .pipeThrough(alive)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    hooks.onState("open");
    const reader = events.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { event, data } = next.value;
      if (event === "closed" && data.includes("taken-over")) return "busy";
      deliver(event, data, hooks);
    }
    return "read";
  } catch {
    return "failed";
  } finally {
    clearTimeout(timer);
  }
}

/** `busy` is also said by a toolkit that is closing; then the page waits for it to come back. */
async function tooManyPages(answer: Response): Promise<boolean> {
  const body = (await answer.json()) as { error?: { code?: string; data?: { maxStreams?: number } } };
  return body.error?.code === "busy" && body.error.data?.maxStreams !== undefined;
}

function deliver(event: string | undefined, data: string, hooks: StreamHooks): void {
  if (event === undefined || !topicNames.includes(event)) return;
  // Same origin and built from the same contract: the shape is the host's promise.
  const topic = event as TopicName;
  hooks.onTopic(topic, JSON.parse(data) as TopicState<typeof topic>);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

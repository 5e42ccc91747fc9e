import type { Clock } from "../lib/clock.ts";
import { fail } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Hub } from "../services/hub.ts";
import { apiHeaders } from "./answers.ts";
import { maxStreams, topics, type TopicName } from "./contract.ts";

/** A topic goes out at most this often, in milliseconds. */
export const topicIntervalMs = 100;
/** A comment line after this much silence, so that both ends know that the stream lives. */
export const heartbeatMs = 15_000;
/** A reader that takes nothing for this long is cut off. */
export const stalledAfterMs = 30_000;

/** All open event streams. */
export interface EventStreams {
  /** A new stream. Throws `busy` when three are open, unless `takeOver`: then the oldest ends with the event `closed`. */
  open(takeOver: boolean): Response;
  /** Ends all streams. */
  closeAll(): void;
  /** Streams that are open now. */
  count(): number;
}

interface Options {
  hub: Hub;
  clock: Clock;
  log: Log;
}

interface OpenStream {
  readonly body: ReadableStream<Uint8Array>;
  end(reason: "taken-over" | "closing"): void;
}

const topicNames = Object.keys(topics) as TopicName[];
const utf8 = new TextEncoder();

/**
 * Server-Sent Events over the hub's topics. A stream begins with the state of every topic; afterwards it has one slot a
 * topic in which the latest state wins, and is written only when its reader asks for more. The last event of a stream
 * that we end is `closed` with `{"reason":"taken-over"|"closing"}`.
 */
export function createEventStreams(options: Options): EventStreams {
  const open = new Set<OpenStream>(); // oldest first
  return {
    open: (takeOver) => {
      if (open.size >= maxStreams) {
        const [oldest] = open;
        if (!takeOver) throw fail("busy", "The toolkit is already open in other windows.", { data: { maxStreams } });
        oldest?.end("taken-over");
      }
      const stream = createStream(options, () => open.delete(stream));
      open.add(stream);
      return new Response(stream.body, {
        headers: { ...apiHeaders, "content-type": "text/event-stream; charset=utf-8" },
      });
    },
    closeAll: () => {
      for (const stream of [...open]) stream.end("closing");
    },
    count: () => open.size,
  };
}

/** One slot a topic: which states a stream still owes its reader, and when each may go out. */
function createSlots(names: readonly TopicName[]) {
  const waiting = new Set<TopicName>(names);
  const sentAt = new Map<TopicName, number>();
  const waitMs = (topic: TopicName, now: number): number => (sentAt.get(topic) ?? -Infinity) + topicIntervalMs - now;
  return {
    mark: (topic: TopicName): void => void waiting.add(topic),
    /** Topics to be written now; their slots are empty afterwards. */
    takeDue: (now: number): TopicName[] => {
      const due = [...waiting].filter((topic) => waitMs(topic, now) <= 0);
      for (const topic of due) {
        waiting.delete(topic);
        sentAt.set(topic, now);
      }
      return due;
    },
    /** Milliseconds until the next one is due; Infinity when all slots are empty. */
    nextDueMs: (now: number): number => Math.min(Infinity, ...[...waiting].map((topic) => waitMs(topic, now))),
  };
}

/** One timer at a time: setting it calls the one before off. */
function createTimer(clock: Clock) {
  let callOff: (() => void) | undefined;
  return {
    set: (ms: number, fn: () => void): void => {
      callOff?.();
      callOff = clock.after(ms, fn);
    },
    stop: (): void => callOff?.(),
  };
}

function createStream({ hub, clock, log }: Options, onGone: () => void): OpenStream {
  const slots = createSlots(topicNames);
  const timer = createTimer(clock);
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Ends the reader's outstanding wish for more; undefined while the reader is busy with the last piece. */
  let wish: (() => void) | undefined;

  const leave = (): void => {
    timer.stop();
    stopListening();
    onGone();
    wish?.();
    wish = undefined;
  };
  const cut = (): void => {
    log.warn("events.reader-stalled", { stalledAfterMs });
    controller?.error(fail("link-lost", "The page took nothing for too long."));
    leave();
  };
  const write = (text: string): void => {
    controller?.enqueue(utf8.encode(text));
    timer.set(stalledAfterMs, cut);
    wish?.();
    wish = undefined;
  };
  /** Writes what is due, or comes back when something will be. */
  const serve = (): void => {
    if (!wish) return;
    const due = slots.takeDue(clock.now());
    if (due.length > 0) {
      write(due.map((topic) => frame(topic, hub.get(topic))).join(""));
      return;
    }
    const nextDueMs = slots.nextDueMs(clock.now());
    if (nextDueMs === Infinity) timer.set(heartbeatMs, () => write(": alive\n\n"));
    else timer.set(nextDueMs, serve);
  };
  const stopListening = hub.onChange((topic) => {
    slots.mark(topic);
    serve();
  });
  timer.set(stalledAfterMs, cut);

  const source: UnderlyingDefaultSource<Uint8Array> = {
    start: (given) => void (controller = given),
    pull: () =>
      new Promise<void>((resolve) => {
        wish = resolve;
        serve();
      }),
    cancel: leave,
  };
  return {
    // No read-ahead: `pull` runs only while a reader waits, which is what "drained" means here.
    body: new ReadableStream(source, { highWaterMark: 0 }),
    end: (reason) => {
      controller?.enqueue(utf8.encode(frame("closed", { reason })));
      controller?.close();
      leave();
    },
  };
}

function frame(event: TopicName | "closed", state: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(state)}\n\n`;
}

// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { createApi, onceId, pageId, takeToken } from "../../src-renderer/api.ts";
import { followEvents, type StreamState } from "../../src-renderer/event-stream.ts";

function answering(...answers: (Response | Error)[]) {
  const asked: { path: string; init: RequestInit }[] = [];
  const fetchIt = ((path: string, init: RequestInit) => {
    asked.push({ path, init });
    const next = answers.shift() ?? new Error("no more answers");
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  }) as typeof fetch;
  return { asked, fetchIt };
}
const json = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });

describe("the token", () => {
  it("moves from the address to the session and is sent as a header", async () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
    } as Storage;
    const shown: string[] = [];
    const past = {
      state: null,
      replaceState: (_s: unknown, _t: string, url: string) => shown.push(url),
    } as unknown as History;
    const place = { search: "?token=abc&x=1", pathname: "/", hash: "#/live" } as Location;
    expect(takeToken(place, past, storage)).toBe("abc");
    expect(shown).toEqual(["/?x=1#/live"]);
    expect(takeToken({ ...place, search: "" } as Location, past, storage)).toBe("abc");

    const { asked, fetchIt } = answering(json({}));
    await createApi("abc", fetchIt).call("phone.disconnect", {});
    expect(asked[0]?.path).toBe("/api/phone.disconnect");
    expect(asked[0]?.init.headers).toEqual({ "x-sr01-token": "abc", "content-type": "application/json" });
  });

  it("is no header where there is none (Electron)", async () => {
    const { asked, fetchIt } = answering(json({}));
    await createApi(null, fetchIt).call("line.close", {});
    expect(asked[0]?.init.headers).toEqual({ "content-type": "application/json" });
  });
});

describe("a call that fails", () => {
  const rows: { name: string; answer: Response | Error; code: string; message: RegExp }[] = [
    {
      name: "an expected error keeps its code, field and words",
      answer: json({ error: { code: "busy", message: "The port is in use.", field: "path" } }, 400),
      code: "busy",
      message: /in use/,
    },
    {
      name: "an answer that is no JSON is a bug with its status",
      answer: new Response("x", { status: 500 }),
      code: "bug",
      message: /500/,
    },
    {
      name: "no connection is a lost link",
      answer: new TypeError("Failed to fetch"),
      code: "link-lost",
      message: /lost/,
    },
  ];
  it.each(rows)("$name", async ({ answer, code, message }) => {
    const { fetchIt } = answering(answer);
    await expect(createApi(null, fetchIt).call("line.close", {})).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("ids", () => {
  it("are new at every press, and one for the page", () => {
    expect(onceId()).toMatch(/^[A-Za-z0-9-]{16,64}$/);
    expect(onceId()).not.toBe(onceId());
    expect(pageId()).toBe(pageId());
  });
});

describe("the event stream", () => {
  const stream = (...parts: string[]): Response =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(out) {
          for (const part of parts) out.enqueue(new TextEncoder().encode(part));
          out.close();
        },
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
  const follow = async (answers: (Response | Error)[], takeOver = false, stopAt: StreamState = "busy") => {
    const { asked, fetchIt } = answering(...answers);
    const states: StreamState[] = [];
    const topics: [string, unknown][] = [];
    const stop = new AbortController();
    await followEvents(
      fetchIt,
      {},
      {
        onTopic: (topic, state) => topics.push([topic, state]),
        onState: (state) => {
          states.push(state);
          if (state === stopAt) stop.abort();
        },
      },
      stop.signal,
      takeOver,
    );
    return { states, topics, paths: asked.map((one) => one.path) };
  };
  const busy = json({ error: { code: "busy", message: "Open elsewhere.", data: { maxStreams: 3 } } }, 400);

  it("gives whole states by topic however the bytes are cut, and passes over what it does not know", async () => {
    const parts = ["event: jobs\nda", 'ta: {"jobs":[]}\n\n: alive\n\nevent: other\ndata: 1\n', "\n"];
    const { topics, states } = await follow([stream(...parts)], false, "lost");
    expect(topics).toEqual([["jobs", { jobs: [] }]]);
    expect(states).toEqual(["connecting", "open", "lost"]);
  });

  it("connects again after a loss, until it is told that too many pages are open", async () => {
    const { states } = await follow([new TypeError("gone"), stream(), busy]);
    expect(states).toEqual(["connecting", "lost", "connecting", "open", "lost", "connecting", "busy"]);
  });

  it("takes over when asked, and knows that it was taken over", async () => {
    const ended = stream('event: closed\ndata: {"reason":"taken-over"}\n\n');
    const { states, paths } = await follow([ended], true);
    expect(paths).toEqual(["/api/events?takeOver=1"]);
    expect(states).toEqual(["connecting", "open", "busy"]);
  });

  it("waits for a toolkit that is closing", async () => {
    const closing = json({ error: { code: "busy", message: "The toolkit is closing." } }, 400);
    expect((await follow([closing], false, "lost")).states).toEqual(["connecting", "lost"]);
  });
});

import { describe, expect, it } from "vitest";
import { topics } from "../../src-main/api/contract.ts";
import { base, testApi, virtualClock, type TestApi } from "./support.ts";

const topicNames = Object.keys(topics);
const utf8 = new TextDecoder();

function setUp() {
  const clock = virtualClock();
  const api = testApi({}, clock);
  return { clock, ...api };
}
const ask = (api: Pick<TestApi, "handle">, query = "") => api.handle(new Request(`${base}/api/events${query}`));

async function open(api: Pick<TestApi, "handle">, query = "") {
  const response = await ask(api, query);
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const next = async (): Promise<string | undefined> => {
    const part = await reader.read();
    return part.done ? undefined : utf8.decode(part.value);
  };
  return { response, reader, next };
}
const eventsOf = (text: string | undefined) => [...(text ?? "").matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
const door = (site: string) => ({ door: { site, door: "d" } });

describe("the event stream", () => {
  it("begins with a snapshot of every topic", async () => {
    const api = setUp();
    api.hub.patch("app", door("before\nthe page"));
    const { response, next } = await open(api);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const text = (await next()) ?? "";
    expect(eventsOf(text)).toEqual(topicNames);
    const frames = text.split("\n\n").slice(0, -1);
    expect(frames.every((frame) => /^event: [a-z]+\ndata: .+$/.test(frame))).toBe(true);
    expect(JSON.parse((frames[0] ?? "").split("\ndata: ")[1] ?? "")).toEqual(api.hub.get("app"));
  });

  it("keeps one slot a topic, in which the latest wins, while the reader is busy", async () => {
    const api = setUp();
    const { next } = await open(api);
    await next();
    await api.clock.advance(1000);
    for (let i = 0; i < 1000; i++) api.hub.patch("app", door(`s${String(i)}`));
    api.hub.set("jobs", { jobs: [] });
    const text = await next();
    expect(eventsOf(text)).toEqual(["app", "jobs"]);
    expect(text).toContain('"s999"');
  });

  it("sends a topic at most ten times a second, however often it changes, and the last state always", async () => {
    const api = setUp();
    const { next } = await open(api);
    await next();
    const seen: (string | undefined)[] = [];
    void (async () => {
      for (let text = await next(); text !== undefined; text = await next()) seen.push(text);
    })();
    await api.clock.advance(150);
    for (let i = 0; i < 200; i++) {
      api.hub.patch("app", door(`s${String(i)}.`));
      await api.clock.advance(5);
    }
    await api.clock.advance(150);
    expect(seen.length).toBeGreaterThanOrEqual(9);
    expect(seen.length).toBeLessThanOrEqual(11);
    expect(seen.at(-1)).toContain('"s199."');
  });

  it("does not let a busy topic hold up a quiet one", async () => {
    const api = setUp();
    const { next } = await open(api);
    await next();
    await api.clock.advance(200);
    api.hub.patch("app", door("a"));
    await next();
    api.hub.patch("app", door("b")); // not due for 100 ms
    const waiting = next();
    api.hub.set("jobs", { jobs: [] });
    expect(eventsOf(await waiting)).toEqual(["jobs"]);
    expect(eventsOf(await api.clock.run(next()))).toEqual(["app"]);
  });

  it("writes a comment line after 15 s of silence", async () => {
    const api = setUp();
    const { next } = await open(api);
    await next();
    const start = api.clock.now();
    for (const seconds of [15, 30, 45]) {
      expect(await api.clock.run(next())).toMatch(/^:.*\n\n$/);
      expect(api.clock.now() - start).toBe(seconds * 1000);
    }
  });

  it.each([
    { name: "that never reads", reads: 0 },
    { name: "that stops reading", reads: 1 },
  ])("cuts a reader $name after 30 s and frees its place", async ({ reads }) => {
    const api = setUp();
    const { reader, next } = await open(api);
    for (let i = 0; i < reads; i++) await next();
    await open(api);
    await open(api);
    await api.clock.advance(29_999);
    expect((await ask(api)).status).toBe(400);
    await api.clock.advance(1);
    await expect(reader.read()).rejects.toMatchObject({ code: "link-lost" });
    expect(api.log.lines.some(({ event }) => event === "events.reader-stalled")).toBe(true);
    expect((await ask(api)).status).toBe(200);
  });

  it("does not cut a slow reader that still reads", async () => {
    const api = setUp();
    const { next } = await open(api);
    for (let i = 0; i < 5; i++) {
      expect(await api.clock.run(next())).toBeDefined();
      await api.clock.advance(29_000);
    }
  });

  it("refuses a fourth stream and lets it take over from the oldest", async () => {
    const api = setUp();
    const first = await open(api);
    await first.next();
    const second = await open(api);
    await open(api);
    const refused = await ask(api);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: expect.objectContaining({ code: "busy" }) as unknown },
    ]);
    const fourth = await open(api, "?takeOver=1");
    expect(await first.next()).toBe('event: closed\ndata: {"reason":"taken-over"}\n\n');
    expect(await first.next()).toBeUndefined();
    expect(eventsOf(await second.next())).toEqual(topicNames);
    expect(eventsOf(await fourth.next())).toEqual(topicNames);
    expect((await ask(api)).status).toBe(400);
  });

  it("frees the place and its timers when the page goes away", async () => {
    const api = setUp();
    let listening = 0;
    const onChange = api.hub.onChange.bind(api.hub);
    api.hub.onChange = (fn) => {
      const stop = onChange(fn);
      listening += 1;
      return () => {
        listening -= 1;
        stop();
      };
    };
    const streams = [await open(api), await open(api), await open(api)];
    expect(listening).toBe(3);
    const waiting = streams[0]?.reader.read(); // the snapshot
    await waiting;
    const pending = streams[0]?.next(); // waits for a change
    await streams[0]?.reader.cancel();
    expect(await pending).toBeUndefined();
    await streams[1]?.reader.cancel();
    await streams[2]?.reader.cancel();
    expect(listening).toBe(0);
    await api.clock.advance(60_000);
    expect(api.log.lines).toEqual([]); // no timer was left that would cut what is gone
    for (let i = 0; i < 3; i++) await open(api);
  });

  it("ends all streams when the program closes", async () => {
    const api = setUp();
    const { next } = await open(api);
    await next();
    api.closing.abort();
    expect(await next()).toContain('{"reason":"closing"}');
    expect(await next()).toBeUndefined();
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startWeb, type WebHost } from "../../src-main/hosts/web/server.ts";
import { equalBytes } from "../../src-main/lib/bytes.ts";
import { systemClock } from "../../src-main/lib/clock.ts";
import type { Handlers } from "../../src-main/api/router.ts";
import { testApi, type TestApi } from "./support.ts";

let pageDir = "";
let host: WebHost;
let api: TestApi;
let token = "";
let calls = 0;
const handlers: Partial<Handlers> = {
  "ports.refresh": () => {
    calls += 1;
    return { ports: [], error: null };
  },
};

beforeEach(async () => {
  pageDir = mkdtempSync(join(tmpdir(), "sr01-web-"));
  writeFileSync(join(pageDir, "index.html"), "<p>page</p>");
  calls = 0;
  api = testApi(handlers, systemClock);
  host = await startWeb({ handler: api.handle, pageDir, port: 0, log: api.log });
  token = new URL(host.url).searchParams.get("token") ?? "";
});
afterEach(async () => {
  api.closing.abort();
  await host.close();
  rmSync(pageDir, { recursive: true });
});

interface Ask {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
}
interface Answer {
  status: number | undefined;
  headers: IncomingMessage["headers"];
  text: string;
}
const json = { "content-type": "application/json" };
/** As any program would: no rule of a browser is kept for us here. */
function ask(path: string, { method = "POST", headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: host.port, path, method, headers };
    const request = httpRequest(options, (message) => {
      const chunks: Uint8Array[] = [];
      message.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      message.on("end", () =>
        resolve({
          status: message.statusCode,
          headers: message.headers,
          text: new TextDecoder().decode(Buffer.concat(chunks)),
        }),
      );
      message.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}
const withToken = (more: Record<string, string> = {}) => ({ "x-sr01-token": token, ...json, ...more });
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
}

describe("the web host on loopback", () => {
  it.each<{ name: string; path?: string; ask: () => Ask; status: number; ran: number }>([
    {
      name: "our page",
      ask: () => ({ headers: withToken({ "sec-fetch-site": "same-origin" }), body: "{}" }),
      status: 200,
      ran: 1,
    },
    { name: "missing token", ask: () => ({ headers: json, body: "{}" }), status: 403, ran: 0 },
    {
      name: "wrong token",
      ask: () => ({ headers: { ...json, "x-sr01-token": `${token}x` }, body: "{}" }),
      status: 403,
      ran: 0,
    },
    {
      name: "token in a cookie",
      ask: () => ({ headers: { ...json, cookie: `token=${token}` }, body: "{}" }),
      status: 403,
      ran: 0,
    },
    { name: "token in the query", path: "?", ask: () => ({ headers: json, body: "{}" }), status: 403, ran: 0 },
    {
      name: "foreign Origin",
      ask: () => ({ headers: withToken({ origin: "http://evil.example" }), body: "{}" }),
      status: 403,
      ran: 0,
    },
    {
      name: "same-site page without Origin",
      ask: () => ({ headers: withToken({ "sec-fetch-site": "same-site" }), body: "{}" }),
      status: 403,
      ran: 0,
    },
    {
      name: "rebound host",
      ask: () => ({ headers: withToken({ host: "evil.example" }), body: "{}" }),
      status: 403,
      ran: 0,
    },
    {
      name: "two Origins, ours first",
      ask: () => ({
        headers: { ...withToken(), origin: [`http://127.0.0.1:${String(host.port)}`, "http://evil.example"] },
        body: "{}",
      }),
      status: 403,
      ran: 0,
    },
    {
      name: "text as JSON",
      ask: () => ({ headers: withToken({ "content-type": "text/plain" }), body: "{}" }),
      status: 400,
      ran: 0,
    },
    {
      name: "preflight",
      ask: () => ({ method: "OPTIONS", headers: { origin: "http://evil.example" } }),
      status: 405,
      ran: 0,
    },
    {
      name: "announced too big",
      ask: () => ({ headers: withToken(), body: new Uint8Array(1024 * 1024 + 1) }),
      status: 400,
      ran: 0,
    },
    {
      name: "too big without saying so",
      ask: () => ({ headers: withToken({ "transfer-encoding": "chunked" }), body: new Uint8Array(3 * 1024 * 1024) }),
      status: 400,
      ran: 0,
    },
  ])("$name -> $status", async ({ path = "", ask: options, status, ran }) => {
    const answer = await ask(`/api/ports.refresh${path && `?token=${token}`}`, options());
    expect([answer.status, calls]).toEqual([status, ran]);
    if (status !== 200) expect(JSON.parse(answer.text)).toHaveProperty("error.code", "bad-input");
    expect(Object.keys(answer.headers).filter((name) => /^access-control|^set-cookie$/.test(name))).toEqual([]);
    expect(answer.text).not.toContain(token);
  });

  it.each(["/api/events", "/api/files/1"])("GET %s without the token gives nothing", async (path) => {
    expect((await ask(path, { method: "GET" })).status).toBe(403);
  });

  it("listens on 127.0.0.1 alone", async () => {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(host.port, "127.0.0.2");
      socket.on("connect", () => resolve(socket.destroy() && false));
      socket.on("error", () => resolve(true));
    });
    expect(refused).toBe(true);
  });

  it("serves the page without a token, sets no cookie and never repeats the token", async () => {
    const page = await ask(`/?token=${token}`, { method: "GET" });
    expect([page.status, page.text, page.headers["set-cookie"]]).toEqual([200, "<p>page</p>", undefined]);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(JSON.stringify(api.log.lines)).not.toContain(token);
  });

  it("has another token on every start", async () => {
    const other = await startWeb({ handler: api.handle, pageDir, port: 0, log: api.log });
    await other.close();
    expect(new URL(other.url).searchParams.get("token")).not.toBe(token);
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it("says busy when the port is taken", async () => {
    const second = startWeb({ handler: api.handle, pageDir, port: host.port, log: api.log });
    await expect(second).rejects.toMatchObject({ code: "busy", field: "port" });
  });

  it("takes a big file byte for byte and gives it back", async () => {
    const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 31) & 0xff);
    const headers = { "x-sr01-token": token, "content-type": "application/octet-stream" };
    const answer = await ask("/api/files?kind=rom&name=a", { headers, body: bytes });
    const { id } = JSON.parse(answer.text) as { id: string };
    expect(equalBytes(api.files.get(id)?.bytes ?? new Uint8Array(), bytes)).toBe(true);
    const back = await fetch(`http://127.0.0.1:${String(host.port)}/api/files/${id}`, { headers });
    expect(equalBytes(new Uint8Array(await back.arrayBuffer()), bytes)).toBe(true);
  });

  it("lets the sender of a refused upload finish, so that it hears why", async () => {
    const socket = connect(host.port, "127.0.0.1");
    let heard = "";
    const pieces = 20;
    const head = [
      "POST /api/ports.refresh HTTP/1.1",
      `host: 127.0.0.1:${String(host.port)}`,
      `x-sr01-token: ${token}`,
      "content-type: application/json",
      "transfer-encoding: chunked",
    ].join("\r\n");
    socket.write(`${head}\r\n\r\n`);
    const piece = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    for (let i = 0; i < pieces; i++) await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    socket.on("data", (chunk: Uint8Array) => (heard += new TextDecoder().decode(chunk)));
    await until(() => heard.includes("too big"));
    socket.destroy();
  });

  it("gives up an upload whose sender goes away", async () => {
    const socket = connect(host.port, "127.0.0.1");
    const head = [
      "POST /api/files?kind=rom&name=a HTTP/1.1",
      `host: 127.0.0.1:${String(host.port)}`,
      `x-sr01-token: ${token}`,
      "content-type: application/octet-stream",
      "content-length: 1000",
    ].join("\r\n");
    await new Promise<void>((resolve) => socket.write(`${head}\r\n\r\nhalf`, () => resolve()));
    const bytes = new Uint8Array(10);
    const headers = { "x-sr01-token": token, "content-type": "application/octet-stream" };
    const upload = () => ask("/api/files?kind=rom&name=b", { headers, body: bytes });
    socket.destroy();
    // Two may run at a time: were the broken one still counted, one of these would be refused.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await Promise.all([upload(), upload()])).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe("slow senders", () => {
  it.each([
    { name: "unfinished headers", sent: "POST /api/ports.refresh HTTP/1.1\r\nhost: a\r\n" },
    { name: "an unfinished body", sent: "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf" },
  ])("$name are cut off", async ({ sent }) => {
    const limits = { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 20 };
    const hurried = await startWeb({ handler: api.handle, pageDir, port: 0, log: api.log, limits });
    const socket = connect(hurried.port, "127.0.0.1");
    socket.resume().on("error", () => undefined);
    const closed = new Promise((resolve) => socket.on("close", () => resolve("closed")));
    socket.write(sent);
    const late = new Promise((resolve) => setTimeout(() => resolve("still open"), 2000));
    expect(await Promise.race([closed, late])).toBe("closed");
    await hurried.close();
  });
});

describe("the event stream on loopback", () => {
  const stream = (query = "") => {
    const leave = new AbortController();
    const response = fetch(`http://127.0.0.1:${String(host.port)}/api/events${query}`, {
      headers: { "x-sr01-token": token },
      signal: leave.signal,
    });
    return { response, leave };
  };
  const firstPiece = async (response: Response) => {
    const piece = await (response.body as ReadableStream<Uint8Array>).getReader().read();
    return new TextDecoder().decode(piece.value);
  };

  it("arrives at once", async () => {
    const { response, leave } = stream();
    expect(await firstPiece(await response)).toMatch(/^event: app\n/);
    leave.abort();
  });

  it("has three places, and a page that goes away frees its own", async () => {
    const open = [stream(), stream(), stream()];
    const responses = await Promise.all(open.map(({ response }) => response));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    const fourth = await stream().response;
    expect([fourth.status, ((await fourth.json()) as { error: { code: string } }).error.code]).toEqual([400, "busy"]);
    open[1]?.leave.abort();
    let status = 400;
    for (let i = 0; i < 50 && status === 400; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      status = (await stream().response).status;
    }
    expect(status).toBe(200);
    expect((await stream("?takeOver=1").response).status).toBe(200);
    for (const { leave } of open) leave.abort();
  });

  it("holds back while the page does not read, and keeps only the latest", async () => {
    const socket = connect(host.port, "127.0.0.1");
    const head = `GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:${String(host.port)}\r\nx-sr01-token: ${token}\r\n\r\n`;
    socket.write(head);
    await new Promise((resolve) => socket.once("readable", resolve));
    const big = "x".repeat(4_000_000);
    let asked = 0;
    const get = api.hub.get.bind(api.hub);
    api.hub.get = (topic) => {
      asked += 1;
      return get(topic);
    };
    // Nobody reads: at 10 a second, 15 changes would be 60 MB if they were not held back.
    for (let i = 0; i < 15; i++) {
      api.hub.patch("app", { door: { site: `${String(i)}${big}`, door: "d" } });
      await new Promise((resolve) => setTimeout(resolve, 110));
    }
    expect(asked).toBeLessThanOrEqual(4);
    let text = "";
    socket.on("data", (chunk: Uint8Array) => (text += new TextDecoder().decode(chunk)));
    await until(() => text.includes('"site":"14x'));
    socket.destroy();
  });
});

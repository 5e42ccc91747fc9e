import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { closeBrowser, journey } from "./browser.ts";
import { button } from "./steps.ts";

afterAll(closeBrowser);

/** Every way a page has to reach another origin; each tells its own server what it got. */
function attackPage(target: string): string {
  return `<!doctype html><meta charset="utf-8"><title>hostile</title><body><script>
const target = ${JSON.stringify(target)};
const told = {};
const tell = (name, got) => { told[name] = got; };
const attempt = (name, work) => work().then((got) => tell(name, got), (error) => tell(name, "nothing: " + error.name));
const call = (init) => async () => {
  const answer = await fetch(target + "/api/training.enter", { method: "POST", body: "{}", ...init });
  return answer.type === "opaque" ? "nothing: opaque" : "ANSWER " + (await answer.text());
};
const loads = (element, address) => new Promise((resolve) => {
  element.onload = () => resolve("LOADED"); element.onerror = () => resolve("nothing: error");
  element.src = address; document.body.append(element);
});
const form = (enctype, text) => new Promise((resolve) => {
  const frame = document.createElement("iframe"); frame.name = "f" + Math.random(); document.body.append(frame);
  const made = document.createElement("form");
  Object.assign(made, { method: "POST", action: target + "/api/training.enter", target: frame.name, enctype });
  const field = document.createElement("input"); field.name = text; field.value = "}"; made.append(field); document.body.append(made);
  frame.onload = () => { try { resolve("SEEN " + frame.contentDocument.body.innerText); } catch (error) { resolve("nothing: " + error.name); } };
  made.submit();
});
const stream = () => new Promise((resolve) => {
  const events = new EventSource(target + "/api/events");
  events.onmessage = () => resolve("HEARD"); events.onerror = () => { events.close(); resolve("nothing: error"); };
});
const socket = () => new Promise((resolve) => {
  const web = new WebSocket(target.replace("http", "ws") + "/api/events");
  web.onopen = () => resolve("OPEN"); web.onerror = () => resolve("nothing: error");
});
const frame = () => new Promise((resolve) => {
  const inner = document.createElement("iframe"); inner.src = target + "/"; document.body.append(inner);
  inner.onload = () => { try { resolve("SEEN " + inner.contentDocument.body.innerText); } catch (error) { resolve("nothing: " + error.name); } };
});
Promise.all([
  attempt("fetch json", call({ headers: { "content-type": "application/json" } })),
  attempt("fetch with a made-up token", call({ headers: { "content-type": "application/json", "x-sr01-token": "x" } })),
  attempt("fetch no-cors", call({ mode: "no-cors" })),
  attempt("fetch with credentials", call({ credentials: "include", headers: { "content-type": "text/plain" } })),
  attempt("fetch keepalive", call({ keepalive: true, mode: "no-cors" })),
  attempt("beacon", async () => "nothing: sent " + navigator.sendBeacon(target + "/api/training.enter", "{}")),
  attempt("image", () => loads(new Image(), target + "/api/app.state")),
  attempt("script", () => loads(document.createElement("script"), target + "/api/app.state")),
  attempt("page as script", () => loads(document.createElement("script"), target + "/")),
  attempt("form", () => form("text/plain", '{"a":"')),
  attempt("form urlencoded", () => form("application/x-www-form-urlencoded", "a")),
  attempt("event stream", stream),
  attempt("web socket", socket),
  attempt("frame", frame),
]).then(() => { document.title = "done"; window.told = told; });
</script>`;
}

/** A server of somebody else on this machine. Keeps the headers of all that reaches it. */
async function startHostile(target: string) {
  const heard: { url: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((message, out) => {
    heard.push({ url: message.url ?? "", headers: message.headers });
    out
      .writeHead(200, { "content-type": "text/html" })
      .end(message.url === "/attack" ? attackPage(target) : "mine now");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    origin,
    heard,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("others on this machine", () => {
  it("a page on another port can call nothing, read nothing and frame nothing", async () => {
    await journey({ training: false }, async ({ page, host, context }) => {
      await button(page, "Open Training").waitFor();
      const before = await host.call("app.state", {});
      const hostile = await startHostile(host.origin);
      // Its own context: its failures are what is wanted, and it shares the browser with our page.
      const theirs = await context.browser()?.newContext();
      try {
        const attack = await theirs?.newPage();
        await attack?.goto(`${hostile.origin}/attack`);
        await attack?.waitForFunction(() => document.title === "done");
        const told = await attack?.evaluate(() => (window as unknown as { told: Record<string, string> }).told);
        expect(Object.keys(told ?? {})).toHaveLength(14);
        for (const [name, got] of Object.entries(told ?? {})) expect(got, name).toMatch(/^nothing: /);
        const frames = attack?.frames().filter((frame) => frame.url().startsWith(host.origin));
        for (const frame of frames ?? []) expect(await frame.content()).not.toContain('id="app"');
        expect(await host.call("app.state", {})).toEqual(before);
        expect((await host.call("jobs.history", { limit: 10 })).jobs).toEqual([]);
      } finally {
        await theirs?.close();
        hostile.close();
      }
    });
  });

  it("a server on another port learns neither token nor address when our page leads there", async () => {
    await journey({ training: false }, async ({ page, host, context }) => {
      await button(page, "Open Training").waitFor();
      const hostile = await startHostile(host.origin);
      try {
        // A second tab of the same browser, then a link in our own page: the only two ways a person gets there.
        const tab = await context.browser()?.newContext();
        const other = await tab?.newPage();
        await other?.goto(host.url);
        await other?.evaluate((address) => {
          const link = document.createElement("a");
          link.href = address;
          document.body.append(link);
          link.click();
        }, `${hostile.origin}/link`);
        await other?.waitForURL(`${hostile.origin}/link`);
        expect(await other?.evaluate(() => [sessionStorage.length, document.referrer, document.cookie])).toEqual([
          0,
          "",
          "",
        ]);
        await tab?.close();
        const [request] = hostile.heard;
        expect(request?.headers["referer"]).toBeUndefined();
        expect(request?.headers["cookie"]).toBeUndefined();
        expect(JSON.stringify(hostile.heard)).not.toContain(host.token);
      } finally {
        hostile.close();
      }
    });
  });
});

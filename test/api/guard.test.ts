import { describe, expect, it } from "vitest";
import { parseTarget, refuse, sameSecret } from "../../src-main/hosts/web/guard.ts";

const keys = { port: 4100, token: "right-token" };
const ours = { host: "127.0.0.1:4100", "x-sr01-token": "right-token" };
const browser = { ...ours, origin: "http://127.0.0.1:4100", "sec-fetch-site": "same-origin" };
const navigation = { host: ours.host, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

interface Row {
  name: string;
  method?: string;
  target?: string;
  headers: Record<string, string>;
  status: number | undefined;
}
const rows: Row[] = [
  { name: "our page", headers: browser, status: undefined },
  {
    name: "our page's GET, which has no Origin",
    method: "GET",
    headers: { ...browser, origin: "" },
    status: undefined,
  },
  { name: "typed into the address bar", headers: { ...ours, "sec-fetch-site": "none" }, status: undefined },
  { name: "no browser, but the token", headers: ours, status: undefined },
  { name: "no token", headers: { ...browser, "x-sr01-token": "" }, status: 403 },
  { name: "wrong token", headers: { ...browser, "x-sr01-token": "right-tokeM" }, status: 403 },
  { name: "a token that begins right", headers: { ...browser, "x-sr01-token": "right-token2" }, status: 403 },
  { name: "two tokens", headers: { ...browser, "x-sr01-token": "right-token, right-token" }, status: 403 },
  {
    name: "token in the query only",
    target: "/api/events?token=right-token",
    headers: { host: ours.host },
    status: 403,
  },
  { name: "no token on the stream", method: "GET", target: "/api/events", headers: { host: ours.host }, status: 403 },
  { name: "no token on a download", method: "GET", target: "/api/files/1", headers: { host: ours.host }, status: 403 },
  { name: "no token on an upload", target: "/api/files?kind=rom", headers: { host: ours.host }, status: 403 },
  { name: "a way around over ..", target: "/assets/../api/x", headers: { host: ours.host }, status: 403 },
  { name: "a way around over coded ..", target: "/assets/%2e%2e/api/x", headers: { host: ours.host }, status: 403 },
  { name: "a way around over a backslash", target: "/.\\api/x", headers: { host: ours.host }, status: 403 },
  { name: "a rebound name", headers: { ...browser, host: "evil.example:4100" }, status: 403 },
  { name: "localhost is another origin", headers: { ...browser, host: "localhost:4100" }, status: 403 },
  { name: "another port's host", headers: { ...browser, host: "127.0.0.1:4101" }, status: 403 },
  { name: "no host", headers: { ...browser, host: "" }, status: 403 },
  { name: "a foreign page", headers: { ...browser, origin: "https://evil.example" }, status: 403 },
  { name: "a page on another loopback port", headers: { ...browser, origin: "http://127.0.0.1:4101" }, status: 403 },
  { name: "a page without an origin of its own", headers: { ...browser, origin: "null" }, status: 403 },
  { name: "our origin under https", headers: { ...browser, origin: "https://127.0.0.1:4100" }, status: 403 },
  { name: "same-site is not same-origin", headers: { ...ours, "sec-fetch-site": "same-site" }, status: 403 },
  { name: "cross-site", headers: { ...ours, "sec-fetch-site": "cross-site" }, status: 403 },
  {
    name: "a call dressed as a navigation",
    headers: { ...ours, ...navigation, "sec-fetch-site": "cross-site" },
    status: 403,
  },
  { name: "a preflight", method: "OPTIONS", headers: browser, status: 405 },
  { name: "PUT", method: "PUT", headers: browser, status: 405 },
  {
    name: "the page, opened by a link",
    method: "GET",
    target: "/?token=x",
    headers: { ...navigation, "sec-fetch-site": "cross-site" },
    status: undefined,
  },
  {
    name: "the page in a frame",
    method: "GET",
    target: "/",
    headers: { ...navigation, "sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe" },
    status: 403,
  },
  {
    name: "the page fetched from another site",
    method: "GET",
    target: "/",
    headers: { host: ours.host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    status: 403,
  },
  {
    name: "a script from another port",
    method: "GET",
    target: "/assets/a.js",
    headers: { host: ours.host, "sec-fetch-site": "same-site" },
    status: 403,
  },
  {
    name: "a posted form that opens the page",
    method: "POST",
    target: "/",
    headers: { ...navigation, "sec-fetch-site": "cross-site" },
    status: 403,
  },
  {
    name: "a static file",
    method: "GET",
    target: "/assets/a.js",
    headers: { host: ours.host, "sec-fetch-site": "same-origin" },
    status: undefined,
  },
];

describe("the web host's guard", () => {
  it.each(rows)("$name -> $status", ({ method = "POST", target = "/api/app.state", headers, status }) => {
    const url = parseTarget(target, keys.port);
    if (!url) throw new Error("the row's target is no path");
    const header = (name: string): string | undefined => headers[name] || undefined;
    expect(refuse({ method, url, header }, keys)?.status).toBe(status);
  });

  it.each([
    ["/", "/"],
    ["/a/../b?c=d", "/b"],
    ["//evil.example/api/x", undefined],
    ["/\\evil.example/x", undefined],
    ["http://127.0.0.1:4100/api/x", undefined],
    ["*", undefined],
    ["", undefined],
  ])("target %s", (target, pathname) => {
    expect(parseTarget(target, keys.port)?.pathname).toBe(pathname);
  });

  it("compares secrets of any length", () => {
    expect([sameSecret("", "a"), sameSecret("a", "a"), sameSecret("ab", "a")]).toEqual([false, true, false]);
  });
});

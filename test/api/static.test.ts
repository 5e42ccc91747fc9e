import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPage, safePath } from "../../src-main/hosts/static.ts";
import { base } from "./support.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sr01-static-"));
  mkdirSync(join(folder, "page", "assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(folder, "page", ".env"), "secret");
  writeFileSync(
    join(folder, "page", "index.html"),
    '<meta name="csp-nonce" content="%CSP_NONCE%" nonce="%CSP_NONCE%"><style nonce="%CSP_NONCE%"></style>',
  );
  writeFileSync(join(folder, "page", "assets", "a-1.js"), "1;");
  writeFileSync(join(folder, "page", "assets", "a-1.js.map"), "{}");
  writeFileSync(join(folder, "page", "font.woff2"), Uint8Array.of(1, 2, 3));
});
afterAll(() => rmSync(folder, { recursive: true }));

const get = (path: string, method = "GET") =>
  createPage(join(folder, "page"))(new Request(`${base}${path}`, { method }));

describe("the page's files", () => {
  it.each([
    { path: "/", status: 200, type: "text/html; charset=utf-8", cache: "no-store" },
    { path: "/index.html?token=x", status: 200, type: "text/html; charset=utf-8", cache: "no-store" },
    {
      path: "/assets/a-1.js",
      status: 200,
      type: "text/javascript; charset=utf-8",
      cache: "private, max-age=31536000, immutable",
    },
    { path: "/font.woff2", status: 200, type: "font/woff2", cache: "no-store" },
    { path: "/assets/a-1.js.map", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/none.js", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/assets", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/.env", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/%2e%2e/secret.txt", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/..%2fsecret.txt", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/assets%2f..%2f..%2fsecret.txt", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/%00index.html", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
    { path: "/%ff", status: 404, type: "text/plain; charset=utf-8", cache: "no-store" },
  ])("GET $path -> $status", async ({ path, status, type, cache }) => {
    const response = await get(path);
    expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([
      status,
      type,
      cache,
    ]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).not.toBe("secret");
  });

  it.each([
    ["/a/../b.js", undefined],
    ["/..\\b.js", undefined],
    ["/C:/b.js", undefined],
    ["//b.js", undefined],
    ["/a/b-1.2.js", "a/b-1.2.js"],
  ])("path %s", (path, safe) => expect(safePath(path)).toBe(safe));

  it("gives every answer a nonce of its own and allows nothing inline without it", async () => {
    const [first, second] = [await get("/"), await get("/")];
    const policy = first.headers.get("content-security-policy") ?? "";
    const nonce = /'nonce-([A-Za-z0-9+/=]{22,})'/.exec(policy)?.[1] ?? "";
    expect(await first.text()).toBe(
      `<meta name="csp-nonce" content="${nonce}" nonce="${nonce}"><style nonce="${nonce}"></style>`,
    );
    expect(await second.text()).not.toContain(nonce);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http/);
    expect(first.headers.get("referrer-policy")).toBe("no-referrer");
    expect(first.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(first.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });

  it("answers HEAD without a body and nothing else", async () => {
    const head = await get("/", "HEAD");
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await get("/", "POST")).status).toBe(405);
  });
});

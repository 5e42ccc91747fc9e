import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".txt": "text/plain; charset=utf-8",
};

/** Stands in index.html where the nonce of each answer goes. */
export const noncePlaceholder = "%CSP_NONCE%";

/**
 * The content security policy of the page, the same in all hosts. `nonce` is for the one style element that Vuetify makes
 * (`theme.cspNonce`). Style *attributes* need no exception: Vue and Vuetify set them through the CSS object model, which a
 * policy does not restrict.
 */
export function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Answers GET and HEAD for the built page in `dir`; `/` is index.html. Unknown, hidden and outside paths are 404. */
export function createPage(dir: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "Only GET.");
    const path = safePath(new URL(request.url).pathname);
    const type = path === undefined ? undefined : contentTypes[extname(path)];
    const bytes = path === undefined || type === undefined ? undefined : await readIfThere(join(dir, path));
    if (path === undefined || type === undefined || !bytes) return plain(404, "There is no such file.");
    const nonce = randomBytes(16).toString("base64");
    const body = path === "index.html" ? withNonce(bytes, nonce) : bytes;
    const headers = { ...pageHeaders(path, nonce), "content-type": type, "content-length": String(body.length) };
    return new Response(request.method === "HEAD" ? null : body.slice(), { headers });
  };
}

/** The path inside the folder, or undefined for anything that is not a plain file name below it. */
export function safePath(pathname: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const parts = path === "/" ? ["index.html"] : path.split("/").slice(1);
  // Each part begins with a letter, digit or underscore: no "..", no hidden file, no drive letter, no backslash.
  return parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(part)) ? parts.join("/") : undefined;
}

function pageHeaders(path: string, nonce: string): Record<string, string> {
  return {
    "content-security-policy": contentSecurityPolicy(nonce),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    // The build puts a hash of the content into the names below assets/.
    "cache-control": path.startsWith("assets/") ? "private, max-age=31536000, immutable" : "no-store",
  };
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch {
    return undefined;
  }
}

function withNonce(html: Uint8Array, nonce: string): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(html).replaceAll(noncePlaceholder, nonce));
}

function plain(status: number, text: string): Response {
  return new Response(text, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { extname, join } from "node:path";
import type { TopicName } from "../../src-main/api/contract.ts";
import { contentSecurityPolicy, noncePlaceholder } from "../../src-main/hosts/static.ts";
import { createMockBackend, type MockBackend } from "./mock-backend.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
};

/** Serves the built page in `dir` and a canned backend, with the real content security policy. For looking at the page. */
export async function startMockServer(dir: string): Promise<{ url: string; backend: MockBackend; close(): void }> {
  const streams = new Set<ServerResponse>();
  const backend = createMockBackend((topic) => {
    for (const stream of streams) sendTopic(stream, topic);
  });
  const sendTopic = (stream: ServerResponse, topic: TopicName): void => {
    stream.write(`event: ${topic}\ndata: ${JSON.stringify(backend.topics[topic])}\n\n`);
  };
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://mock");
    if (url.pathname === "/api/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const topic of Object.keys(backend.topics) as TopicName[]) sendTopic(response, topic);
      streams.add(response);
      response.on("close", () => streams.delete(response));
      return;
    }
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const body = new TextDecoder().decode(Buffer.concat(chunks));
      if (url.pathname.startsWith("/api/")) answerCall(backend, url, body, response);
      else void serveFile(dir, url.pathname, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    backend,
    close: () => {
      for (const stream of streams) stream.end();
      server.close();
    },
  };
}

function answerCall(backend: MockBackend, url: URL, body: string, response: ServerResponse): void {
  const name = url.pathname.slice("/api/".length);
  const input = name === "files" ? { name: url.searchParams.get("name") ?? "" } : (JSON.parse(body) as object);
  const answer = backend.call(name, input as Record<string, unknown>);
  response.writeHead("error" in answer ? 400 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(answer));
}

async function serveFile(dir: string, path: string, response: ServerResponse): Promise<void> {
  const file = path === "/" ? "index.html" : path.slice(1);
  const nonce = randomUUID();
  try {
    const bytes = await readFile(join(dir, file));
    const headers = { "content-type": types[extname(file)] ?? "application/octet-stream" };
    response.writeHead(200, { ...headers, "content-security-policy": contentSecurityPolicy(nonce) });
    response.end(file === "index.html" ? bytes.toString().replaceAll(noncePlaceholder, nonce) : bytes);
  } catch {
    response.writeHead(404).end();
  }
}

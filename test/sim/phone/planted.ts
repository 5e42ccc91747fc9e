import type { AddressInfo } from "node:net";
import { createServer } from "node:http";
import { afterEach } from "vitest";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** One answer, exactly as it shall go over the wire. */
export interface Planted {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
}

/** A server that gives the planted answers in turn, the last one for ever, and keeps what was asked. */
export async function planted(...answers: Planted[]): Promise<{ host: string; port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const parts: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => parts.push(part));
    request.on("end", () => {
      const login = request.headers.authorization?.split(" ")[0] ?? "no login";
      const body = Buffer.concat(parts).toString();
      asked.push([request.method, request.url, login, body].filter(Boolean).join(" "));
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? {};
      response.writeHead(answer.status ?? 200, answer.headers ?? {});
      response.end(answer.body ?? "");
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  open.push(
    () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  );
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port, asked };
}

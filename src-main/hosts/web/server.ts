import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { jsonAnswer } from "../../api/answers.ts";
import { fail, toToolkitError, type ErrorShape } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { createPage } from "../static.ts";
import { sendResponse, toRequest } from "./exchange.ts";
import { isApiPath, originOf, parseTarget, refuse, type GuardKeys, type Refusal } from "./guard.ts";

/** What the web host is given. */
export interface WebOptions {
  /** The API, see `createHandler`. */
  handler: (request: Request) => Promise<Response>;
  /** Folder of the built page. */
  pageDir: string;
  /** Fixed port, or 0 for any free one. */
  port: number;
  log: Log;
  /** Tests use short ones. */
  limits?: WebLimits;
}

/** A running web host. `url` holds the token: show it to the person who started it, never put it into a log or argv. */
export interface WebHost {
  url: string;
  port: number;
  /** Stops listening and cuts all connections. Safe to call twice. */
  close(): Promise<void>;
}

/** Time limits of a connection, in milliseconds, with node's names. */
export interface WebLimits {
  headersTimeout: number;
  /** For the whole request; an upload's own budget is shorter. */
  requestTimeout: number;
  /** How often the two are looked at. */
  connectionsCheckingInterval: number;
}

const defaultLimits: WebLimits = { headersTimeout: 10_000, requestTimeout: 65_000, connectionsCheckingInterval: 2_000 };
const maxConnections = 64;

/** Starts the web host on 127.0.0.1 with a fresh token. Rejects with `busy` when the port is taken. */
export async function startWeb({ handler, pageDir, port, log, limits = defaultLimits }: WebOptions): Promise<WebHost> {
  const page = createPage(pageDir);
  const token = randomBytes(32).toString("base64url");
  const keys: GuardKeys = { port: 0, token };
  const server = createServer(limits, (message, out) => {
    const answer = (request: Request): Promise<Response> =>
      isApiPath(new URL(request.url)) ? handler(request) : page(request);
    const done = answerTo(message, keys, answer).then((response) => sendResponse(response, out));
    done.catch((error: unknown) => {
      log.error("web.exchange-failed", { message: toToolkitError(error).message });
      out.destroy();
    });
  });
  server.maxConnections = maxConnections;
  keys.port = await listen(server, port);
  const origin = originOf(keys.port);
  log.info("web.started", { origin });
  return { url: `${origin}/?token=${token}`, port: keys.port, close: () => closeServer(server) };
}

async function answerTo(
  message: IncomingMessage,
  keys: GuardKeys,
  answer: (request: Request) => Promise<Response>,
): Promise<Response> {
  const url = parseTarget(message.url ?? "", keys.port);
  if (!url) return refused({ status: 400, message: "The address is not a path." });
  const refusal = refuse({ method: message.method ?? "", url, header: (name) => headerOf(message, name) }, keys);
  return refusal ? refused(refusal) : answer(toRequest(message, url));
}

/** The one value of a header; several of them are joined and so match nothing that we expect. */
function headerOf(message: IncomingMessage, name: string): string | undefined {
  return message.headersDistinct[name]?.join(", ");
}

function refused({ status, message }: Refusal): Response {
  const error: ErrorShape = { code: "bad-input", message };
  return jsonAnswer({ error }, status);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EADDRINUSE") {
        reject(fail("busy", `Port ${String(port)} is in use by another program.`, { field: "port", cause }));
      } else if (cause.code === "EACCES") {
        reject(fail("bad-input", `This user may not open port ${String(port)}.`, { field: "port", cause }));
      } else reject(toToolkitError(cause));
    });
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

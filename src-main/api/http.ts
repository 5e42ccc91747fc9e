import { sleep, type Clock } from "../lib/clock.ts";
import { fail } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Hub } from "../services/hub.ts";
import { apiHeaders, errorAnswer, jsonAnswer } from "./answers.ts";
import { checkAnnouncedLength, mediaType, readBody } from "./body.ts";
import { maxFileBytes } from "./contract.ts";
import { createEventStreams, type EventStreams } from "./events.ts";
import { fileKindSchema, fileNameSchema, type FileStore } from "./files.ts";
import type { Router } from "./router.ts";

/** A call's JSON may be this big. */
export const maxCallBytes = 1024 * 1024;
/** A call answers within this time; long work is a job. Also the budget for its body to arrive. */
export const callBudgetMs = 10_000;

/** What {@link createHandler} works with. */
export interface HandlerOptions {
  router: Router;
  hub: Hub;
  files: FileStore;
  log: Log;
  clock: Clock;
  /** Fires when the program ends: all event streams are closed and nothing new is taken. */
  signal?: AbortSignal;
}

type Parts = HandlerOptions & { streams: EventStreams };

/**
 * The one function behind the page: `POST /api/<call>`, `GET /api/events`, `POST /api/files?kind=&name=`,
 * `GET /api/files/ID`. Never rejects: 200, 400 for what can be expected, 500 for our own faults, `{"error": ErrorShape}`.
 * Who may ask is the host's business (the web host's guard, Electron's own scheme).
 */
export function createHandler(options: HandlerOptions): (request: Request) => Promise<Response> {
  const parts: Parts = { ...options, streams: createEventStreams(options) };
  options.signal?.addEventListener("abort", () => parts.streams.closeAll(), { once: true });
  return async (request) => {
    try {
      if (options.signal?.aborted) throw fail("busy", "The toolkit is closing.");
      return await route(request, parts);
    } catch (error) {
      return errorAnswer(error, options.log);
    }
  };
}

async function route(request: Request, parts: Parts): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const path = pathname.startsWith("/api/") ? pathname.slice("/api/".length) : "";
  if (request.method === "GET") {
    if (path === "events") return parts.streams.open(searchParams.get("takeOver") === "1");
    if (path.startsWith("files/")) return download(path.slice("files/".length), parts.files);
  }
  if (request.method === "POST") {
    if (path === "files") return upload(request, searchParams, parts.files);
    if (path !== "") return runCall(path, request, parts);
  }
  throw fail("bad-input", "There is nothing at this address.");
}

async function runCall(name: string, request: Request, { router, clock }: Parts): Promise<Response> {
  requireType(request, "application/json");
  checkAnnouncedLength(request, maxCallBytes);
  const body = await readBody(request.body, { maxBytes: maxCallBytes, budgetMs: callBudgetMs, clock });
  return jsonAnswer((await withinBudget(router(name, parseJson(body)), name, clock)) ?? {});
}

/** The handler goes on if it must: what it does may already move something, so it is neither stopped nor repeated. */
async function withinBudget(answer: Promise<unknown>, name: string, clock: Clock): Promise<unknown> {
  const done = new AbortController();
  const late = sleep(clock, callBudgetMs, done.signal).then(() => {
    throw fail("bug", "The program did not answer in time.", { data: { call: name } });
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    done.abort();
  }
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw fail("bad-input", "The body is not JSON.", { cause });
  }
}

async function upload(request: Request, query: URLSearchParams, files: FileStore): Promise<Response> {
  requireType(request, "application/octet-stream");
  const kind = fileKindSchema.safeParse(query.get("kind"));
  if (!kind.success) throw fail("bad-input", "The kind of the file is not known.", { field: "kind" });
  const name = fileNameSchema.safeParse(query.get("name"));
  if (!name.success) throw fail("bad-input", "The file needs a plain name.", { field: "name" });
  checkAnnouncedLength(request, maxFileBytes);
  return jsonAnswer(await files.put(kind.data, name.data, request.body));
}

function download(id: string, files: FileStore): Response {
  const file = files.get(id);
  if (!file) throw fail("bad-input", "This file is no longer here.", { field: "id" });
  return new Response(file.bytes.slice(), {
    headers: {
      ...apiHeaders,
      "content-type": "application/octet-stream",
      "content-length": String(file.sizeBytes),
      "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    },
  });
}

/** A page of another origin can send other types without asking first, so the type is part of the lock. */
function requireType(request: Request, type: string): void {
  if (mediaType(request) !== type) throw fail("bad-input", `The content type must be ${type}.`);
}

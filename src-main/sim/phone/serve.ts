import type { IncomingMessage, ServerResponse } from "node:http";
import { concatBytes } from "../../lib/bytes.ts";
import { sleep } from "../../lib/clock.ts";
import type { SimPhoneCore } from "./core.ts";
import { encodeAnswer, errorPage } from "./damage.ts";
import type { SimAnswer } from "./endpoints.ts";
import { answerRequest } from "./endpoints.ts";
import type { SimLogin, Verdict } from "./login.ts";

const maxBodyBytes = 64 * 1024;

/** Makes the function that serves one HTTP request of the simulated unit. */
export function createServe(
  core: SimPhoneCore,
  login: SimLogin,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const leave = core.enter();
    try {
      const url = parseUrl(request.url);
      const ending = url
        ? (atTheDoor(core, login, request, url.pathname) ?? (await carryOut(core, request, url)))
        : page(400);
      const { method = "" } = request;
      core.tell({ event: "request", method, path: url?.pathname ?? "?", status: ending.status });
      finish(response, ending);
    } finally {
      leave();
    }
  };
}

/** What stands in the way before anything is read or done. */
function atTheDoor(core: SimPhoneCore, login: SimLogin, request: IncomingMessage, path: string): Ending | null {
  const faults = core.faults();
  if (core.readiness() === "down") return { status: null };
  if (core.readiness() === "starting" || (faults.busyWhileRunning && core.running() > 1)) return page(503);
  if (faults.redirectToHttps) return { ...page(308), headers: { location: `https://127.0.0.1${path}` } };
  const verdict = login.check(request.method ?? "", request.url ?? "", request.headers.authorization);
  if (!verdict.ok) return refusal(verdict);
  const again = core.take("unauthorizedAgain", path) ? login.challengeAnew() : verdict;
  return again.ok ? null : refusal(again);
}

async function carryOut(core: SimPhoneCore, request: IncomingMessage, url: URL): Promise<Ending> {
  const faults = core.faults();
  const path = url.pathname;
  const body = await readBody(request);
  if (body === null) return page(413);
  if (faults.delayMs > 0 && path.startsWith(faults.only)) await sleep(core.clock, faults.delayMs, core.signal);
  if (core.take("closeBefore", path)) return { status: null };
  if (core.take("errorAnswers", path)) return page(faults.errorStatus);
  const refused: SimAnswer = { retcode: -1, message: "Failed", data: {} };
  const answer = core.take("refusals", path) ? refused : answerRequest(core.api, request.method ?? "", url, body);
  if (core.take("closeAfter", path)) return { status: null };
  if (core.take("hangAfter", path)) return { status: null, hang: true };
  if (core.take("emptyAnswers", path)) return { status: 200 };
  if (core.take("htmlAnswers", path)) return page(200);
  const wire = encodeAnswer(answer, faults);
  return { status: 200, body: wire.body, headers: { "content-type": wire.contentType } };
}

/** How a request ends. `status` null: the connection closes unanswered, or hangs. */
interface Ending {
  readonly status: number | null;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly hang?: true;
}

function page(status: number): Ending {
  return { status, body: new TextEncoder().encode(errorPage(status)), headers: { "content-type": "text/html" } };
}

function refusal(verdict: Exclude<Verdict, { ok: true }>): Ending {
  const { challenge } = verdict;
  return { ...page(verdict.status), ...(challenge === null ? {} : { headers: { "www-authenticate": challenge } }) };
}

function finish(response: ServerResponse, ending: Ending): void {
  if (ending.hang) return;
  if (ending.status === null) {
    response.destroy();
    return;
  }
  response.writeHead(ending.status, { ...ending.headers, connection: "close" });
  response.end(ending.body);
}

function parseUrl(raw: string | undefined): URL | null {
  return raw?.startsWith("/") && URL.canParse(raw, "http://unit") ? new URL(raw, "http://unit") : null;
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(concatBytes(...chunks));
}

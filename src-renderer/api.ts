import type { InjectionKey } from "vue";
import { inject } from "vue";
import type { CallInput, CallName, CallOutput, FileAnswer } from "../src-main/api/contract.ts";
import type { ErrorShape, ToolkitError } from "../src-main/lib/errors.ts";
import { errorFromShape, fail, toToolkitError } from "../src-main/lib/errors.ts";
import type { StreamHooks } from "./event-stream.ts";
import { followEvents } from "./event-stream.ts";

/** All that the page can ask of the main side. Every failure is a ToolkitError. */
export interface Api {
  /** `POST /api/<name>`: starts, reads or cancels; answers within seconds. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>;
  /** Follows the event stream until the signal fires or another page has all the streams. */
  events(hooks: StreamHooks, signal: AbortSignal, takeOver: boolean): Promise<void>;
  /** Hands a firmware file over. */
  uploadFile(file: File): Promise<FileAnswer>;
  /** Fetches a kept file and lets the browser save it under `name`. */
  saveFile(id: string, name: string): Promise<void>;
}

const callBudgetMs = 15_000;
const fileBudgetMs = 120_000;
const tokenName = "sr01-token";

/** Where the page finds its Api; tests provide their own. */
export const apiKey: InjectionKey<Api> = Symbol("api");

/** The Api of this app. Throws `bug` outside of an app that provides one. */
export function useApi(): Api {
  const api = inject(apiKey);
  if (api === undefined) throw fail("bug", "The page was started without its connection.");
  return api;
}

/** Moves `?token=…` of the address into sessionStorage and returns the kept one; null in Electron, where there is none. */
export function takeToken(place: Location, past: History, kept: Storage): string | null {
  const query = new URLSearchParams(place.search);
  const given = query.get("token");
  if (given !== null) {
    kept.setItem(tokenName, given);
    query.delete("token");
    const rest = query.size > 0 ? `?${query.toString()}` : "";
    past.replaceState(past.state, "", `${place.pathname}${rest}${place.hash}`);
  }
  return kept.getItem(tokenName);
}

/** The real Api over `fetch`. */
export function createApi(token: string | null, fetchIt: typeof fetch = (...args) => fetch(...args)): Api {
  const headers: Record<string, string> = token === null ? {} : { "x-sr01-token": token };
  const ask = async (path: string, init: RequestInit, budgetMs: number): Promise<Response> => {
    const all = { ...headers, ...(init.headers as Record<string, string> | undefined) };
    let answer: Response;
    try {
      answer = await fetchIt(path, { ...init, headers: all, cache: "no-store", signal: AbortSignal.timeout(budgetMs) });
    } catch (cause) {
      throw noAnswer(cause);
    }
    if (!answer.ok) throw await errorOf(answer);
    return answer;
  };
  return {
    async call(name, input) {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(input) };
      const answer = await ask(`/api/${name}`, init, callBudgetMs);
      return (await answer.json()) as CallOutput<typeof name>;
    },
    events: (hooks, signal, takeOver) => followEvents(fetchIt, headers, hooks, signal, takeOver),
    async uploadFile(file) {
      const path = `/api/files?kind=rom&name=${encodeURIComponent(file.name.slice(0, 200))}`;
      const init = { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file };
      return (await (await ask(path, init, fileBudgetMs)).json()) as FileAnswer;
    },
    async saveFile(id, name) {
      const answer = await ask(`/api/files/${encodeURIComponent(id)}`, {}, fileBudgetMs);
      const url = URL.createObjectURL(await answer.blob());
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      link.click();
      URL.revokeObjectURL(url);
    },
  };
}

/** The error that a refused request carries; `bug` when it carries none. */
export async function errorOf(answer: Response): Promise<ToolkitError> {
  try {
    const body = (await answer.json()) as { error?: ErrorShape };
    if (typeof body.error?.code === "string") return errorFromShape(body.error);
  } catch {
    // No JSON: the status is all there is to tell.
  }
  return fail("bug", `The toolkit answered with status ${String(answer.status)}.`);
}

function noAnswer(cause: unknown): ToolkitError {
  if (cause instanceof Error && cause.name === "TimeoutError") {
    return fail("device-timeout", "The toolkit did not answer in time.", { cause });
  }
  if (cause instanceof TypeError) {
    return fail("link-lost", "The page lost its connection to the toolkit.", { cause });
  }
  return toToolkitError(cause);
}

/** A one-time id, made at the press: the main side executes it once, whatever is repeated on the way. */
export function onceId(): string {
  return crypto.randomUUID();
}

let ownId: string | undefined;

/** Names this page for the trigger, from its load on. Kept in memory: a tab's sessionStorage is copied with the tab. */
export function pageId(): string {
  return (ownId ??= crypto.randomUUID());
}

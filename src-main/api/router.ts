import type { z } from "zod";
import { fail } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import { calls, type CallName, type CallOutput } from "./contract.ts";

/** What a handler is given: the parsed input, defaults filled in. */
export type HandlerInput<N extends CallName> = z.output<(typeof calls)[N]["input"]>;

/** One function for every call of the contract. It throws a ToolkitError for everything a person can expect. */
export type Handlers = {
  [N in CallName]: (input: HandlerInput<N>) => Promise<CallOutput<N>> | CallOutput<N>;
};

/** Runs a call by its name. Rejects with `bad-input` (unknown call, wrong input), `bug` (wrong output) or the handler's error. */
export type Router = (name: string, input: unknown) => Promise<unknown>;

/** The way from a call's name to its handler; input and output are both parsed, members unknown to the contract dropped. */
export function createRouter(handlers: Handlers, log: Log): Router {
  return async (name, input) => {
    if (!isCallName(name)) throw fail("bad-input", "There is no such call.", { data: { call: name.slice(0, 64) } });
    return runCall(name, input, handlers, log);
  };
}

function isCallName(name: string): name is CallName {
  return Object.hasOwn(calls, name);
}

async function runCall<N extends CallName>(name: N, input: unknown, handlers: Handlers, log: Log): Promise<unknown> {
  const handle: (input: HandlerInput<N>) => Promise<CallOutput<N>> | CallOutput<N> = handlers[name];
  const answer = await handle(parseInput(name, input));
  const parsed = calls[name].output.safeParse(answer);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  log.error("api.answer-not-as-promised", { call: name, problems });
  throw fail("bug", "The program's answer was not what it promises.", { data: { call: name } });
}

function parseInput<N extends CallName>(name: N, input: unknown): HandlerInput<N> {
  const parsed = calls[name].input.safeParse(input);
  if (parsed.success) return parsed.data as HandlerInput<N>;
  const issue = parsed.error.issues[0];
  const field = issue?.path.map(String).join(".");
  throw fail("bad-input", field ? `“${field}” is not right: ${issue?.message ?? ""}.` : "The input is not right.", {
    ...(field ? { field } : {}),
    data: { call: name },
  });
}

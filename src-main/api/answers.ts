import { errorShape, ToolkitError, type ErrorShape } from "../lib/errors.ts";
import { redact, redactText, type Log } from "../lib/log.ts";

/** On every answer of the API: nothing is kept by a cache, nothing is guessed, no other origin may read it. */
export const apiHeaders = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
} as const;

/** A JSON answer. */
export function jsonAnswer(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { ...apiHeaders, "content-type": "application/json; charset=utf-8" },
  });
}

/** `{"error": ErrorShape}` with status 400 for what a person can expect and 500 for our own faults, which are logged. */
export function errorAnswer(thrown: unknown, log: Log): Response {
  const shape = outwardShape(thrown);
  if (shape.code !== "bug") return jsonAnswer({ error: shape }, 400);
  log.error("api.bug", {
    message: thrown instanceof Error ? redactText(thrown.message) : "not an error object",
    stack: thrown instanceof Error ? redactText(thrown.stack ?? "") : "",
  });
  return jsonAnswer({ error: shape }, 500);
}

/** A foreign error's text may hold anything, so only our own errors' words go out, without stack and secrets. */
function outwardShape(thrown: unknown): ErrorShape {
  const shape = errorShape(thrown);
  if (shape.code === "bug" && !(thrown instanceof ToolkitError)) {
    return { code: "bug", message: "This program made a mistake. Its log has the details." };
  }
  return {
    ...shape,
    message: redactText(shape.message),
    ...(shape.data ? { data: redact(shape.data) as NonNullable<ErrorShape["data"]> } : {}),
  };
}

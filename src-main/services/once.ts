import { fail } from "../lib/errors.ts";

/** So many presses are remembered. */
const remembered = 1000;

/**
 * Executes each one-time id once and answers a repeat with the first result. Browsers send a POST again when a reused
 * connection closes unanswered; a relay must not move twice for that.
 */
export class Once {
  readonly #answers = new Map<string, { what: string; answer: unknown }>();

  /** Runs `work` for a new id; a known id gets the first answer, or `bad-input` when it was used for something else. */
  run<T>(onceId: string, what: string, work: () => T): T {
    const known = this.#answers.get(onceId);
    if (known) {
      if (known.what !== what)
        throw fail("bad-input", "This one-time id was used for something else.", { field: "onceId" });
      return known.answer as T;
    }
    const answer = work();
    this.#answers.set(onceId, { what, answer });
    if (this.#answers.size > remembered) this.#answers.delete(this.#answers.keys().next().value as string);
    return answer;
  }
}

/** A list of callbacks. `add` returns the way to leave; one that throws does not hinder the others. */
export class Listeners<A extends readonly unknown[]> {
  readonly #all = new Set<(...args: A) => void>();

  /** Adds a callback; the returned function removes it. */
  add(fn: (...args: A) => void): () => void {
    this.#all.add(fn);
    return () => {
      this.#all.delete(fn);
    };
  }

  /** Calls all of them, in order of adding. A callback's error is thrown after all were called. */
  emit(...args: A): void {
    const errors: unknown[] = [];
    for (const fn of [...this.#all]) {
      try {
        fn(...args);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

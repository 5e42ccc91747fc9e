/** Lets one task in at a time, in the order of asking. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** True while a task runs or waits. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Runs `task` after all earlier ones ended, whatever their end. Returns its result. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const turn = this.#tail.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

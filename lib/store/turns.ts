// One thing after the other, in the order in which they were asked for.

/** Runs steps one at a time. */
export class Turns {
  #last: Promise<void> | undefined;

  /** Runs `step` once all steps before it have settled, and settles as it does. */
  async take<T>(step: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      if (before) await before;
      return await step();
    } finally {
      if (this.#last === promise) this.#last = undefined;
      resolve();
    }
  }
}

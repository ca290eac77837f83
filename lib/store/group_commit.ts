// Lets changes that are made at the same time share one transaction, and so one synchronisation of the
// disk. Not for reads: they need no turn.

import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import type { SqlDatabase } from "../runtime/sql.ts";
import { storageError } from "./storage_error.ts";

// Enough to make a sync cheap for each; few enough that inline contents of 64 KiB do not hold the
// process up for long.
const MAX_BATCH = 256;

interface Change {
  /** Runs it; keeps the answer, or the refusal, until the transaction has ended. */
  apply(): void;
  answer(): void;
  fail(error: MorselError): void;
}

/** Gathers changes and writes them in batches, in the order in which they came. */
export class GroupCommit {
  readonly #db: SqlDatabase;
  readonly #clock: Clock;
  // Bounded by its callers: each waits for its answer.
  readonly #waiting: Change[] = [];
  #scheduled = false;

  /** Neither is closed by it. */
  constructor(db: SqlDatabase, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /**
   * Settles with what `work` returns once that is on stable storage. `work` refuses by throwing a
   * MorselError before it wrote anything; after any other error it may be run a second time.
   */
  run<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let answer = () => {};
    this.#waiting.push({
      apply: () => {
        try {
          const result = work();
          answer = () => resolve(result);
        } catch (thrown) {
          if (!(thrown instanceof MorselError)) throw thrown;
          answer = () => reject(thrown);
        }
      },
      answer: () => answer(),
      fail: reject,
    });
    this.#schedule();
    return promise;
  }

  /** Writes all that waits, now. */
  drain(): void {
    while (this.#waiting.length > 0) this.#write(this.#waiting.splice(0, MAX_BATCH));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#write(this.#waiting.splice(0, MAX_BATCH));
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #write(batch: readonly Change[]): void {
    if (batch.length === 0) return;
    let stage: "begin" | "apply" | "commit" = "begin";
    try {
      this.#db.transaction(() => {
        stage = "apply";
        for (const change of batch) change.apply();
        stage = "commit";
      });
    } catch (thrown) {
      this.#writeFailed(batch, stage, thrown);
      return;
    }
    for (const change of batch) change.answer();
  }

  #writeFailed(batch: readonly Change[], stage: string, thrown: unknown): void {
    // One change could not be applied and took its neighbours back with it: each on its own now. A
    // COMMIT that failed is not repeated, as nothing is known of what reached the disk.
    if (stage === "apply" && batch.length > 1) {
      for (const change of batch) this.#write([change]);
      return;
    }
    const error = storageError(thrown, "Cannot write to the catalog");
    for (const change of batch) change.fail(error);
  }
}

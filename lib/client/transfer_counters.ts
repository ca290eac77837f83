// Where the time of transfers goes, to say at the end what limited them. Who waits counts: the client for the
// window and hashing, its caller for the source or sink that it gave. What is left is the link's.

import type { Clock } from "../base/clock.ts";

/** What is waited for: Acks of a full window, or the local source or sink. */
export type WaitedFor = "window" | "disk";

/** Milliseconds, added up over any number of transfers. Those of transfers side by side add up, too. */
export class TransferCounters {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #waitedMs: Record<WaitedFor, number> = { window: 0, disk: 0 };
  #hashMs = 0;
  #wholeMs = 0;

  /** What tells the time, such as `{ monotonicMs: () => performance.now() }`. */
  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** How long was waited for something. */
  waitedMs(what: WaitedFor): number {
    return this.#waitedMs[what];
  }

  /** How long was hashed. */
  get hashMs(): number {
    return this.#hashMs;
  }

  /** How long the transfers took, one added to the other. */
  get wholeMs(): number {
    return this.#wholeMs;
  }

  /** Counts the wait for `work`. */
  async wait<T>(what: WaitedFor, work: Promise<T>): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    try {
      return await work;
    } finally {
      this.#waitedMs[what] += this.#clock.monotonicMs() - startMs;
    }
  }

  /** Counts the time that `work` takes for hashing. */
  hash<T>(work: () => T): T {
    const startMs = this.#clock.monotonicMs();
    try {
      return work();
    } finally {
      this.#hashMs += this.#clock.monotonicMs() - startMs;
    }
  }

  /** Counts hashing by others, until it is done. */
  async hashElsewhere<T>(work: Promise<T>): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    try {
      return await work;
    } finally {
      this.#hashMs += this.#clock.monotonicMs() - startMs;
    }
  }

  /** Counts a whole transfer. */
  async transfer<T>(work: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    try {
      return await work();
    } finally {
      this.#wholeMs += this.#clock.monotonicMs() - startMs;
    }
  }
}

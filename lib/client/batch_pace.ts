// How much of an upload is read, hashed and handed to the network at a time. What was handed over has to go before
// anything else of the connection does, and before a program that is stopped ends: on a slow link it must be little.

import { BATCH_SIZE } from "../protocol/data_batch.ts";

/** Bytes of a batch on a fast link, where the turns between batches cost a put a twentieth of its time (bench/README.md). */
const LARGE_BATCH = 1024 * 1024;
/** Bytes a millisecond from which a link is fast: a large batch is gone in 20 ms. */
const FAST_RATE = LARGE_BATCH / 20;

/** The batches of one upload, by how fast others were gone. Two may be under way, and the first two are small. */
export class BatchPace {
  /** Where the batch before began, and when; and the bytes of the one before that. */
  #last: { readonly position: number; readonly atMs: number; readonly before: number } | undefined;

  /** Bytes of the batch that begins at `position` now. */
  next(position: number, nowMs: number): number {
    const { position: start, atMs, before } = this.#last ?? { position, atMs: nowMs, before: 0 };
    this.#last = { position, atMs: nowMs, before: position - start };
    // The last batch has only been handed over by now; what was waited for meanwhile is the one before it.
    return before > 0 && before >= FAST_RATE * (nowMs - atMs) ? LARGE_BATCH : BATCH_SIZE;
  }
}

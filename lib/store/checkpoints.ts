// When the bytes of an upload are made durable: often enough that a crash costs little, seldom enough that
// the disk has better things to do. Not how: that is record in stored_upload.ts.

import type { Clock } from "../base/clock.ts";
import { BLOCK_SIZE } from "../base/merkle.ts";

const MIB = 1024 * 1024;
/** A checkpoint is due each time this many bytes have come, unless one is under way: the end waits for what is left. */
const CHECKPOINT_SIZE = 16 * MIB;
/** And each time so many have come in any case: what a crash costs at most, twice. */
const LARGEST_CHECKPOINT = 64 * MIB;
/** For slow uploads: a checkpoint is due each time this long has gone by, if a whole block has come. */
const CHECKPOINT_MS = 2000;

// How many bytes come before it is asked for again: the chunks are small and the clock is dear.
const ASK_EVERY = 16 * 1024;

/** The checkpoints of one upload: at most one at a time, in the background. */
export class Checkpoints {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #lastSize: number;
  #lastMs: number;
  #askedSize: number;
  #running: Promise<void> | undefined;

  /** `size` bytes are durable already. */
  constructor(clock: Pick<Clock, "monotonicMs">, size: number) {
    this.#clock = clock;
    this.#lastSize = this.#askedSize = size;
    this.#lastMs = clock.monotonicMs();
  }

  /** Whether it is time for one, now that `size` bytes have come; to be asked after each write. */
  isDue(size: number): boolean {
    if (size - this.#askedSize < ASK_EVERY) return false;
    this.#askedSize = size;
    const come = size - this.#lastSize;
    if (come >= LARGEST_CHECKPOINT) return true;
    // A disk that is slower than the network must not hold up the writes before that.
    if (this.#running) return false;
    if (come >= CHECKPOINT_SIZE) return true;
    if (wholeBlocks(size) <= wholeBlocks(this.#lastSize)) return false;
    return this.#clock.monotonicMs() - this.#lastMs >= CHECKPOINT_MS;
  }

  /** Settles when none is running. Never fails. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Begins one that covers `size` bytes; none is running. `record` keeps its own failure. */
  begin(size: number, record: () => Promise<void>): void {
    this.#lastSize = size;
    this.#lastMs = this.#clock.monotonicMs();
    const running = record().catch(() => {}).then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
  }
}

function wholeBlocks(size: number): number {
  return Math.floor(size / BLOCK_SIZE);
}

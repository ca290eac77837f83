// Keeps something at a rate, so that work in the background leaves the disk to those in front of it.

import type { Clock } from "../base/clock.ts";
import { wait } from "../base/wait.ts";

// Shorter waits are saved up: a timer for each block would cost more than it saves.
const LEAST_WAIT_MS = 5;

/** A bound on bytes per second. Time that was not used is not made up for. */
export class Pace {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  /** When all that was taken so far is paid for. */
  #paidMs: number;

  /** The rate is in bytes per second; Infinity for none. */
  constructor(clock: Clock, rateBytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = rateBytesPerSecond / 1000;
    this.#paidMs = clock.monotonicMs();
  }

  /** Settles when so many bytes may be followed by more. Throws the signal's reason. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const nowMs = this.#clock.monotonicMs();
    this.#paidMs = Math.max(this.#paidMs, nowMs - LEAST_WAIT_MS) + bytes / this.#bytesPerMs;
    const aheadMs = this.#paidMs - nowMs;
    if (aheadMs > LEAST_WAIT_MS) await wait(this.#clock, aheadMs, signal);
  }
}

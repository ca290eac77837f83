// A token bucket: keeps something at a rate, so that work in the background leaves the disk to those in front
// of it, and transfers leave the link to others. The bucket holds time, not bytes: when all is paid for.

import type { Clock } from "./clock.ts";
import { wait } from "./wait.ts";

/** Shorter waits are saved up: a timer for each block would cost more than it saves. */
const LEAST_WAIT_MS = 5;

/** How a {@linkcode Pace} treats those who take from it. */
export interface PaceOptions {
  /** How many milliseconds' worth of bytes may go at once after a rest; 5 by default. */
  readonly burstMs?: number;
  /** Bytes a second that each taker is let through with however many there are; 0 by default. */
  readonly leastRate?: number;
  /** How long a single take waits at most, and how far all together run into debt, in milliseconds. */
  readonly longestMs?: number;
}

/** A bound on bytes per second. Beyond the burst, time that was not used is not made up for. */
export class Pace {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  readonly #options: Required<PaceOptions>;
  /** When all that was taken so far is paid for. */
  #paidMs: number;

  /** The rate is in bytes per second; Infinity for none. */
  constructor(clock: Clock, rateBytesPerSecond: number, options: PaceOptions = {}) {
    this.#clock = clock;
    this.#bytesPerMs = rateBytesPerSecond / 1000;
    this.#options = { burstMs: LEAST_WAIT_MS, leastRate: 0, longestMs: Infinity, ...options };
    this.#paidMs = clock.monotonicMs() - this.#options.burstMs;
  }

  /** Settles when so many bytes may be followed by more. Throws the signal's reason. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const pauseMs = this.charge(bytes);
    if (pauseMs > 0) await wait(this.#clock, pauseMs, signal);
  }

  /** The same without the waiting: returns the milliseconds before more may follow, `longestMs` at most. */
  charge(bytes: number, longestMs = Infinity): number {
    const { burstMs, leastRate, longestMs: mostDebtMs } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    const paidMs = Math.max(this.#paidMs, nowMs - burstMs) + bytes / this.#bytesPerMs;
    this.#paidMs = Math.min(paidMs, nowMs + mostDebtMs);
    const patienceMs = leastRate > 0 ? bytes * 1000 / leastRate : Infinity;
    const aheadMs = Math.min(this.#paidMs - nowMs, patienceMs, longestMs);
    return aheadMs > LEAST_WAIT_MS ? Math.ceil(aheadMs) : 0;
  }

  /** How long it is until all that was taken is paid for, in milliseconds; negative after a rest. */
  get debtMs(): number {
    return this.#paidMs - this.#clock.monotonicMs();
  }
}

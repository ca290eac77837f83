// Counts requests over a fixed time, and how long each took.

import { quantile } from "../measure/statistics.ts";

/** What a load client prints. */
export interface LoadReport {
  /** How many were answered. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** The most times that are kept; quantiles are of the first so many. */
const MOST_TIMES = 1_000_000;

/** What was counted since it was made. */
export class LoadCount {
  /** Requests that were answered. */
  requests = 0;
  readonly #began = performance.now();
  readonly #endMs: number;
  readonly #timesMs = new Float64Array(MOST_TIMES);
  #lastMs = this.#began;

  /** Counts for so many seconds. */
  constructor(seconds: number) {
    this.#endMs = this.#began + seconds * 1000;
  }

  /** Whether the time is over, at the last answer. */
  get isOver(): boolean {
    return this.#lastMs >= this.#endMs;
  }

  /** One more was answered, just now, in so many milliseconds. */
  add(ms: number): void {
    if (this.requests < MOST_TIMES) this.#timesMs[this.requests] = ms;
    this.requests++;
    this.#lastMs = performance.now();
  }

  /** The figures. Throws a RangeError when nothing was answered. */
  report(): LoadReport {
    const times = this.#timesMs.subarray(0, Math.min(this.requests, MOST_TIMES));
    return {
      requests: this.requests,
      requestsPerSecond: this.requests / (this.#lastMs - this.#began) * 1000,
      p50Us: quantile(times, 0.5) * 1000,
      p99Us: quantile(times, 0.99) * 1000,
    };
  }
}

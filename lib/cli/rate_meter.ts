// How fast something goes, over the last seconds.

import type { Clock } from "../base/clock.ts";

// Long enough to be calm, short enough to show a cable that was pulled.
const RATE_OVER_MS = 3000;

/** Measures a rate from a count of bytes that is noted now and then. */
export class RateMeter {
  readonly #clock: Clock;
  readonly #samples: { atMs: number; bytes: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes how many bytes there are now; a few times a second at most. */
  note(bytes: number): void {
    const atMs = this.#clock.monotonicMs();
    this.#samples.push({ atMs, bytes });
    while (atMs - this.#samples[0]!.atMs > RATE_OVER_MS) this.#samples.shift();
  }

  /** Says that so many bytes have come at once which are no part of the rate: they were there before. */
  skip(bytes: number): void {
    for (const sample of this.#samples) sample.bytes += bytes;
  }

  /** Bytes a second; undefined before it could be measured. */
  get rate(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs === first.atMs) return undefined;
    return Math.max(0, last.bytes - first.bytes) / (last.atMs - first.atMs) * 1000;
  }
}

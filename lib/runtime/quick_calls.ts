// Calls of the system that block, as long as they are quick. One that is answered from memory costs a fraction of
// a promise; one that waits for a disk or a network stands in the way of everything else.

import type { Clock } from "../base/clock.ts";

/** More than an answer from memory takes on average, in milliseconds; a network file system takes more. */
const SLOW_MS = 0.25;
/** Over how many calls the average goes: a pause of the whole process is not to count as slowness. */
const AVERAGED_CALLS = 32;
/** How many calls are made without blocking once they are slow. */
const PATIENT_CALLS = 256;

/** Chooses between two ways of making the same call. */
export class QuickCalls {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #averageMs = 0;
  #patientCalls = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Makes a call: `blocking` while such calls are quick, else `patient`. */
  async make<T>(blocking: () => T, patient: () => Promise<T>): Promise<T> {
    if (this.#patientCalls > 0) {
      this.#patientCalls--;
      return await patient();
    }
    const startMs = this.#clock.monotonicMs();
    try {
      return blocking();
    } finally {
      const tookMs = this.#clock.monotonicMs() - startMs;
      this.#averageMs += (tookMs - this.#averageMs) / AVERAGED_CALLS;
      if (this.#averageMs > SLOW_MS) {
        this.#patientCalls = PATIENT_CALLS;
        this.#averageMs = 0;
      }
    }
  }
}

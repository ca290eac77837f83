// Calls of the system that block, as long as they are quick. One that is answered from memory costs a fraction of
// a promise; one that waits for a disk or a network stands in the way of everything else.

import type { Clock } from "../base/clock.ts";

/** More than an answer from memory takes, in milliseconds; a network file system takes more. */
const SLOW_MS = 0.25;
/** So many slow calls in a row are no chance, as pauses of a busy machine are. */
const SLOW_IN_A_ROW = 8;
/** How many calls are made without blocking then. */
const PATIENT_CALLS = 256;

/** Chooses between two ways of making calls of one kind. */
export class QuickCalls {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #slowMs: number;
  #slowCalls = 0;
  #patientCalls = 0;

  /** `calls` is how many calls of the system one call makes, or may take as long as. */
  constructor(clock: Pick<Clock, "monotonicMs">, { calls = 1 } = {}) {
    this.#clock = clock;
    this.#slowMs = SLOW_MS * calls;
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
      const isSlow = this.#clock.monotonicMs() - startMs > this.#slowMs;
      this.#slowCalls = isSlow ? this.#slowCalls + 1 : 0;
      if (this.#slowCalls === SLOW_IN_A_ROW) {
        this.#patientCalls = PATIENT_CALLS;
        this.#slowCalls = 0;
      }
    }
  }
}

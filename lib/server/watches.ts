// The watches a session has open (PROTOCOL.md 6): each is woken by every change, and so they are bounded, and come one
// after the other.

import { MorselError } from "../base/errors.ts";
import { MAX_WATCHES } from "../protocol/limits.ts";
import { Turns } from "../store/turns.ts";

/** The watches of one session. */
export class Watches {
  /** In which they tell of changes, each of a page at a time. */
  readonly turns = new Turns();
  #open = 0;

  /** Takes one in; call what is returned at its end. Throws `limit`. */
  enter(): () => void {
    if (this.#open >= MAX_WATCHES) {
      throw new MorselError("limit", `More than ${MAX_WATCHES} watches of one session are open`, {
        detail: { limit: "watches", value: String(MAX_WATCHES) },
      });
    }
    this.#open++;
    return () => void this.#open--;
  }
}

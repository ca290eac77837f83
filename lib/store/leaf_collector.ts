// Gathers the leaf hashes of an upload into the parts that the catalog keeps. It holds those that are
// not recorded in full yet: as checkpoints follow each other, about one part.

import { concat } from "@std/bytes";
import { type LeafPart, LEAVES_PER_PART } from "./catalog.ts";

/** Leaf hashes on their way to the catalog. */
export class LeafCollector {
  /** Those from `#firstPart * LEAVES_PER_PART` on. */
  readonly #leaves: Uint8Array[] = [];
  #firstPart = 0;

  /** How many were added in all. */
  get count(): number {
    return this.#firstPart * LEAVES_PER_PART + this.#leaves.length;
  }

  /** Takes the next leaf hash. */
  add(leaf: Uint8Array): void {
    this.#leaves.push(leaf);
  }

  /** All that is not recorded in full; the last part may be a short one that will come again, longer. */
  unrecorded(): LeafPart[] {
    const parts: LeafPart[] = [];
    for (let start = 0; start < this.#leaves.length; start += LEAVES_PER_PART) {
      const hashes = concat(this.#leaves.slice(start, start + LEAVES_PER_PART));
      parts.push({ index: this.#firstPart + start / LEAVES_PER_PART, hashes });
    }
    return parts;
  }

  /** Says that the first `count` leaves are recorded; full parts of them are let go. */
  recorded(count: number): void {
    const full = Math.floor(count / LEAVES_PER_PART) - this.#firstPart;
    if (full <= 0) return;
    this.#leaves.splice(0, full * LEAVES_PER_PART);
    this.#firstPart += full;
  }
}

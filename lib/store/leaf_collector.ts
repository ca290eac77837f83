// Gathers the leaf hashes of an upload into the parts that the catalog keeps, and knows the root over all of them.
// It holds those that are not recorded in full yet: as checkpoints follow each other, about one part.

import { concat } from "@std/bytes";
import { DIGEST_SIZE, MerklePeaks, merkleRoot } from "../base/merkle.ts";
import { type LeafPart, LEAVES_PER_PART, PART_HEIGHT } from "./catalog.ts";

/** The leaf hashes that the catalog has of an upload: all that is needed to go on with its tree. */
export interface RecordedLeaves {
  /** The roots of its full parts, one after the other. */
  readonly partRoots: Uint8Array;
  /** The hashes of the part that is not full. */
  readonly rest: Uint8Array;
}

/** Leaf hashes on their way to the catalog. */
export class LeafCollector {
  /** Those from `#firstPart * LEAVES_PER_PART` on. */
  readonly #leaves: Uint8Array[];
  #firstPart: number;
  /** The full parts before those. */
  readonly #peaks = new MerklePeaks();
  /** The roots of the full ones among those: each is made once, for the catalog and for the root over all. */
  readonly #roots: Uint8Array[] = [];

  /** Goes on behind what is recorded already. */
  constructor(recorded?: RecordedLeaves) {
    this.#firstPart = (recorded?.partRoots.length ?? 0) / DIGEST_SIZE;
    this.#leaves = hashesIn(recorded?.rest);
    for (const root of hashesIn(recorded?.partRoots)) this.#peaks.addSubtree(root, PART_HEIGHT);
  }

  /** How many were added in all. */
  get count(): number {
    return this.#firstPart * LEAVES_PER_PART + this.#leaves.length;
  }

  /** Takes the next leaf hash. */
  add(leaf: Uint8Array): void {
    this.#leaves.push(leaf);
    const { length } = this.#leaves;
    if (length % LEAVES_PER_PART !== 0) return;
    this.#roots.push(merkleRoot(concat(this.#leaves.slice(length - LEAVES_PER_PART))));
  }

  /** The root over all that were added: the digest of the content whose leaves they are. */
  root(): Uint8Array {
    const peaks = this.#peaks.clone();
    for (const root of this.#roots) peaks.addSubtree(root, PART_HEIGHT);
    for (const leaf of this.#leaves.slice(this.#roots.length * LEAVES_PER_PART)) peaks.add(leaf);
    return peaks.root();
  }

  /** All that is not recorded in full; the last part may be a short one that will come again, longer. */
  unrecorded(): LeafPart[] {
    const parts: LeafPart[] = [];
    for (let start = 0; start < this.#leaves.length; start += LEAVES_PER_PART) {
      const hashes = concat(this.#leaves.slice(start, start + LEAVES_PER_PART));
      const nth = start / LEAVES_PER_PART;
      parts.push({ index: this.#firstPart + nth, hashes, root: this.#roots[nth] });
    }
    return parts;
  }

  /** Says that the first `count` leaves are recorded; full parts of them are let go. */
  recorded(count: number): void {
    const full = Math.floor(count / LEAVES_PER_PART) - this.#firstPart;
    if (full <= 0) return;
    this.#leaves.splice(0, full * LEAVES_PER_PART);
    for (const root of this.#roots.splice(0, full)) this.#peaks.addSubtree(root, PART_HEIGHT);
    this.#firstPart += full;
  }
}

function hashesIn(bytes: Uint8Array = new Uint8Array(0)): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += DIGEST_SIZE) {
    hashes.push(bytes.slice(start, start + DIGEST_SIZE));
  }
  return hashes;
}

// Gathers the leaf hashes of an upload into the parts that the catalog keeps. It holds those that are
// not recorded in full yet: as checkpoints follow each other, about one part.

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

/** The tree over recorded leaves. */
export function peaksOf({ partRoots, rest }: RecordedLeaves): MerklePeaks {
  const peaks = new MerklePeaks();
  for (const root of hashesIn(partRoots)) peaks.addSubtree(root, PART_HEIGHT);
  peaks.addAll(rest);
  return peaks;
}

/** Leaf hashes on their way to the catalog. */
export class LeafCollector {
  /** Those from `#firstPart * LEAVES_PER_PART` on. */
  readonly #leaves: Uint8Array[];
  #firstPart: number;

  /** Goes on behind what is recorded already. */
  constructor(recorded?: RecordedLeaves) {
    this.#firstPart = (recorded?.partRoots.length ?? 0) / DIGEST_SIZE;
    this.#leaves = recorded ? hashesIn(recorded.rest) : [];
  }

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
      const leaves = this.#leaves.slice(start, start + LEAVES_PER_PART);
      const hashes = concat(leaves);
      const root = leaves.length === LEAVES_PER_PART ? merkleRoot(hashes) : undefined;
      parts.push({ index: this.#firstPart + start / LEAVES_PER_PART, hashes, root });
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

function hashesIn(bytes: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += DIGEST_SIZE) {
    hashes.push(bytes.slice(start, start + DIGEST_SIZE));
  }
  return hashes;
}

// A hash tree with all of its inner nodes, for whoever needs the hashes of many subtrees (PROTOCOL.md 2.4).
// Not for hashing content: MerkleHasher does that in constant memory.

import { DIGEST_SIZE, merkleRoot, nodeHash } from "./merkle.ts";
import { split } from "./merkle_range.ts";

/** A tree over hashes; twice their size in memory. */
export class MerkleTree {
  /** How many hashes it is made over. */
  readonly leafCount: number;
  /** Level `k` has the roots of the complete subtrees of 2 ** k leaves. */
  readonly #levels: Uint8Array[];

  /** The hashes lie one after the other; they belong to the tree then. */
  constructor(leaves: Uint8Array) {
    this.leafCount = leaves.length / DIGEST_SIZE;
    this.#levels = [leaves];
    for (let below = leaves; below.length >= 2 * DIGEST_SIZE;) {
      this.#levels.push(below = levelAbove(below));
    }
  }

  /** The hashes it is made over, one after the other. */
  get leaves(): Uint8Array {
    return this.#levels[0]!;
  }

  /** The root of the whole tree. */
  get root(): Uint8Array {
    return this.leafCount === 0 ? merkleRoot(new Uint8Array(0)) : this.rootOf(0, this.leafCount);
  }

  /** The root of a subtree that the recursion of RFC 9162 meets: leaves `[start, end)`. */
  rootOf(start: number, end: number): Uint8Array {
    const size = end - start;
    const height = heightOf(size);
    if (2 ** height === size) {
      const index = start / size;
      return this.#levels[height]!.subarray(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE);
    }
    const middle = start + split(size);
    return nodeHash(this.rootOf(start, middle), this.rootOf(middle, end));
  }
}

/** That of the least complete tree that holds so many leaves. */
function heightOf(leafCount: number): number {
  let height = 0;
  while (2 ** height < leafCount) height++;
  return height;
}

function levelAbove(below: Uint8Array): Uint8Array {
  const pairs = Math.floor(below.length / (2 * DIGEST_SIZE));
  const level = new Uint8Array(pairs * DIGEST_SIZE);
  for (let pair = 0; pair < pairs; pair++) {
    const start = pair * 2 * DIGEST_SIZE;
    const left = below.subarray(start, start + DIGEST_SIZE);
    const right = below.subarray(start + DIGEST_SIZE, start + 2 * DIGEST_SIZE);
    level.set(nodeHash(left, right), pair * DIGEST_SIZE);
  }
  return level;
}

// Proofs that blocks belong to a content: a range of leaves against the root of its tree, without the
// other leaves (PROTOCOL.md 2.4). A proof is the list of the hashes of the maximal subtrees outside the
// range, from left to right, in the recursion of RFC 9162 section 2.1.

import { DIGEST_SIZE, merkleRoot, nodeHash } from "./merkle.ts";

/** Blocks `[first, end)` of a tree of `leafCount` leaves. */
export interface BlockRange {
  readonly leafCount: number;
  readonly first: number;
  readonly end: number;
}

/** The hash of the subtree over the leaves `[start, end)`. */
export type SubtreeRoot = (start: number, end: number) => Uint8Array | Promise<Uint8Array>;

/** The proof of a range, its hashes one after the other. Throws a RangeError when there is no such range. */
export async function rangeProof(range: BlockRange, subtreeRoot: SubtreeRoot): Promise<Uint8Array> {
  if (!isRange(range)) {
    const { first, end, leafCount } = range;
    throw new RangeError(`There are no blocks [${first}, ${end}) among ${leafCount}`);
  }
  const outside = subtreesOutside(range);
  const proof = new Uint8Array(outside.length * DIGEST_SIZE);
  for (const [index, { start, end }] of outside.entries()) {
    proof.set(await subtreeRoot(start, end), index * DIGEST_SIZE);
  }
  return proof;
}

/** Leaf hashes from leaf `first` on, and the proof of their range. */
export interface ProvenRange {
  readonly leafCount: number;
  readonly first: number;
  readonly leaves: Uint8Array;
  readonly proof: Uint8Array;
}

/**
 * The root that a tree has which holds these leaves at this place. Undefined when the proof is not one of
 * this range, as it has too few or too many hashes. Whoever calls compares the root with the digest.
 */
export function rootFromRange(
  { leafCount, first, leaves, proof }: ProvenRange,
): Uint8Array | undefined {
  const end = first + leaves.length / DIGEST_SIZE;
  if (!isRange({ leafCount, first, end })) return undefined;
  if (leafCount === 0) return proof.length === 0 ? merkleRoot(leaves) : undefined;
  if (subtreesOutside({ leafCount, first, end }).length * DIGEST_SIZE !== proof.length) {
    return undefined;
  }
  let used = 0;
  const rootOf = (start: number, stop: number): Uint8Array => {
    if (stop <= first || start >= end) return proof.subarray(used, used += DIGEST_SIZE);
    if (start >= first && stop <= end) {
      return merkleRoot(
        leaves.subarray((start - first) * DIGEST_SIZE, (stop - first) * DIGEST_SIZE),
      );
    }
    const middle = start + split(stop - start);
    const left = rootOf(start, middle);
    return nodeHash(left, rootOf(middle, stop));
  };
  return rootOf(0, leafCount);
}

/** How many leaves the left one of two subtrees has: the largest power of two below their sum. */
export function split(leafCount: number): number {
  let left = 1;
  while (left * 2 < leafCount) left *= 2;
  return left;
}

/** An empty range says nothing and so is none, but for that of an empty tree. */
function isRange({ leafCount, first, end }: BlockRange): boolean {
  if (![leafCount, first, end].every(Number.isSafeInteger) || first < 0 || end > leafCount) {
    return false;
  }
  return first < end || leafCount === 0;
}

/** At most two for each level of the tree, from left to right. */
function subtreesOutside(range: BlockRange): { start: number; end: number }[] {
  const outside: { start: number; end: number }[] = [];
  const visit = (start: number, end: number): void => {
    if (end <= range.first || start >= range.end) {
      outside.push({ start, end });
    } else if (start < range.first || end > range.end) {
      const middle = start + split(end - start);
      visit(start, middle);
      visit(middle, end);
    }
  };
  if (range.leafCount > 0) visit(0, range.leafCount);
  return outside;
}

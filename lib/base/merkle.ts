// The digest of content: the root of a SHA-256 Merkle tree over blocks of 64 KiB, hashed as in RFC 9162
// section 2.1 (PROTOCOL.md 2.4). Not a general tree: leaves are only ever appended.

import type { Hash } from "node:crypto";
import { fromHex } from "./hex.ts";
import { sha256 } from "./sha256.ts";

/** Bytes in a block, the unit of hashing. */
export const BLOCK_SIZE = 65536;
/** Bytes in a digest and in every hash of the tree. */
export const DIGEST_SIZE = 32;

// RFC 9162 section 2.1: different prefixes keep a leaf from passing as a node.
const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = Uint8Array.of(0x01);
/** What is hashed for a node, used again each time: three updates of a hash cost more than two copies. */
const NODE = new Uint8Array(NODE_PREFIX.length + 2 * DIGEST_SIZE);
NODE.set(NODE_PREFIX);

/** The hash of one block of up to 64 KiB. */
export function leafHash(block: Uint8Array): Uint8Array {
  return finish(sha256().update(LEAF_PREFIX).update(block));
}

/** The hash that stands for two neighbouring subtrees, of their hashes of 32 bytes each. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  NODE.set(left, NODE_PREFIX.length);
  NODE.set(right, NODE_PREFIX.length + DIGEST_SIZE);
  return finish(sha256().update(NODE));
}

/**
 * The root over leaf hashes that lie one after the other in `leaves`. Nothing hashes to SHA-256(""). Level by level,
 * a node without a neighbour going up as it is: that is the tree of RFC 9162, and takes no array for each node.
 */
export function merkleRoot(leaves: Uint8Array): Uint8Array {
  if (leaves.length === 0) return finish(sha256());
  if (leaves.length === DIGEST_SIZE) return leaves.slice();
  const level = leaves.slice();
  for (let size = level.length; size > DIGEST_SIZE;) {
    let above = 0;
    for (let start = 0; start < size; start += 2 * DIGEST_SIZE, above += DIGEST_SIZE) {
      const pair = level.subarray(start, Math.min(size, start + 2 * DIGEST_SIZE));
      if (pair.length === DIGEST_SIZE) level.copyWithin(above, start, size);
      else {
        NODE.set(pair, NODE_PREFIX.length);
        level.set(finish(sha256().update(NODE)), above);
      }
    }
    size = above;
  }
  return level.slice(0, DIGEST_SIZE);
}

/** The digest of a content of at most one block, which is its own tree. */
export function smallDigest(bytes: Uint8Array): Uint8Array {
  return bytes.length > 0 ? leafHash(bytes) : merkleRoot(bytes);
}

/** Hashes the blocks of content that arrives in pieces of any size, front to back, in constant memory. */
export class LeafHasher {
  readonly #onLeaf: (leaf: Uint8Array) => void;
  #block: Hash | undefined;
  #blockSize = 0;

  /** `onLeaf` is given each block's hash as soon as it is known, that of a short last one from `end`. */
  constructor(onLeaf: (leaf: Uint8Array) => void) {
    this.#onLeaf = onLeaf;
  }

  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(bytes.length, start + BLOCK_SIZE - this.#blockSize);
      this.#block ??= sha256().update(LEAF_PREFIX);
      this.#block.update(bytes.subarray(start, end));
      this.#blockSize += end - start;
      start = end;
      if (this.#blockSize === BLOCK_SIZE) this.#endBlock();
    }
  }

  /** Ends the content. Call it once; `update` must not follow. */
  end(): void {
    if (this.#blockSize > 0) this.#endBlock();
  }

  #endBlock(): void {
    const leaf = finish(this.#block!);
    this.#block = undefined;
    this.#blockSize = 0;
    this.#onLeaf(leaf);
  }
}

/** Makes the digest of content that arrives in pieces of any size, front to back, in constant memory. */
export class MerkleHasher {
  readonly #peaks = new MerklePeaks();
  readonly #leaves = new LeafHasher((leaf) => this.#peaks.add(leaf));
  #size = 0;

  /** Bytes hashed so far. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void {
    this.#leaves.update(bytes);
    this.#size += bytes.length;
  }

  /** Ends the content and returns its digest. Call it once; `update` must not follow. */
  digest(): Uint8Array {
    this.#leaves.end();
    return this.#peaks.root();
  }
}

/** The roots of the complete subtrees so far, largest first: what a growing tree has to remember. */
export class MerklePeaks {
  readonly #roots: { height: number; hash: Uint8Array }[] = [];
  #count = 0;

  /** Leaves that are in the tree. */
  get count(): number {
    return this.#count;
  }

  /** Appends a leaf hash. */
  add(leaf: Uint8Array): void {
    this.addSubtree(leaf, 0);
  }

  /**
   * Appends 2 ** `height` leaves by the root of their complete tree. Throws a RangeError where such a
   * tree cannot stand, as the number of leaves before it is no multiple of its own.
   */
  addSubtree(root: Uint8Array, height: number): void {
    const size = 2 ** height;
    if (this.#count % size !== 0) {
      throw new RangeError(`A tree of ${size} leaves cannot follow ${this.#count} leaves`);
    }
    let hash = root;
    let level = height;
    while (this.#roots.at(-1)?.height === level) {
      hash = nodeHash(this.#roots.pop()!.hash, hash);
      level++;
    }
    this.#roots.push({ height: level, hash });
    this.#count += size;
  }

  /** Appends leaf hashes that lie one after the other. */
  addAll(leaves: Uint8Array): void {
    for (let start = 0; start < leaves.length; start += DIGEST_SIZE) {
      this.add(leaves.slice(start, start + DIGEST_SIZE));
    }
  }

  /** The same tree, to grow on its own. */
  clone(): MerklePeaks {
    const copy = new MerklePeaks();
    copy.#roots.push(...this.#roots);
    copy.#count = this.#count;
    return copy;
  }

  /** The digest of a content of these blocks. */
  root(): Uint8Array {
    let root = this.#roots.at(-1)?.hash;
    if (!root) return finish(sha256());
    for (let index = this.#roots.length - 2; index >= 0; index--) {
      root = nodeHash(this.#roots[index]!.hash, root);
    }
    return root;
  }
}

/**
 * The hash, by way of its digits: a Buffer for each has memory of its own outside the heap, and to make and free
 * those cost a twentieth of the time that hashing takes.
 */
function finish(hash: Hash): Uint8Array {
  return fromHex(hash.digest("hex"));
}

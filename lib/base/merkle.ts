// The digest of content: the root of a SHA-256 Merkle tree over blocks of 64 KiB, hashed as in RFC 9162
// section 2.1 (PROTOCOL.md 2.4). Not a general tree: leaves are only ever appended.

import { createHash, type Hash } from "node:crypto";

/** Bytes in a block, the unit of hashing. */
export const BLOCK_SIZE = 65536;
/** Bytes in a digest and in every hash of the tree. */
export const DIGEST_SIZE = 32;

// RFC 9162 section 2.1: different prefixes keep a leaf from passing as a node.
const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = Uint8Array.of(0x01);

/** The hash of one block of up to 64 KiB. */
export function leafHash(block: Uint8Array): Uint8Array {
  return finish(createHash("sha256").update(LEAF_PREFIX).update(block));
}

/** The hash that stands for two neighbouring subtrees. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return finish(createHash("sha256").update(NODE_PREFIX).update(left).update(right));
}

/** The root over leaf hashes that lie one after the other in `leaves`. Nothing hashes to SHA-256(""). */
export function merkleRoot(leaves: Uint8Array): Uint8Array {
  const peaks = new Peaks();
  for (let start = 0; start < leaves.length; start += DIGEST_SIZE) {
    peaks.add(leaves.subarray(start, start + DIGEST_SIZE));
  }
  return peaks.root();
}

/** Hashes content that arrives in pieces of any size, front to back, in constant memory. */
export class MerkleHasher {
  readonly #peaks = new Peaks();
  readonly #onLeaf: ((leaf: Uint8Array) => void) | undefined;
  #block: Hash | undefined;
  #blockSize = 0;
  #size = 0;

  /** `onLeaf` is given each block's hash as soon as it is known, the last one from `digest`. */
  constructor(onLeaf?: (leaf: Uint8Array) => void) {
    this.#onLeaf = onLeaf;
  }

  /** Bytes hashed so far. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(bytes.length, start + BLOCK_SIZE - this.#blockSize);
      this.#block ??= createHash("sha256").update(LEAF_PREFIX);
      this.#block.update(bytes.subarray(start, end));
      this.#blockSize += end - start;
      start = end;
      if (this.#blockSize === BLOCK_SIZE) this.#endBlock();
    }
    this.#size += bytes.length;
  }

  /** Ends the content and returns its digest. Call it once; `update` must not follow. */
  digest(): Uint8Array {
    if (this.#blockSize > 0) this.#endBlock();
    return this.#peaks.root();
  }

  #endBlock(): void {
    const leaf = finish(this.#block!);
    this.#block = undefined;
    this.#blockSize = 0;
    this.#peaks.add(leaf);
    this.#onLeaf?.(leaf);
  }
}

/** The roots of the complete subtrees so far, largest first: what a growing tree has to remember. */
class Peaks {
  readonly #roots: { height: number; hash: Uint8Array }[] = [];

  add(leaf: Uint8Array): void {
    let height = 0;
    let hash = leaf;
    while (this.#roots.at(-1)?.height === height) {
      hash = nodeHash(this.#roots.pop()!.hash, hash);
      height++;
    }
    this.#roots.push({ height, hash });
  }

  root(): Uint8Array {
    let root = this.#roots.at(-1)?.hash;
    if (!root) return finish(createHash("sha256"));
    for (let index = this.#roots.length - 2; index >= 0; index--) {
      root = nodeHash(this.#roots[index]!.hash, root);
    }
    return root;
  }
}

/** Plain bytes: what node:crypto returns is a Buffer, whose `slice` shares memory. */
function finish(hash: Hash): Uint8Array {
  return new Uint8Array(hash.digest());
}

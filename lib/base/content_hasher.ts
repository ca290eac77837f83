// Hashing large contents beside whoever moves them: SHA-256 is most of what a transfer costs, and the socket and the
// disk need not wait for it. A fast path of Morsel; `bench/hash_bench.ts` shows what it brings. What the digest
// is stands in merkle.ts.

import { BLOCK_SIZE, LEAF_PREFIX, leafHash, MerkleHasher, MerklePeaks } from "./merkle.ts";

/** Contents from this size on, in bytes, are worth it; smaller ones are hashed sooner than handed over. */
const LEAST_SIZE = 4 * 1024 * 1024;
/** Blocks of one content that are hashed elsewhere at a time: what a few reads of a socket bring. */
const MOST_ELSEWHERE = 8;

/** Hashes content that arrives in pieces of any size, front to back, in constant memory. */
export interface ContentHasher {
  /** Bytes taken so far. */
  readonly size: number;
  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void;
  /** Settles when the hashes of all whole blocks taken so far are known. */
  settled(): Promise<void>;
  /** Ends the content and tells its digest. Call it once; `update` must not follow. */
  digest(): Uint8Array | Promise<Uint8Array>;
}

/** What a hasher is to know. */
export interface ContentHasherOptions {
  /** How many bytes there will be; undefined where that is not known. */
  readonly size: number | undefined;
  /** Given each block's hash, in order, some time after its last byte. */
  readonly onLeaf?: ((leaf: Uint8Array) => void) | undefined;
  /** Goes on behind the whole blocks that are in there; belongs to the hasher. */
  readonly after?: MerklePeaks;
}

/** A hasher that is fast for a content of this size. */
export function contentHasher(options: ContentHasherOptions): ContentHasher {
  const { size = 0, onLeaf, after } = options;
  return size < LEAST_SIZE ? new MerkleHasher(onLeaf, after) : new SharingHasher(onLeaf, after);
}

/** The hash of a block, once it is known. */
interface Leaf {
  hash: Uint8Array | undefined;
  readonly known: Promise<void>;
}

/**
 * Shares the work with the runtime's threads, through WebCrypto, which copies what it is given. Blocks that
 * there is no room for are hashed here, so that nobody waits and nothing piles up.
 */
class SharingHasher implements ContentHasher {
  readonly #onLeaf: ((leaf: Uint8Array) => void) | undefined;
  readonly #peaks: MerklePeaks;
  /** The block that is being gathered, behind the prefix of a leaf. */
  readonly #block = new Uint8Array(LEAF_PREFIX.length + BLOCK_SIZE);
  #blockSize = 0;
  /** The leaves that are not in the tree yet, in order. */
  readonly #later: Leaf[] = [];
  #elsewhere = 0;
  #size: number;

  constructor(
    onLeaf: ((leaf: Uint8Array) => void) | undefined,
    after = new MerklePeaks(),
  ) {
    this.#onLeaf = onLeaf;
    this.#peaks = after;
    this.#size = after.count * BLOCK_SIZE;
    this.#block.set(LEAF_PREFIX);
  }

  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(bytes.length, start + BLOCK_SIZE - this.#blockSize);
      this.#take(bytes.subarray(start, end));
      start = end;
    }
    this.#collect();
  }

  async settled(): Promise<void> {
    for (let next = this.#later[0]; next; next = this.#later[0]) {
      await next.known;
      this.#collect();
    }
  }

  async digest(): Promise<Uint8Array> {
    if (this.#blockSize > 0) this.#endBlock();
    await this.settled();
    return this.#peaks.root();
  }

  /** Takes bytes of one block. */
  #take(part: Uint8Array): void {
    if (part.length === BLOCK_SIZE && this.#elsewhere === MOST_ELSEWHERE) {
      return this.#add(leafHash(part));
    }
    this.#block.set(part, LEAF_PREFIX.length + this.#blockSize);
    this.#blockSize += part.length;
    if (this.#blockSize === BLOCK_SIZE) this.#endBlock();
  }

  #endBlock(): void {
    const bytes = this.#block.subarray(0, LEAF_PREFIX.length + this.#blockSize);
    this.#blockSize = 0;
    if (this.#elsewhere === MOST_ELSEWHERE) {
      return this.#add(leafHash(bytes.subarray(LEAF_PREFIX.length)));
    }
    this.#elsewhere++;
    const hashed = crypto.subtle.digest("SHA-256", bytes).then((hash) => {
      this.#elsewhere--;
      leaf.hash = new Uint8Array(hash);
    });
    const leaf: Leaf = { hash: undefined, known: hashed };
    hashed.catch(() => {}); // whoever waits for it is told
    this.#later.push(leaf);
  }

  #add(hash: Uint8Array): void {
    this.#later.push({ hash, known: Promise.resolve() });
  }

  /** Puts into the tree what is known and whose turn it is. */
  #collect(): void {
    for (let hash = this.#later[0]?.hash; hash; hash = this.#later[0]?.hash) {
      this.#later.shift();
      this.#peaks.add(hash);
      this.#onLeaf?.(hash);
    }
  }
}

// Hashing large contents beside the thread that moves them: SHA-256 is most of what a transfer costs, and the
// socket and the disk need not wait for it. What the digest is stands in merkle.ts.

import { BLOCK_SIZE, leafHash, MerkleHasher, MerklePeaks } from "./merkle.ts";

/** Contents from this size on, in bytes, are worth handing over; smaller ones are hashed sooner than that. */
const LEAST_SIZE = 4 * 1024 * 1024;

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

/** Another thread, for the hashes of blocks. Whoever opened it closes it. */
export interface HashingThread {
  /** Takes a block of up to 64 KiB over, of which it makes a copy; undefined where it is not free at once. */
  hash(block: Uint8Array): PendingLeaf | undefined;
  /** Ends the thread; what it has not hashed is never known. Closing twice is harmless. */
  close(): void;
}

/** The hash of a block that another thread makes. */
export interface PendingLeaf {
  /** Undefined until it is known. */
  readonly leaf: Uint8Array | undefined;
  /** Settles when it is known. */
  known(): Promise<void>;
}

/** What a hasher is to know. */
export interface ContentHasherOptions {
  /** How many bytes there will be, as far as that is known; Infinity where it is not. */
  readonly size: number;
  /** Where blocks may be hashed. Without it all are hashed by whoever calls. */
  readonly thread: HashingThread | undefined;
  /** Given each block's hash, in order, some time after its last byte. */
  readonly onLeaf?: ((leaf: Uint8Array) => void) | undefined;
  /** Goes on behind the whole blocks that are in there; belongs to the hasher. */
  readonly after?: MerklePeaks;
}

/** A hasher that is fast for a content of this size. */
export function contentHasher(options: ContentHasherOptions): ContentHasher {
  const { size, thread, onLeaf, after } = options;
  if (!thread || size < LEAST_SIZE) return new MerkleHasher(onLeaf, after);
  return new ThreadedHasher(thread, onLeaf, after);
}

/** Hands over whole blocks; those that the thread is not free for it hashes itself, so that both work. */
class ThreadedHasher implements ContentHasher {
  readonly #thread: HashingThread;
  readonly #onLeaf: ((leaf: Uint8Array) => void) | undefined;
  readonly #peaks: MerklePeaks;
  readonly #partial = new Uint8Array(BLOCK_SIZE);
  #partialSize = 0;
  /** Blocks whose hashes are not with the others yet, in order. */
  readonly #pending: PendingLeaf[] = [];
  #size: number;

  constructor(
    thread: HashingThread,
    onLeaf: ((leaf: Uint8Array) => void) | undefined,
    after = new MerklePeaks(),
  ) {
    this.#thread = thread;
    this.#onLeaf = onLeaf;
    this.#peaks = after;
    this.#size = after.count * BLOCK_SIZE;
  }

  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(bytes.length, start + BLOCK_SIZE - this.#partialSize);
      const part = bytes.subarray(start, end);
      if (part.length === BLOCK_SIZE) this.#hash(part);
      else this.#gather(part);
      start = end;
    }
    this.#collect();
  }

  async settled(): Promise<void> {
    for (let next = this.#pending[0]; next; next = this.#pending[0]) {
      await next.known();
      this.#collect();
    }
  }

  async digest(): Promise<Uint8Array> {
    if (this.#partialSize > 0) this.#hash(this.#partial.subarray(0, this.#partialSize));
    await this.settled();
    return this.#peaks.root();
  }

  #gather(part: Uint8Array): void {
    this.#partial.set(part, this.#partialSize);
    this.#partialSize += part.length;
    if (this.#partialSize < BLOCK_SIZE) return;
    this.#hash(this.#partial);
    this.#partialSize = 0;
  }

  #hash(block: Uint8Array): void {
    this.#pending.push(this.#thread.hash(block) ?? knownLeaf(leafHash(block)));
  }

  /** Takes the hashes that are known and whose turn it is. */
  #collect(): void {
    for (let leaf = this.#pending[0]?.leaf; leaf; leaf = this.#pending[0]?.leaf) {
      this.#pending.shift();
      this.#peaks.add(leaf);
      this.#onLeaf?.(leaf);
    }
  }
}

function knownLeaf(leaf: Uint8Array): PendingLeaf {
  return { leaf, known: () => Promise.resolve() };
}

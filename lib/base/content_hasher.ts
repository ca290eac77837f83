// The digest of content that arrives front to back, hashed here or, once it is there, on another thread. For that
// bytes are gathered in runs of blocks, as only what is worth its way is handed over.

import type { HashThread } from "./hash_thread.ts";
import { BLOCK_SIZE, DIGEST_SIZE, leafHash, leafHashes, MerkleHasher } from "./merkle.ts";

/** How a {@linkcode ContentHasher} goes about it. */
export interface ContentHasherOptions {
  /** Given each block's hash once it is known, in order; that of a last short block from `end`. */
  readonly onLeaf: (leaf: Uint8Array) => void;
  /** Hashes from when it is ready on; whoever leased it releases it. */
  readonly thread?: HashThread | undefined;
}

/** Hashes the blocks of content in constant memory. */
export class ContentHasher {
  readonly #thread: HashThread | undefined;
  readonly #onLeaf: (leaf: Uint8Array) => void;
  /** Hashes all, where there is no thread. */
  readonly #here: MerkleHasher;
  #run: Uint8Array<ArrayBuffer> | undefined;
  #gathered = 0;
  /** Hashes that wait for those before them, in order. */
  readonly #later: { leaves?: Uint8Array }[] = [];
  readonly #jobs = new Set<Promise<void>>();

  constructor({ onLeaf, thread }: ContentHasherOptions) {
    this.#onLeaf = onLeaf;
    this.#here = new MerkleHasher(onLeaf);
    this.#thread = thread;
  }

  /** Settles when the thread has caught up; undefined when it has. To be awaited between updates. */
  get behind(): Promise<void> | undefined {
    return this.#thread?.room;
  }

  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void {
    if (!this.#thread) return this.#here.update(bytes);
    for (let start = 0; start < bytes.length;) {
      const isWhole = this.#gathered === 0 && bytes.length - start >= BLOCK_SIZE;
      if (isWhole && !this.#thread.isReady) {
        this.#known(leafHash(bytes.subarray(start, start + BLOCK_SIZE)));
        start += BLOCK_SIZE;
        continue;
      }
      const run = this.#run ??= this.#thread.memory();
      const end = Math.min(bytes.length, start + run.length - this.#gathered);
      run.set(bytes.subarray(start, end), this.#gathered);
      this.#gathered += end - start;
      start = end;
      if (this.#gathered === run.length) this.#handOver(run, this.#thread);
    }
  }

  /** Ends the content; settles when all hashes are handed out. Call it once. Rejects with `internal`. */
  async end(): Promise<void> {
    if (!this.#thread) return void this.#here.digest();
    if (this.#run) {
      this.#known(leafHashes(this.#run.subarray(0, this.#gathered)));
      this.#thread.putBack(this.#run);
    }
    await Promise.all(this.#jobs);
  }

  #handOver(run: Uint8Array<ArrayBuffer>, thread: HashThread): void {
    this.#gathered = 0;
    if (!thread.isReady) return this.#known(leafHashes(run));
    this.#run = undefined;
    const place: { leaves?: Uint8Array } = {};
    this.#later.push(place);
    const done = thread.hash(run).then((leaves) => {
      place.leaves = leaves;
      this.#handOut();
      this.#jobs.delete(done);
    });
    done.catch(() => {}); // `end` tells
    this.#jobs.add(done);
  }

  #known(leaves: Uint8Array): void {
    this.#later.push({ leaves });
    this.#handOut();
  }

  #handOut(): void {
    for (let leaves; (leaves = this.#later[0]?.leaves); this.#later.shift()) {
      for (let start = 0; start < leaves.length; start += DIGEST_SIZE) {
        this.#onLeaf(leaves.subarray(start, start + DIGEST_SIZE));
      }
    }
  }
}

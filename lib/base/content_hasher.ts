// The digest of content that arrives front to back, hashed here or on another thread, whichever is free. With a
// thread bytes are gathered in runs of blocks, as only what is worth its way is handed over.

import type { HashThread } from "./hash_thread.ts";
import {
  BLOCK_SIZE,
  DIGEST_SIZE,
  leafHash,
  leafHashes,
  MerkleHasher,
  MerklePeaks,
} from "./merkle.ts";

/** How a {@linkcode ContentHasher} goes about it. */
export interface ContentHasherOptions {
  /** Given each block's hash once it is known, in order; that of a last short block from `digest`. */
  readonly onLeaf: (leaf: Uint8Array) => void;
  /** The whole blocks that it goes on behind; its own from then on. */
  readonly after?: MerklePeaks | undefined;
  /** Hashes what it has time for; whoever leased it releases it. */
  readonly thread?: HashThread | undefined;
}

/** Hashes content in constant memory. */
export class ContentHasher {
  readonly #thread: HashThread | undefined;
  readonly #onLeaf: (leaf: Uint8Array) => void;
  readonly #peaks: MerklePeaks;
  /** Hashes all, where there is no thread. */
  readonly #here: MerkleHasher;
  #size: number;
  #run: Uint8Array<ArrayBuffer> | undefined;
  #gathered = 0;
  /** Hashes that wait for those before them, in order. */
  readonly #later: { leaves?: Uint8Array }[] = [];
  #jobs: Promise<void>[] = [];

  constructor({ onLeaf, after = new MerklePeaks(), thread }: ContentHasherOptions) {
    this.#onLeaf = onLeaf;
    this.#peaks = after;
    this.#here = new MerkleHasher(onLeaf, after);
    this.#thread = thread;
    this.#size = after.count * BLOCK_SIZE;
  }

  /** Bytes taken. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (!this.#thread) return this.#here.update(bytes);
    for (let start = 0; start < bytes.length;) {
      const isWhole = this.#gathered === 0 && bytes.length - start >= BLOCK_SIZE;
      if (isWhole && this.#thread.isBusy) {
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

  /** Settles when the hashes of all whole blocks are handed out. Rejects with `internal`. */
  async settled(): Promise<void> {
    if (this.#run) {
      const whole = this.#gathered - this.#gathered % BLOCK_SIZE;
      this.#known(leafHashes(this.#run.subarray(0, whole)));
      this.#run.copyWithin(0, whole, this.#gathered);
      this.#gathered -= whole;
    }
    await Promise.all(this.#jobs);
  }

  /** Ends the content and settles with its digest. Call it once; nothing must follow. */
  async digest(): Promise<Uint8Array> {
    if (!this.#thread) return this.#here.digest();
    if (this.#run) {
      this.#known(leafHashes(this.#run.subarray(0, this.#gathered)));
      this.#thread.putBack(this.#run);
      this.#run = undefined;
    }
    await Promise.all(this.#jobs);
    return this.#peaks.root();
  }

  #handOver(run: Uint8Array<ArrayBuffer>, thread: HashThread): void {
    this.#gathered = 0;
    const job = thread.hash(run);
    if (!job) return this.#known(leafHashes(run));
    this.#run = undefined;
    const place: { leaves?: Uint8Array } = {};
    this.#later.push(place);
    const done = job.then((leaves) => {
      place.leaves = leaves;
      this.#handOut();
      this.#jobs = this.#jobs.filter((other) => other !== done);
    });
    done.catch(() => {}); // `settled` and `digest` tell
    this.#jobs.push(done);
  }

  #known(leaves: Uint8Array): void {
    this.#later.push({ leaves });
    this.#handOut();
  }

  #handOut(): void {
    for (let leaves; (leaves = this.#later[0]?.leaves); this.#later.shift()) {
      for (let start = 0; start < leaves.length; start += DIGEST_SIZE) {
        const leaf = leaves.slice(start, start + DIGEST_SIZE);
        this.#peaks.add(leaf);
        this.#onLeaf(leaf);
      }
    }
  }
}

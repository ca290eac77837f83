// The hashes of the blocks in a range that arrives. What comes to no more than one block, as most files do, is hashed
// when it has ended, so that a command for one small file needs no node:crypto.

import { concat } from "@std/bytes";
import { BLOCK_SIZE, DIGEST_SIZE, LeafHasher } from "../base/merkle.ts";
import { hasNodeCrypto } from "../base/node_crypto.ts";
import { digestSmall } from "./small_digest.ts";
import type { TransferCounters } from "./transfer_counters.ts";

/** Hashes one range. */
export class PieceHasher {
  readonly #counters: TransferCounters | undefined;
  readonly #hasher: LeafHasher;
  // One buffer for all of them: to join thousands of small arrays took a tenth of the time that hashing takes.
  readonly #leaves: Uint8Array;
  #leavesEnd = 0;
  /** What has come and is not hashed yet; undefined once hashing has begun. */
  #first: Uint8Array[] | undefined = hasNodeCrypto() ? undefined : [];
  #firstSize = 0;

  /** For a range of up to `length` bytes; the counters are told how long hashing takes. */
  constructor(length: number, counters?: TransferCounters) {
    this.#counters = counters;
    this.#leaves = new Uint8Array(Math.ceil(length / BLOCK_SIZE) * DIGEST_SIZE);
    this.#hasher = new LeafHasher((leaf) => this.#add(leaf));
  }

  /** The hashes of its blocks, one after the other. */
  get leaves(): Uint8Array {
    return this.#leaves.subarray(0, this.#leavesEnd);
  }

  /** Takes the next bytes; they may be reused once this returns. */
  update(data: Uint8Array): void {
    if (!this.#first) return this.#hash(data);
    this.#firstSize += data.length;
    this.#first.push(data.slice());
    if (this.#firstSize <= BLOCK_SIZE) return;
    const begun = this.#first;
    this.#first = undefined;
    for (const bytes of begun) this.#hash(bytes);
  }

  /** Ends the range; `update` must not follow. */
  async end(): Promise<void> {
    if (!this.#first) this.#hasher.end();
    else if (this.#firstSize > 0) this.#add(await digestSmall(concat(this.#first), this.#counters));
  }

  #hash(data: Uint8Array): void {
    const counters = this.#counters;
    if (counters) counters.hash(() => this.#hasher.update(data));
    else this.#hasher.update(data);
  }

  #add(leaf: Uint8Array): void {
    this.#leaves.set(leaf, this.#leavesEnd);
    this.#leavesEnd += DIGEST_SIZE;
  }
}

// The digest of an upload that may have to go back: to the server's durable offset, after a lost connection.
// Keeps the hashes of the blocks that are not durable yet, so that nothing is hashed twice but a last part
// of a block, and those before them as a few peaks, so that memory does not grow with the file.

import { equals } from "@std/bytes";
import { BLOCK_SIZE, LeafHasher, MerklePeaks } from "../base/merkle.ts";

/** Hashes what is sent, front to back, and goes back when asked. */
export class UploadHasher {
  #durable = new MerklePeaks();
  /** The leaves behind the durable ones, oldest first. */
  #later: Uint8Array[] = [];
  #hasher = this.#newHasher();

  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** The digest of all; `update` must not follow unless `goTo` comes before it. */
  digest(): Uint8Array {
    this.#hasher.end();
    return this.#peaks().root();
  }

  /** Says that the bytes up to `offset` are durable: there is no going back before that. */
  settle(offset: number): void {
    const count = Math.floor(offset / BLOCK_SIZE) - this.#durable.count;
    for (const leaf of this.#later.splice(0, Math.max(0, count))) this.#durable.add(leaf);
  }

  /**
   * Goes back to `offset`, a multiple of the block size: what comes next is hashed from there. False when
   * the hashes up to there are not known here.
   */
  goTo(offset: number): boolean {
    const count = offset / BLOCK_SIZE - this.#durable.count;
    if (!Number.isInteger(count) || count < 0 || count > this.#later.length) return false;
    this.#later.length = count;
    this.#hasher = this.#newHasher();
    return true;
  }

  /** Whether all that was hashed are whole blocks with these leaf hashes. Call it right after `goTo`. */
  isBehind(leaves: Uint8Array): boolean {
    const own = this.#peaks();
    const others = new MerklePeaks();
    others.addAll(leaves);
    return own.count === others.count && equals(own.root(), others.root());
  }

  /** Begins behind blocks with these leaf hashes, which somebody else has hashed. */
  beginAfter(leaves: Uint8Array): void {
    this.#durable = new MerklePeaks();
    this.#durable.addAll(leaves);
    this.#later = [];
    this.#hasher = this.#newHasher();
  }

  #newHasher(): LeafHasher {
    return new LeafHasher((leaf) => void this.#later.push(leaf));
  }

  #peaks(): MerklePeaks {
    const peaks = this.#durable.clone();
    for (const leaf of this.#later) peaks.add(leaf);
    return peaks;
  }
}

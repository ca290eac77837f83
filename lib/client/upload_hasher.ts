// The digest of an upload that may have to go back: to the server's durable offset, after a lost connection.
// Keeps the hashes of the blocks that are not durable yet, so that nothing is hashed twice but a last part
// of a block, and those before them as a few peaks, so that memory does not grow with the file.

import { equals } from "@std/bytes";
import { ContentHasher } from "../base/content_hasher.ts";
import type { HashThread } from "../base/hash_thread.ts";
import { BLOCK_SIZE, MerklePeaks } from "../base/merkle.ts";

/** Hashes what is sent, front to back, and goes back when asked. */
export class UploadHasher {
  #durable = new MerklePeaks();
  /** The leaves behind the durable ones, oldest first. */
  #later: Uint8Array[] = [];
  /** Blocks that are durable, of which the last may not be hashed yet. */
  #durableCount = 0;
  readonly #thread: HashThread | undefined;
  #hasher: ContentHasher;

  /** `thread` hashes what it has time for; whoever leased it releases it. */
  constructor(thread: HashThread | undefined) {
    this.#thread = thread;
    this.#hasher = this.#from(new MerklePeaks());
  }

  /** Takes the next bytes; they may be reused once this returns. */
  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** The digest of all. Call it once; `update` must not follow. */
  digest(): Promise<Uint8Array> {
    return this.#hasher.digest();
  }

  /** Says that the bytes up to `offset` are durable: there is no going back before that. */
  settle(offset: number): void {
    this.#durableCount = Math.floor(offset / BLOCK_SIZE);
    this.#letGo();
  }

  /**
   * Goes back to `offset`, a multiple of the block size: what comes next is hashed from there. False when
   * the hashes up to there are not known here.
   */
  async goTo(offset: number): Promise<boolean> {
    await this.#hasher.settled();
    const count = offset / BLOCK_SIZE - this.#durable.count;
    if (!Number.isInteger(count) || count < 0 || count > this.#later.length) return false;
    this.#later.length = count;
    const before = this.#durable.clone();
    for (const leaf of this.#later) before.add(leaf);
    this.#hasher = this.#from(before);
    return true;
  }

  /** Whether all that was hashed are whole blocks with these leaf hashes. Call it right after `goTo`. */
  isBehind(leaves: Uint8Array): boolean {
    const own = this.#durable.clone();
    for (const leaf of this.#later) own.add(leaf);
    const others = new MerklePeaks();
    others.addAll(leaves);
    return own.count === others.count && equals(own.root(), others.root());
  }

  /** Begins behind blocks with these leaf hashes, which somebody else has hashed. */
  beginAfter(leaves: Uint8Array): void {
    this.#durable = new MerklePeaks();
    this.#durable.addAll(leaves);
    this.#durableCount = this.#durable.count;
    this.#later = [];
    this.#hasher = this.#from(this.#durable.clone());
  }

  #letGo(): void {
    const count = Math.max(0, this.#durableCount - this.#durable.count);
    for (const leaf of this.#later.splice(0, count)) this.#durable.add(leaf);
  }

  #from(after: MerklePeaks): ContentHasher {
    const onLeaf = (leaf: Uint8Array) => {
      this.#later.push(leaf);
      this.#letGo();
    };
    return new ContentHasher({ onLeaf, after, thread: this.#thread });
  }
}

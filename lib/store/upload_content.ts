// The bytes of an upload on their way: gathers chunks, hashes them in order, and writes them to a blob
// once there is one. It knows no catalog and makes nothing durable.

import { BLOCK_SIZE, LeafHasher } from "../base/merkle.ts";
import type { BlobWriter } from "./blobs.ts";
import { LeafCollector, type RecordedLeaves } from "./leaf_collector.ts";

/** Contents up to this many bytes, one block, live in the catalog; larger ones in a blob. */
export const MAX_INLINE_SIZE = BLOCK_SIZE;

// Chunks are gathered to this before they are hashed and written: system calls are dear, copies are not. What
// comes in one piece of so many bytes, as it does on a fast link, is not copied.
const BUFFER_SIZE = BLOCK_SIZE;
const FIRST_BUFFER_SIZE = 4096;

/** Where an upload that is taken up again goes on. */
export interface ResumedContent {
  /** The leaf hashes of all bytes that are there: whole blocks. */
  readonly recorded: RecordedLeaves;
  /** Has those bytes and takes the others. Whoever calls closes it. */
  readonly writer: BlobWriter;
}

/** Content in the making, at most {@linkcode MAX_INLINE_SIZE} bytes of it before `moveTo`. */
export class UploadContent {
  /** Hashes of the whole blocks that `flush` has dealt with, and after `digest` of the last one. */
  readonly leaves: LeafCollector;
  readonly #hasher: LeafHasher;
  readonly #declaredSize: number;
  /** Bytes not hashed yet and, for a blob, not written yet. */
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #buffered = 0;
  #size: number;
  /** How many of the bytes are hashed and, for a blob, written. */
  #hashed: number;
  #writer: BlobWriter | undefined;

  /** Takes no more memory than the declared size asks for. What is resumed is not hashed again. */
  constructor(
    { declaredSize }: { readonly declaredSize?: number | undefined },
    resumed?: ResumedContent,
  ) {
    this.#declaredSize = declaredSize ?? 0;
    this.leaves = new LeafCollector(resumed?.recorded);
    this.#hasher = new LeafHasher((leaf) => this.leaves.add(leaf));
    this.#size = this.#hashed = this.leaves.count * BLOCK_SIZE;
    this.#writer = resumed?.writer;
  }

  /** Bytes taken. */
  get size(): number {
    return this.#size;
  }

  /** All bytes, as long as they are in memory. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#buffered);
  }

  /** From now on the bytes go to a blob, those taken already too. Whoever calls closes the writer. */
  moveTo(writer: BlobWriter): void {
    this.#writer = writer;
  }

  /** Takes the next bytes, which may be reused once this settles. Fails as the blob's writer fails. */
  async take(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    for (let taken = 0; taken < bytes.length;) {
      const left = bytes.subarray(taken);
      if (this.#writer && this.#buffered === 0 && left.length >= BUFFER_SIZE) {
        return await this.#hashAndWrite(left, this.#writer);
      }
      this.#makeRoom(left.length);
      const fits = left.subarray(0, this.#buffer.length - this.#buffered);
      this.#buffer.set(fits, this.#buffered);
      this.#buffered += fits.length;
      taken += fits.length;
      if (this.#buffered === BUFFER_SIZE) await this.flush();
    }
  }

  /** Hashes what was gathered and writes it to the blob, if there is one. */
  async flush(): Promise<void> {
    if (!this.#writer || this.#buffered === 0) return;
    await this.#hashAndWrite(this.bytes, this.#writer);
    this.#buffered = 0;
  }

  /** The digest of all bytes; after `flush`, and once only. */
  digest(): Uint8Array {
    if (!this.#writer) this.#hasher.update(this.bytes);
    this.#hasher.end();
    return this.leaves.root();
  }

  /** Lets the buffer grow with the content, so that many small uploads at once stay small. */
  #makeRoom(size: number): void {
    const most = this.#writer ? BUFFER_SIZE : MAX_INLINE_SIZE;
    const needed = Math.min(this.#buffered + size, most);
    if (needed <= this.#buffer.length) return;
    const wanted = Math.max(
      needed,
      this.#declaredSize,
      this.#buffer.length * 2,
      FIRST_BUFFER_SIZE,
    );
    const grown = new Uint8Array(Math.min(wanted, most));
    grown.set(this.bytes);
    this.#buffer = grown;
  }

  async #hashAndWrite(bytes: Uint8Array, writer: BlobWriter): Promise<void> {
    const offset = this.#hashed;
    this.#hashed += bytes.length;
    this.#hasher.update(bytes);
    await writer.write(bytes, offset);
  }
}

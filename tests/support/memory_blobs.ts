// Blobs in memory: the contract in its plainest form, to hold the real engines against.

import type { BlobReader, Blobs, BlobWriter } from "../../lib/store/blobs.ts";
import { MorselError } from "../../lib/base/errors.ts";

/** A {@linkcode Blobs} that lasts as long as the object. */
export class MemoryBlobs implements Blobs {
  readonly #unfinished = new Map<string, MemoryBlob>();
  readonly #published = new Map<string, MemoryBlob>();

  /** The ids of all published blobs. */
  get publishedIds(): string[] {
    return [...this.#published.keys()];
  }

  async published(beginning: string): Promise<string[]> {
    return this.publishedIds.filter((id) => id.startsWith(beginning));
  }

  async create(id: string): Promise<BlobWriter> {
    if (this.#unfinished.has(id)) throw new MorselError("storage", `Blob ${id} exists already`);
    const blob = new MemoryBlob();
    this.#unfinished.set(id, blob);
    return blob;
  }

  async reopen(id: string, size: number): Promise<BlobWriter | undefined> {
    const blob = this.#unfinished.get(id);
    if (!blob) return undefined;
    if (blob.size < size) throw new MorselError("integrity", `Blob ${id} is too short`);
    blob.size = size;
    return blob;
  }

  async publish(id: string): Promise<void> {
    const blob = this.#unfinished.get(id);
    if (!blob) throw new MorselError("storage", `There is no unfinished blob ${id}`);
    this.#unfinished.delete(id);
    this.#published.set(id, blob);
  }

  async withdraw(id: string): Promise<boolean> {
    const blob = this.#published.get(id);
    if (!blob) return false;
    this.#published.delete(id);
    this.#unfinished.set(id, blob);
    return true;
  }

  async open(id: string): Promise<BlobReader | undefined> {
    const blob = this.#published.get(id);
    return blob && new MemoryReader(blob.bytes);
  }

  async remove(id: string): Promise<void> {
    this.#unfinished.delete(id);
    this.#published.delete(id);
  }

  async removeUnfinished(id: string): Promise<void> {
    this.#unfinished.delete(id);
  }

  async unfinished(): Promise<string[]> {
    return [...this.#unfinished.keys()];
  }
}

class MemoryBlob implements BlobWriter {
  #room = new Uint8Array(0);
  size = 0;

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.size);
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const end = offset + bytes.length;
    if (end > this.#room.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.bytes);
      this.#room = larger;
    }
    this.#room.set(bytes, offset);
    this.size = Math.max(this.size, end);
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}

class MemoryReader implements BlobReader {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    const part = this.#bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  async close(): Promise<void> {}
}

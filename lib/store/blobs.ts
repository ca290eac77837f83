// The contract of a blob engine: bytes under ids that the store chose. It knows no names, no digests and
// no versions. An id is 32 hexadecimal digits.

/** Writes an unfinished blob. Whoever opened it closes it. */
export interface BlobWriter {
  /** Writes all of `bytes` at `offset`; they may be reused once this settles. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Settles when all that was written is on stable storage. After it failed, never trust the blob. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Reads a published blob, also after it was removed. Whoever opened it closes it. */
export interface BlobReader {
  /** In bytes. */
  readonly size: number;
  /** Fills `into` from `offset` on; fewer bytes than asked for only at the end of the blob. */
  read(into: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

/** The bytes of contents too large for the catalog. */
export interface Blobs {
  /** Begins a blob. */
  create(id: string): Promise<BlobWriter>;
  /** Opens an unfinished blob again; undefined when there is none. Bytes past `size` are cut off. */
  reopen(id: string, size: number): Promise<BlobWriter | undefined>;
  /** Makes a synced blob readable; settles when that is durable. */
  publish(id: string): Promise<void>;
  /**
   * Makes a published blob unfinished again, for an upload whose commit never reached the catalog;
   * false where there is none or the engine cannot.
   */
  withdraw(id: string): Promise<boolean>;
  /** Opens a published blob; undefined when there is none. */
  open(id: string): Promise<BlobReader | undefined>;
  /**
   * Removes a blob, published or not or both; one that is not there is no error. Settles when the removal
   * of a published one is durable, as its id is forgotten then.
   */
  remove(id: string): Promise<void>;
  /** Removes an unfinished blob; one that is published under the same id stays. */
  removeUnfinished(id: string): Promise<void>;
  /** The ids of the published blobs that begin with these two hexadecimal digits. */
  published(beginning: string): Promise<string[]>;
  /** The ids of all unfinished blobs. */
  unfinished(): Promise<string[]>;
}

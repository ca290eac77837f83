// The contract of a catalog: names, versions, digests and uploads; what is not bytes. An engine may be
// shared by several processes and lie on another machine, so every method is a promise and every
// method is atomic and, where it changes something, durable when it settles.

import type { CheckedName } from "../base/names.ts";

/** A few strings that travel with a file. */
export type Metadata = Readonly<Record<string, string>>;

/** A named file as the catalog knows it. */
export interface FileRecord {
  /** The name exactly as it was given. */
  readonly name: string;
  /** Grows with every change in the store; no two commits share one. */
  readonly version: number;
  /** In bytes. */
  readonly size: number;
  /** Merkle root of the content, 32 bytes. */
  readonly digest: Uint8Array;
  /** When it was committed, milliseconds since 1970. */
  readonly committedMs: number;
  /** When its source was last changed, milliseconds since 1970; 0 when unknown. */
  readonly modifiedMs: number;
  readonly metadata: Metadata;
}

/** Where the bytes of a content are: in the catalog itself, or in the blob with this id. */
export type Place =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "blob"; readonly id: string };

/** A file and where its bytes are. */
export interface StoredFile {
  readonly file: FileRecord;
  readonly place: Place;
}

/** What must hold for a change: anything, no file of that name, or exactly this version of it. */
export type Condition =
  | { readonly kind: "any" }
  | { readonly kind: "absent" }
  | { readonly kind: "version"; readonly version: number };

/** What a commit puts under a name. */
export interface NewFile {
  readonly name: CheckedName;
  readonly condition: Condition;
  readonly size: number;
  readonly digest: Uint8Array;
  readonly modifiedMs: number;
  readonly metadata: Metadata;
  readonly place: Place;
  /** Of a blob: all parts of its leaf hashes that no checkpoint has recorded in full. */
  readonly parts: readonly LeafPart[];
}

/** What a commit, move, copy or removal did. */
export interface Changed {
  readonly file: FileRecord;
  /** Ids of blobs that no content needs any more, for the caller to remove and then `forgetGarbage`. */
  readonly garbage: readonly string[];
}

/** An unfinished upload that survives a restart. Its id is also the id of its blob. */
export interface UploadRecord {
  readonly id: string;
  readonly name: CheckedName;
  readonly condition: Condition;
  /** The size announced by its client, in bytes; undefined when unknown. */
  readonly declaredSize: number | undefined;
  readonly modifiedMs: number;
  readonly metadata: Metadata;
  /** Grows with every attach; an older holder is fenced off. */
  readonly epoch: number;
  /** Bytes from the start that are on stable storage. */
  readonly durable: number;
  /** When it was begun, milliseconds since 1970. */
  readonly begunMs: number;
}

/** Leaf hashes are kept in parts of this many, a complete subtree over 64 MiB of content each. */
export const LEAVES_PER_PART = 1024;

/** A part of a blob's leaf hashes, 32 bytes each, one after the other; only the last may be shorter. */
export interface LeafPart {
  /** Counted from 0; it covers the leaves from `index * LEAVES_PER_PART` on. */
  readonly index: number;
  readonly hashes: Uint8Array;
}

/** Names, versions, digests and uploads. */
export interface Catalog extends AsyncDisposable {
  /** The file of this name, or undefined. */
  stat(name: CheckedName): Promise<FileRecord | undefined>;
  /** The file of this name and where its bytes are, or undefined. */
  find(name: CheckedName): Promise<StoredFile | undefined>;
  /**
   * Up to `limit` files whose keys begin with `prefix` and are greater than `after`, in the order of
   * their keys as bytes.
   */
  list(prefix: Uint8Array, after: Uint8Array, limit: number): Promise<FileRecord[]>;
  /**
   * Puts a content under a name and ends the upload of its blob, in one step. If equal content is
   * stored already, that is used, and the new blob comes back as garbage. Throws `conflict`.
   */
  commit(file: NewFile): Promise<Changed>;
  /** Removes a name; `file` is what it held. Throws `not_found` or `conflict`. */
  remove(name: CheckedName, condition: Condition): Promise<Changed>;
  /**
   * Gives the content of `from` the name `to` as well, as a new version; `condition` is on `to`.
   * With `keep` false, `from` goes in the same step. Where both have one key and `keep` is false, the
   * file takes the new spelling, and `absent` holds. Throws `not_found` or `conflict`.
   */
  link(
    from: CheckedName,
    to: CheckedName,
    options: { readonly condition: Condition; readonly keep: boolean },
  ): Promise<Changed>;

  /** Records a new upload before a byte of its blob is written. */
  beginUpload(upload: UploadRecord): Promise<void>;
  /**
   * Records progress after its bytes are durable: the new offset, and new or longer parts of leaves.
   * Throws `fenced` when the upload has ended elsewhere.
   */
  checkpointUpload(id: string, durable: number, parts: readonly LeafPart[]): Promise<void>;
  /** Forgets an upload and its leaves; one that is not there is no error. */
  endUpload(id: string): Promise<void>;
  /** All unfinished uploads. */
  uploads(): Promise<UploadRecord[]>;

  /** The leaf hashes of a committed blob, one part; undefined where there is none. */
  leaves(blobId: string, partIndex: number): Promise<Uint8Array | undefined>;

  /** Blobs to be removed, from changes whose caller did not get to `forgetGarbage`. */
  garbage(): Promise<string[]>;
  /** Says that these blobs are removed. */
  forgetGarbage(ids: readonly string[]): Promise<void>;
}

// The contract of a catalog: names, versions, digests and uploads; what is not bytes. An engine may be
// shared by several processes and lie on another machine, so every method is a promise and every
// method is atomic and, where it changes something, durable when it settles.

import type { CheckedName } from "../base/names.ts";
import type { Account, Quotas, Usage } from "./quota.ts";

/** A few strings that travel with a file. */
export type Metadata = Readonly<Record<string, string>>;

/** A named file as the catalog knows it. */
export interface FileRecord {
  /** The name exactly as it was given. */
  readonly name: string;
  /** Grows with every change in the store; no two commits share one. Also the sequence of its put. */
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
  /** What was found wrong with its content, for people; undefined when nothing was. */
  readonly damage: string | undefined;
}

/** A content as it is stored, whatever names it has. */
export interface StoredContent {
  /** Grows with every new content. */
  readonly id: number;
  readonly digest: Uint8Array;
  /** In bytes. */
  readonly size: number;
  readonly place: Place;
  readonly damage: string | undefined;
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
  /** Of a blob: the upload that made it, which ends with the commit. */
  readonly upload?: UploadHold | undefined;
  /** Whose file it will be; "" where nobody has a name. */
  readonly owner?: string | undefined;
  /** What the files must keep to; without them nothing. */
  readonly quotas?: Quotas | undefined;
}

/** How a content gets another name. */
export interface LinkOptions {
  /** On the new name. */
  readonly condition: Condition;
  /** Whether the old name stays: a copy, and no move. */
  readonly keep: boolean;
  /** Whose file a copy will be; what is moved stays whose it is. */
  readonly owner?: string | undefined;
  /** What a copy must keep to. */
  readonly quotas?: Quotas | undefined;
}

/** What a commit, move, copy or removal did. */
export interface Changed {
  readonly file: FileRecord;
  /** Ids of blobs that no content needs any more, for the caller to remove and then `forgetGarbage`. */
  readonly garbage: readonly string[];
}

/** Who has an upload: whoever attached to it last. What an older holder asks for is refused. */
export interface UploadHold {
  readonly id: string;
  /** Grows with every attach, from 1 on. */
  readonly epoch: number;
}

/** An unfinished upload that survives a restart. Its id is also the id of its blob. */
export interface UploadRecord extends UploadHold {
  /** Who began it. */
  readonly owner: string;
  readonly name: CheckedName;
  readonly condition: Condition;
  /** The size announced by its client, in bytes; undefined when unknown. */
  readonly declaredSize: number | undefined;
  readonly modifiedMs: number;
  readonly metadata: Metadata;
  /** Bytes from the start that are on stable storage. */
  readonly durable: number;
  /** When it was begun, milliseconds since 1970. */
  readonly begunMs: number;
  /** When it was begun, attached to or made durable last, milliseconds since 1970. */
  readonly activeMs: number;
}

/** An unfinished upload as lists tell of it: without its metadata, of which each may have 16 KiB. */
export interface ListedUpload extends Omit<UploadRecord, "metadata"> {
  /** From 1 on, and greater than those of all others that were there when it was begun. */
  readonly number: number;
}

/** The height of the complete subtree over one part of leaf hashes. */
export const PART_HEIGHT = 10;
/** Leaf hashes are kept in parts of this many, a complete subtree over 64 MiB of content each. */
export const LEAVES_PER_PART = 2 ** PART_HEIGHT;

/** A part of a blob's leaf hashes, 32 bytes each, one after the other; only the last may be shorter. */
export interface LeafPart {
  /** Counted from 0; it covers the leaves from `index * LEAVES_PER_PART` on. */
  readonly index: number;
  readonly hashes: Uint8Array;
  /** Of a full part: the root of its subtree. */
  readonly root?: Uint8Array | undefined;
}

/** A change of one name. */
export type Change =
  /** A name got a content, by a commit, a move or a copy: `file`, whose version is the sequence. */
  | { readonly kind: "put"; readonly sequence: number; readonly file: FileRecord }
  /** A name went, by a removal or a move. */
  | {
    readonly kind: "remove";
    readonly sequence: number;
    /** As it was spelt. */
    readonly name: string;
    /** When it went, milliseconds since 1970. */
    readonly removedMs: number;
  };

/** How many of the newest changes a log keeps at least: 10 to 20 MB with names of usual length. */
export const CHANGES_KEPT = 100_000;
/** Older ones are removed each time this many were added: never in every change. */
export const CHANGES_DROPPED_AT_ONCE = 1_000;
/** Fewer where their names and metadata take more than this: a change may have 100 KB of them. */
export const CHANGE_BYTES_KEPT = 256 * 1024 * 1024;
/** What is beyond goes with the next changes, so much with each: more than one adds, and soon done. */
export const CHANGE_BYTES_DROPPED_AT_ONCE = 256 * 1024;
/** How many changes one page of a log looks through at most, so that it holds nobody up for long. */
export const CHANGES_LOOKED_THROUGH = 10_000;

/** What a log keeps of the newest changes, where that is not {@linkcode CHANGES_KEPT} and {@linkcode CHANGE_BYTES_KEPT}. */
export interface LogKept {
  readonly changes?: number | undefined;
  readonly bytes?: number | undefined;
}

/** Changes in the order in which they were made, without a gap. */
export interface ChangePage {
  readonly changes: readonly Change[];
  /** The page tells of all changes up to this sequence: where the next one goes on. */
  readonly through: number;
  /** Whether there may be changes beyond. */
  readonly more: boolean;
}

/**
 * What has changed, change by change. Each has a number, its sequence, from one counter that versions
 * come from as well: they follow each other without a gap. A change and its entry are durable in one
 * step. Old entries go in the end, but {@linkcode CHANGES_KEPT} are always there, or {@linkcode CHANGE_BYTES_KEPT}.
 */
export interface ChangeLog {
  /** The sequence of the newest change; 0 before the first. */
  last(): Promise<number>;
  /**
   * Up to `limit` changes behind `since` of names whose keys begin with `prefix`. Throws `gone` when
   * changes behind `since` are not kept any more, or it is beyond the last one.
   */
  page(
    since: number,
    options: { readonly prefix: Uint8Array; readonly limit: number },
  ): Promise<ChangePage>;
  /**
   * Calls `listener` after each change, whoever made it, once it is durable and can be read; now and
   * then for nothing. It must not throw. Call what is returned to end that.
   */
  onChange(listener: () => void): () => void;
}

/** Files and their bytes, and the unfinished uploads that survive a restart. */
export interface Tally extends Usage {
  readonly uploads: number;
}

/** What a catalog holds. */
export interface CatalogTotals {
  readonly owner: Tally;
  readonly store: Tally;
  /** Distinct contents, and their bytes together: what files of equal content share counts once. */
  readonly stored: { readonly contents: number; readonly bytes: number };
}

/** Names, versions, digests, changes and uploads. */
export interface Catalog extends AsyncDisposable {
  /** All commits, removals, moves and copies. A move is a removal, and behind it a put. */
  readonly log: ChangeLog;
  /** The file as it is remembered, where files are, by a name that nobody need have checked; undefined says nothing. */
  readonly recent?: { recall(name: string): StoredFile | undefined };
  /** The file of this name, or undefined. */
  stat(name: CheckedName): Promise<FileRecord | undefined>;
  /** The file of this name and where its bytes are, or undefined. */
  find(name: CheckedName): Promise<StoredFile | undefined>;
  /** What `find` tells, where that can be told without waiting; undefined says nothing. */
  peek(name: CheckedName): StoredFile | undefined;
  /**
   * Up to `limit` files whose keys begin with `prefix` and are greater than `after`, in the order of
   * their keys as bytes.
   */
  list(prefix: Uint8Array, after: Uint8Array, limit: number): Promise<FileRecord[]>;
  /**
   * Puts a content under a name and ends the upload of its blob, in one step. If equal content is
   * stored already, that is used, and the new blob comes back as garbage; but one that is marked as
   * damaged is replaced by the new one, whichever names it has. Throws `conflict`, `quota`, and `fenced` when the upload has ended or somebody else has attached to it.
   */
  commit(file: NewFile): Promise<Changed>;
  /** Removes a name; `file` is what it held. Throws `not_found` or `conflict`. */
  remove(name: CheckedName, condition: Condition): Promise<Changed>;
  /**
   * Gives the content of `from` the name `to` as well, as a new version; `condition` is on `to`.
   * With `keep` false, `from` goes in the same step. Where both have one key and `keep` is false, the
   * file takes the new spelling, and `absent` holds. Throws `not_found`, `conflict` or `quota`.
   */
  link(from: CheckedName, to: CheckedName, options: LinkOptions): Promise<Changed>;
  /** What `owner` and the store have, and what a file of this name would replace; no scan of the files. */
  account(owner: string, name: CheckedName): Promise<Account>;
  /** What `owner` and the store have, and what it takes; no scan of files, contents or uploads. */
  totals(owner: string): Promise<CatalogTotals>;

  /** Records a new upload before a byte of its blob is written. */
  beginUpload(upload: UploadRecord): Promise<void>;
  /** Takes an upload over: its epoch grows, which fences its holder. Undefined when it has ended. */
  attachUpload(id: string): Promise<UploadRecord | undefined>;
  /**
   * Records progress after its bytes are durable: the new offset, and new or longer parts of leaves.
   * Throws `fenced` when the upload has ended or somebody else has attached to it.
   */
  checkpointUpload(
    upload: UploadHold,
    durable: number,
    parts: readonly LeafPart[],
  ): Promise<void>;
  /**
   * Forgets an upload. Its blob is garbage then, whose id comes back as that of a change does; nothing
   * does where the upload has ended already or somebody else has attached to it, as it is left alone.
   */
  endUpload(upload: UploadHold): Promise<readonly string[]>;
  /** The unfinished upload with this id, or undefined. */
  upload(id: string): Promise<UploadRecord | undefined>;
  /** Up to `limit` unfinished uploads whose numbers are greater than `after`, the oldest first. */
  uploads(after: number, limit: number): Promise<ListedUpload[]>;
  /** Up to `limit` unfinished uploads to one name whose numbers are less than `before`, the newest first. */
  uploadsTo(name: CheckedName, before: number, limit: number): Promise<ListedUpload[]>;

  /** One part of the leaf hashes of a blob, committed or on its way; undefined where there is none. */
  leaves(blobId: string, partIndex: number): Promise<Uint8Array | undefined>;
  /** The roots of all full parts of a blob's leaf hashes, one after the other. */
  partRoots(blobId: string): Promise<Uint8Array>;

  /** Up to `limit` contents whose ids are greater than `after`, in the order of their ids. */
  contents(after: number, limit: number): Promise<StoredContent[]>;
  /** All names that have this content, in the order of their keys. */
  namesOf(contentId: number): Promise<string[]>;
  /**
   * Says what is wrong with a content, or with undefined that nothing is. Does nothing where it has
   * another place by now.
   */
  markDamage(content: Pick<StoredContent, "digest" | "place">, damage?: string): Promise<void>;
  /** Whether a content, an upload or the list of garbage names this blob. */
  isNamed(blobId: string): Promise<boolean>;

  /** Blobs to be removed, from changes whose caller did not get to `forgetGarbage`. */
  garbage(): Promise<string[]>;
  /** Says that these blobs are removed. Their leaf hashes, kept for those who still read, go now. */
  forgetGarbage(ids: readonly string[]): Promise<void>;
}

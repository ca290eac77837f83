// The types of the public client API: what a caller gives and gets. No logic.

import type { Figures } from "../protocol/figures.ts";
import type { TransferCounters } from "./transfer_counters.ts";

export type { Figures };

/** A file as the server reports it. */
export interface FileInfo {
  /** The name exactly as it was given when the file was put. */
  readonly name: string;
  /** The version of its content; grows with every change in the store. */
  readonly version: number;
  /** In bytes. */
  readonly size: number;
  /** Merkle root of the content (PROTOCOL.md 2.4), 64 hexadecimal digits. */
  readonly digest: string;
  /** When it was committed, milliseconds since 1970. */
  readonly committedMs: number;
  /** When its source was last changed, milliseconds since 1970; 0 when unknown. */
  readonly modifiedMs: number;
  /** The strings that were put with it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** How far a transfer has come; all in bytes. */
export interface Progress {
  /** Bytes the other side has acknowledged (an upload), or that have arrived (a download). */
  readonly received: number;
  /** Of an upload, the bytes that are on the server's stable storage; of a download, as `received`. */
  readonly durable: number;
  /** How many there will be; undefined while an upload's source has not said. */
  readonly total: number | undefined;
}

/** What can be read at positions, such as an open file. */
export interface ByteSource {
  /** Fills `into` from `position` on; fewer bytes than asked for only at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Whether it still is what it was when it was opened; asked before the commit. True if left out. */
  isUnchanged?(): Promise<boolean>;
}

/** What happens to a transfer on its way. */
export type TransferEvent =
  /** It goes on behind bytes that were moved before, by this call or an earlier one. */
  | { readonly kind: "resumed"; readonly offset: number; readonly total: number }
  /** What was moved before is of no use, for this reason; it begins at the first byte. */
  | { readonly kind: "restarted"; readonly reason: string };

/** What can be written at positions, such as an open file. */
export interface ByteSink {
  /** Takes all of `bytes`, which are reused once the promise settles. */
  write(bytes: Uint8Array, position: number): Promise<void>;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call: the server is told, and the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * What a change may be made to depend on; without either it is made whatever is there. Where the answer is lost with the
 * connection, and nobody can tell whether the change was made by this call, it throws `connection`.
 */
export interface ConditionOptions {
  /** Only if there is no file of that name; otherwise `conflict`. */
  ifAbsent?: boolean;
  /** Only if the file of that name has this version; otherwise `conflict`. */
  ifVersion?: number;
}

/** Options of a transfer. */
export interface TransferOptions extends CallOptions {
  /** Payload bytes in a chunk, 1 to the limit both sides announced; 1300 by default. */
  chunkSize?: number;
  /** Called now and then, from a few to some hundred times a second. It must not throw. */
  onProgress?: (progress: Progress) => void;
  /** Called when the transfer goes on, or begins again. It must not throw. */
  onEvent?: (event: TransferEvent) => void;
  /** Counts where the time goes; one may be given to several transfers. */
  counters?: TransferCounters;
}

/** Options of `put`. */
export interface PutOptions extends TransferOptions, ConditionOptions {
  /** The size of a stream or {@linkcode ByteSource} in bytes, if known; it is then insisted on. */
  size?: number;
  /** When the source was last changed, milliseconds since 1970. */
  modifiedMs?: number;
  /** A few strings to travel with the file, at most 16 KiB in all. */
  metadata?: Record<string, string>;
}

/** Options of `get`. */
export interface GetOptions extends TransferOptions {
  /** The first byte wanted, from 0; 0 by default. */
  start?: number;
  /** The byte after the last one wanted; the end of the file by default and at most. */
  end?: number;
  /**
   * False to take the server's word for the bytes. A range then costs no more than its own bytes, where
   * a proof needs the whole blocks of 64 KiB around it. True by default.
   */
  verify?: boolean;
  /** The version wanted; the newest by default. Throws `gone` when it is not the newest any more. */
  version?: number;
  /**
   * Called each time more bytes are proven and with the sink: all up to `end`, whose last blocks have
   * these leaf hashes. Blocks are those that hold the bytes from `start` on.
   */
  onProven?: (end: number, leaves: Uint8Array) => void;
}

/** A small file, whole and proven. */
export interface SmallFile {
  /** What it is. */
  readonly file: FileInfo;
  /** All of it; the caller's own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Options of `list`. */
export interface ListOptions extends CallOptions {
  /** Only names that begin with this. */
  prefix?: string;
  /** Only names that sort after this one: where an earlier listing ended. */
  after?: string;
  /** How many files the server sends at a time, 1 to 1000; 1000 by default. */
  pageSize?: number;
}

/** Options of `watch`. */
export interface WatchOptions extends CallOptions {
  /** Only changes of names that begin with this. */
  prefix?: string;
  /**
   * The sequence behind which to begin, such as that of the last change that was seen; 0 for all that is
   * kept from the first one on. Left out, only what changes from now on.
   */
  since?: number;
  /**
   * How long to go on without a server, in milliseconds, once there was one; Infinity for as long as it
   * takes. As `connect` was told by default.
   */
  retryMs?: number;
}

/** A change of one name. A move is a removal of the old name and, behind it, a put of the new one. */
export type Change =
  | {
    readonly kind: "put";
    /** Its number: each change has a higher one than those before. Also the version that was put. */
    readonly sequence: number;
    readonly name: string;
    readonly file: FileInfo;
  }
  | {
    readonly kind: "remove";
    readonly sequence: number;
    readonly name: string;
    /** When it was removed, milliseconds since 1970. */
    readonly removedMs: number;
  };

/** What can be put. A string is sent as UTF-8. */
export type PutSource =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | ByteSource;

/** An upload that its client did not end. */
export interface UnfinishedUpload {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** The name it is for. */
  readonly name: string;
  /** In bytes; undefined when its client did not know it. */
  readonly declaredSize: number | undefined;
  /** Bytes that are on the server's stable storage. */
  readonly durable: number;
  /** When it was begun, milliseconds since 1970. */
  readonly begunMs: number;
  /** When it last moved, milliseconds since 1970; it is kept for the server's `expiryMs` from then on. */
  readonly activeMs: number;
  /** Whether a connection is at it now. */
  readonly isAttached: boolean;
}

/** Options of `verify`. */
export interface VerifyOptions extends CallOptions {
  /** How many blocks of 64 KiB to read, at random; 100 by default, all where there are fewer. */
  sample?: number;
}

/** What `verify` has found in order. */
export interface Verified {
  /** The file, in the version that was checked. */
  readonly file: FileInfo;
  /** Blocks that were read and proven. */
  readonly blocks: number;
  /** Blocks the file has. */
  readonly of: number;
}

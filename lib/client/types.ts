// The types of the public client API: what a caller gives and gets. No logic.

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
}

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

/** What a change may be made to depend on; without either it is made whatever is there. */
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

/** What can be put. A string is sent as UTF-8. */
export type PutSource =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | ByteSource;

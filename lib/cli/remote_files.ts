// What the commands need of a client: the part of the public FileClient they use, as a contract, so that
// tests can give them a small one.

import type { RateLimit } from "../base/rate_limit.ts";
import type {
  ByteSink,
  CallOptions,
  Change,
  ConditionOptions,
  Figures,
  FileInfo,
  GetOptions,
  ListOptions,
  PutOptions,
  PutSource,
  SmallFile,
  TransferOptions,
  UnfinishedUpload,
  Verified,
  VerifyOptions,
  WatchOptions,
} from "../client/types.ts";
import type { Reconnecting } from "../client/link.ts";
import type { Address } from "../runtime/connection.ts";

/** The files of a server. Calls may be made at the same time. Whoever connected closes it. */
export interface RemoteFiles {
  /** How long the server took to greet, in milliseconds: about a round trip. */
  readonly roundTripMs: number;
  put(name: string, source: PutSource, options?: PutOptions): Promise<FileInfo>;
  /** Settles when the server has described the file; its bytes come through the download. */
  get(name: string, options?: GetOptions): Promise<RemoteDownload>;
  /** A small file, whole; undefined where `get` has to see what it is. */
  getSmall(name: string, options?: TransferOptions): Promise<SmallFile | undefined>;
  stat(name: string, options?: CallOptions): Promise<FileInfo>;
  list(options?: ListOptions): AsyncIterable<FileInfo>;
  /** Settles when the server watches. It ends with its loop. */
  watch(options?: WatchOptions): Promise<RemoteWatch>;
  /** Returns the file that was removed. */
  remove(name: string, options?: CallOptions & { ifVersion?: number }): Promise<FileInfo>;
  move(from: string, to: string, options?: CallOptions & ConditionOptions): Promise<FileInfo>;
  copy(from: string, to: string, options?: CallOptions & ConditionOptions): Promise<FileInfo>;
  verify(name: string, options?: VerifyOptions): Promise<Verified>;
  uploads(options?: CallOptions): Promise<UnfinishedUpload[]>;
  stats(options?: CallOptions): Promise<Figures>;
  abortUpload(id: string, options?: CallOptions): Promise<void>;
  close(): Promise<void>;
}

/** Changes as they come; to be taken once. */
export interface RemoteWatch extends AsyncIterable<Change> {
  /** All changes up to this sequence have been taken. */
  readonly sequence: number;
}

/** A file on its way from the server. */
export interface RemoteDownload {
  readonly file: FileInfo;
  /** Writes every byte at its position in the file; throws `integrity` if they are not the file's. */
  copyTo(sink: ByteSink): Promise<void>;
  /** All of it in memory; throws `integrity` like `copyTo`. */
  bytes(): Promise<Uint8Array>;
  /** The bytes in their order, each piece in memory of its own; it errors at the end if they are not the file's. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Gives up on what has not arrived; harmless at the end. */
  cancel(): Promise<void>;
}

/** Options of {@linkcode ConnectRemote}. */
export interface ConnectRemoteOptions {
  /** Ends the attempt. */
  signal?: AbortSignal;
  /** Called with one line for each frame that is sent or received. */
  trace?: (line: string) => void;
  /** Called each time before a pause, when the connection was lost. */
  onReconnecting?: (event: Reconnecting) => void;
  /** Whether to settle before the server's greeting: the first call fails then where it does not come. */
  early?: boolean;
  /** The token to prove. */
  token?: string;
  /** What all connections that are given it may move together. */
  limit?: RateLimit;
}

/** Connects to a server. */
export type ConnectRemote = (
  address: Address,
  options: ConnectRemoteOptions,
) => Promise<RemoteFiles>;

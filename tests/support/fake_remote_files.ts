// Files of a server that is not there: enough of a client for the commands, with faults to order.

import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { MerkleHasher } from "../../lib/base/merkle.ts";
import { compareBytes } from "../../lib/base/names.ts";
import type { RemoteDownload, RemoteFiles, RemoteWatch } from "../../lib/cli/remote_files.ts";
import type {
  CallOptions,
  Change,
  Figures,
  FileInfo,
  GetOptions,
  ListOptions,
  PutOptions,
  PutSource,
  UnfinishedUpload,
  Verified,
  VerifyOptions,
  WatchOptions,
} from "../../lib/client/types.ts";
import { settled } from "./fake_clock.ts";

interface Stored {
  readonly info: FileInfo;
  readonly bytes: Uint8Array;
}

/** A client with files in memory. */
export class FakeRemoteFiles implements RemoteFiles {
  readonly stored = new Map<string, Stored>();
  roundTripMs = 0;
  /** What a call fails with, by `put NAME`, `remove NAME` and so on. */
  readonly faults = new Map<string, Error>();
  /** How large the pieces of a download are: small, so that a few bytes arrive in several. */
  pieceSize = 4;
  /** Names whose downloads turn out damaged at their end. */
  readonly damaged = new Set<string>();
  /** Uploads that nobody has ended. */
  unfinished: UnfinishedUpload[] = [];
  /** What the server tells of itself. */
  figures: Figures = {};
  /** What watches tell of; then they wait, or fail with the fault of `watched PREFIX`. */
  changes: Change[] = [];
  /** Options of the last watch. */
  lastWatch: WatchOptions = {};
  /** Options of the last put. */
  lastPut: PutOptions = {};
  /** Options of the last get. */
  lastGet: GetOptions = {};
  /** Called within each put and download, after the first piece. */
  midway: (name: string) => Promise<void> = () => Promise.resolve();
  /** Ends what is under way; what comes later is another connection's. */
  #closed = Promise.withResolvers<never>();
  underWay = 0;
  /** The listings that were asked for, and how many entries of each were taken. */
  readonly lists: { readonly pageSize: number; taken: number }[] = [];
  mostUnderWay = 0;
  isClosed = false;
  #version = 0;

  /** Has transfers wait until so many are under way, and then for whatever more would begin. */
  gather(count: number): void {
    const full = Promise.withResolvers<void>();
    this.midway = async () => {
      if (this.underWay >= count) full.resolve();
      await full.promise;
      await settled();
    };
  }

  /** Adds a file as if it had been put before. */
  add(name: string, content: string, more: Partial<FileInfo> = {}): FileInfo {
    const bytes = new TextEncoder().encode(content);
    const info = { ...this.#describe(name, bytes), ...more };
    this.stored.set(name, { info, bytes });
    return info;
  }

  /** The content of a file, as text. */
  text(name: string): string | undefined {
    const stored = this.stored.get(name);
    return stored && new TextDecoder().decode(stored.bytes);
  }

  async put(name: string, source: PutSource, options: PutOptions = {}): Promise<FileInfo> {
    this.lastPut = options;
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    try {
      const stop = Promise.race([abortedBy(options), this.#closed.promise]);
      const bytes = await Promise.race([stop, readAll(source, options)]);
      const total = source instanceof Uint8Array ? source.length : options.size;
      options.onProgress?.({ received: bytes.length, durable: 0, total });
      await Promise.race([stop, this.midway(name)]);
      await insistOnUnchanged(source);
      this.#fail("put", name);
      if (options.ifAbsent && this.stored.has(name)) {
        throw new MorselError("conflict", `There is a file "${name}" already`);
      }
      const { modifiedMs = 0, metadata = {} } = options;
      const info = { ...this.#describe(name, bytes), modifiedMs, metadata };
      this.stored.set(name, { info, bytes });
      return info;
    } finally {
      this.underWay--;
    }
  }

  /** As if no file were small: the other way is the one that has it all. */
  getSmall(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  get(name: string, options: GetOptions = {}): Promise<RemoteDownload> {
    this.lastGet = options;
    return this.#attempt("get", name, () => {
      const { info: file, bytes } = this.#find(name);
      const { start = 0, end = bytes.length } = options;
      const wanted = bytes.subarray(start, end);
      const pieces = () => this.#pieces(name, wanted, options);
      return {
        file,
        copyTo: async (sink) => {
          let position = start;
          for await (const piece of pieces()) {
            await sink.write(piece, position);
            position += piece.length;
          }
        },
        bytes: async () => concat(await Array.fromAsync(pieces())),
        get readable() {
          return ReadableStream.from(pieces());
        },
        cancel: () => Promise.resolve(),
      };
    });
  }

  stat(name: string): Promise<FileInfo> {
    return this.#attempt("stat", name, () => this.#find(name).info);
  }

  async *list(options: ListOptions = {}): AsyncIterable<FileInfo> {
    const { prefix = "", after = "", pageSize = 1000 } = options;
    const list = { pageSize, taken: 0 };
    this.lists.push(list);
    for (const name of [...this.stored.keys()].sort(compareBytes)) {
      this.#fail("list", name);
      if (!name.startsWith(prefix) || compareBytes(name, after) <= 0) continue;
      list.taken++;
      yield this.stored.get(name)!.info;
    }
  }

  watch(options: WatchOptions = {}): Promise<RemoteWatch> {
    this.lastWatch = options;
    const { prefix = "", since } = options;
    return this.#attempt("watch", prefix, () => {
      const place = { sequence: since ?? this.changes.at(-1)?.sequence ?? 0 };
      return Object.assign(place, {
        [Symbol.asyncIterator]: () => this.#changesOf(place, { ...options, prefix }),
      });
    });
  }

  remove(name: string): Promise<FileInfo> {
    return this.#attempt("remove", name, () => {
      const { info } = this.#find(name);
      this.stored.delete(name);
      return info;
    });
  }

  async move(from: string, to: string): Promise<FileInfo> {
    const info = await this.copy(from, to);
    this.stored.delete(from);
    return info;
  }

  copy(from: string, to: string): Promise<FileInfo> {
    return this.#attempt("copy", from, () => {
      const { info, bytes } = this.#find(from);
      const copied = { ...info, name: to, version: ++this.#version };
      this.stored.set(to, { info: copied, bytes });
      return copied;
    });
  }

  verify(name: string, options: VerifyOptions = {}): Promise<Verified> {
    return this.#attempt("verify", name, () => {
      const { info: file } = this.#find(name);
      const of = Math.ceil(file.size / 65536);
      return { file, blocks: Math.min(of, options.sample ?? 100), of };
    });
  }

  uploads(): Promise<UnfinishedUpload[]> {
    return Promise.resolve(this.unfinished);
  }

  abortUpload(id: string): Promise<void> {
    return this.#attempt("abortUpload", id, () => {
      this.unfinished = this.unfinished.filter((upload) => upload.id !== id);
    });
  }

  stats(): Promise<Figures> {
    return this.#attempt("stats", "", () => this.figures);
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.#closed.promise.catch(() => {});
    this.#closed.reject(new MorselError("connection", "The client was closed"));
    this.#closed = Promise.withResolvers<never>();
    return Promise.resolve();
  }

  async *#changesOf(
    place: { sequence: number },
    options: WatchOptions & { prefix: string },
  ): AsyncGenerator<Change> {
    for (let next = 0;;) {
      for (; next < this.changes.length; next++) {
        const change = this.changes[next]!;
        if (change.sequence <= place.sequence || !change.name.startsWith(options.prefix)) continue;
        place.sequence = change.sequence;
        yield change;
      }
      await Promise.race([abortedBy(options), this.midway(options.prefix)]);
      this.#fail("watched", options.prefix);
    }
  }

  async *#pieces(
    name: string,
    bytes: Uint8Array,
    options: GetOptions,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let start = 0; start < bytes.length; start += this.pieceSize) {
      const piece = bytes.slice(start, start + this.pieceSize);
      yield piece;
      const received = start + piece.length;
      options.onProgress?.({ received, durable: received, total: bytes.length });
      if (start === 0) await Promise.race([abortedBy(options), this.midway(name)]);
      this.#fail("download", name);
    }
    if (this.damaged.has(name)) {
      throw new MorselError("integrity", `What arrived of "${name}" does not match its digest`);
    }
  }

  async #attempt<T>(call: string, name: string, work: () => T): Promise<T> {
    this.#fail(call, name);
    return await Promise.resolve(work());
  }

  #fail(call: string, name: string): void {
    const fault = this.faults.get(`${call} ${name}`);
    if (fault) throw fault;
  }

  #find(name: string): Stored {
    const stored = this.stored.get(name);
    if (stored) return stored;
    throw new MorselError("not_found", `There is no file "${name}"`);
  }

  #describe(name: string, bytes: Uint8Array): FileInfo {
    const hasher = new MerkleHasher();
    hasher.update(bytes);
    const digest = toHex(hasher.digest());
    const committedMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    const version = ++this.#version;
    return { name, version, size: bytes.length, digest, committedMs, modifiedMs: 0, metadata: {} };
  }
}

/** Rejects when the signal is aborted; never settles otherwise. */
function abortedBy({ signal }: CallOptions): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  if (signal?.aborted) reject(signal.reason);
  signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}

async function readAll(source: PutSource, options: PutOptions): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source.slice();
  if (source instanceof ReadableStream) return await new Response(source).bytes();
  if (typeof source === "object" && "read" in source) {
    const bytes = new Uint8Array(options.size!);
    return bytes.subarray(0, await source.read(bytes, 0));
  }
  throw new Error("The fake takes streams and byte sources only");
}

async function insistOnUnchanged(source: PutSource): Promise<void> {
  if (typeof source === "string" || !("isUnchanged" in source)) return;
  if (await source.isUnchanged?.() ?? true) return;
  throw new MorselError("invalid", "It has changed", { detail: { source: "changed" } });
}

// A download (PROTOCOL.md 4.4): asks for ranges ahead of its consumer, within a window in bytes that grows
// with the link, pinned to the version it began with, and checks the whole against the digest.

import { toText } from "@std/streams";
import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { MerkleHasher } from "../base/merkle.ts";
import { quote } from "../base/names.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Calls } from "./calls.ts";
import { chunkSizeOf } from "./chunk_size.ts";
import { fileInfoOf } from "./file_info.ts";
import type { ByteSink, FileInfo, GetOptions } from "./types.ts";

/** Bytes asked for ahead at first: most files whole, in one round trip. */
const FIRST_WINDOW = 512 * 1024;
/** Bytes asked for ahead at most: the bandwidth-delay product of 1 Gbit/s at 100 ms, with room. */
const LAST_WINDOW = 16 * 1024 * 1024;

/** A file on its way. Consume it once, by `copyTo`, `readable` or `bytes`; or `cancel` it. */
export class Download implements AsyncDisposable {
  /** The first byte that arrives. */
  readonly start: number;
  readonly #calls: Calls;
  readonly #name: string;
  readonly #chunk: number;
  readonly #options: GetOptions;
  readonly #stop = new AbortController();
  readonly #opened = Promise.withResolvers<void>();
  readonly #arrivedAll = Promise.withResolvers<void>();
  readonly #queue: Uint8Array<ArrayBuffer>[] = [];
  #file: FileInfo | undefined;
  #end: number;
  #window = FIRST_WINDOW;
  #growAt: number;
  #asked: number;
  #isAsking = false;
  #arrived: number;
  #consumed: number;
  #hasher: MerkleHasher | undefined;
  #sink: ByteSink | undefined;
  #isUsed = false;
  #wake: (() => void) | undefined;

  private constructor(calls: Calls, name: string, options: GetOptions) {
    this.start = options.start ?? 0;
    this.#calls = calls;
    this.#name = name;
    this.#options = options;
    this.#chunk = chunkSizeOf(options, calls.terms);
    this.#end = options.end ?? Infinity;
    this.#asked = this.#arrived = this.#consumed = this.start;
    this.#growAt = this.start + FIRST_WINDOW;
    // Whoever consumes sees the failure; one that nobody consumes any more is of no interest.
    this.#opened.promise.catch(() => {});
    this.#arrivedAll.promise.catch(() => {});
  }

  /** Asks for a file or a range of it; settles when the server has described it. */
  static async open(calls: Calls, name: string, options: GetOptions): Promise<Download> {
    const download = new Download(calls, name, options);
    const { signal } = options;
    const onAbort = () => download.#fail(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    download.#arrivedAll.promise.catch(() => {})
      .finally(() => signal?.removeEventListener("abort", onAbort));
    signal?.throwIfAborted();
    await download.#ask(0, Math.min(FIRST_WINDOW, download.#end - download.start));
    await download.#opened.promise;
    return download;
  }

  /** What the server said of the file; the version in it is the one that arrives. */
  get file(): FileInfo {
    return this.#file!;
  }

  /** The byte after the last one that arrives: as asked for, or the end of the file. */
  get end(): number {
    return this.#end;
  }

  /** Writes all of it into `sink`, at the positions it has in the file. Throws `integrity`. */
  async copyTo(sink: ByteSink): Promise<void> {
    this.#use();
    for (let run = this.#queue.shift(); run; run = this.#queue.shift()) {
      await this.#write(sink, run).catch((reason) => this.#fail(reason));
    }
    this.#sink = sink;
    await this.#arrivedAll.promise;
  }

  /** All of it in memory. Throws `integrity`. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(this.#end - this.start);
    await this.copyTo({
      write: (run, position) => Promise.resolve(bytes.set(run, position - this.start)),
    });
    return bytes;
  }

  /** All of it as text; what is not UTF-8 shows as replacement characters. Throws `integrity`. */
  text(): Promise<string> {
    return toText(this.readable);
  }

  /** All of it as a stream, which fails at its end with `integrity` if the whole does not match. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#use();
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        const run = await this.#next();
        if (run) controller.enqueue(run);
        else controller.close();
      },
      cancel: () => this.cancel(),
    }, { highWaterMark: 0 });
  }

  /** Wants no more of it. Harmless once it has arrived. */
  cancel(): Promise<void> {
    this.#fail(new MorselError("cancelled", "The download was cancelled"));
    return Promise.resolve();
  }

  /** The same as `cancel`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  #use(): void {
    if (this.#isUsed) throw new TypeError("Cannot consume a download that is consumed already");
    this.#isUsed = true;
  }

  /** The next bytes for the stream; undefined when all have come and match. */
  async #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#queue.length === 0 && this.#arrived < this.#end && !this.#stop.signal.aborted) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const run = this.#queue.shift();
    if (run) this.#consume(run.length);
    else await this.#arrivedAll.promise;
    return run;
  }

  async #ask(version: number, length: number): Promise<void> {
    const offset = this.#asked;
    this.#asked += length;
    const call = await this.#calls.start(
      { type: "ReadRange", offset, length, chunk: this.#chunk, version, name: this.#name },
      { signal: this.#stop.signal, onReply: (reply) => this.#take(reply) },
    );
    call.ended.then((reply) => this.#endRange(reply), (reason) => this.#fail(reason));
  }

  /** Keeps the window full. The window doubles each time as much as it holds has been consumed. */
  async #askAhead(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      while (this.#asked < this.#end && !this.#stop.signal.aborted) {
        const length = Math.max(1, Math.floor(this.#window / 4 / this.#chunk)) * this.#chunk;
        if (this.#asked > this.#consumed && this.#asked - this.#consumed + length > this.#window) {
          return;
        }
        await this.#ask(this.file.version, Math.min(length, this.#end - this.#asked));
      }
    } catch (reason) {
      this.#fail(reason);
    } finally {
      this.#isAsking = false;
    }
  }

  #take(reply: Message): void | Promise<void> {
    switch (reply.type) {
      case "File":
        return this.#open(reply);
      case "Data":
        return this.#takeData(reply);
      default:
        return this.#fail(misplaced(reply));
    }
  }

  #open(reply: MessageOf<"File">): void {
    if (this.#file) return this.#fail(misplaced(reply));
    this.#file = fileInfoOf(reply);
    this.#end = Math.max(this.start, Math.min(this.#end, this.file.size));
    this.#asked = Math.min(this.#asked, this.#end);
    if (this.start === 0 && this.#end === this.file.size) this.#hasher = new MerkleHasher();
    this.#opened.resolve();
  }

  #takeData({ offset, data }: MessageOf<"Data">): void | Promise<void> {
    if (this.#stop.signal.aborted) return;
    if (!this.#file || offset !== this.#arrived || offset + data.length > this.#asked) {
      return this.#fail(
        new MorselError("protocol", `The server sent offset ${offset}, not ${this.#arrived}`),
      );
    }
    this.#hasher?.update(data);
    this.#arrived += data.length;
    if (this.#sink) {
      return this.#write(this.#sink, data).catch((reason) => this.#fail(reason));
    }
    this.#queue.push(data.slice());
    this.#wake?.();
  }

  /** Writes the next bytes into the sink; the connection reads no further meanwhile. */
  async #write(sink: ByteSink, run: Uint8Array): Promise<void> {
    await sink.write(run, this.#consumed);
    this.#consume(run.length);
  }

  #consume(size: number): void {
    this.#consumed += size;
    if (this.#consumed >= this.#growAt) {
      this.#window = Math.min(LAST_WINDOW, this.#window * 2);
      this.#growAt = this.#consumed + this.#window;
    }
    const received = this.#consumed - this.start;
    this.#options.onProgress?.({ received, durable: received, total: this.#end - this.start });
    if (this.#asked < this.#end) void this.#askAhead();
  }

  /** One range has been answered in full; with the last, the whole is checked. */
  #endRange(reply: Message): void {
    if (reply.type !== "End" || !this.#file) return this.#fail(misplaced(reply));
    if (this.#asked < this.#end || reply.offset !== this.#end) return;
    if (this.#arrived !== this.#end) {
      return this.#fail(new MorselError("protocol", "The server ended a range before its end"));
    }
    const digest = this.#hasher && toHex(this.#hasher.digest());
    if (digest !== undefined && digest !== this.file.digest) {
      return this.#fail(
        new MorselError(
          "integrity",
          `What arrived of ${
            quote(this.#name)
          } does not match its digest: ${digest} is not ${this.file.digest}`,
        ),
      );
    }
    this.#arrivedAll.resolve();
    this.#wake?.();
  }

  #fail(reason: unknown): void {
    this.#opened.reject(reason);
    this.#arrivedAll.reject(reason);
    this.#stop.abort(reason);
    this.#wake?.();
  }
}

function misplaced(reply: Message): MorselError {
  return new MorselError("protocol", `The server sent ${reply.type} in a download`);
}

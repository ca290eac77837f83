// A download as its consumer sees it: a file that was described, and its bytes, taken in one of several ways.

import { concat } from "@std/bytes";
import { toText } from "@std/streams";
import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE } from "../base/merkle.ts";
import { chunkSizeOf } from "./chunk_size.ts";
import type { Link } from "./link.ts";
import { type FetchConsumer, RangeFetch } from "./range_fetch.ts";
import type { ByteSink, FileInfo, GetOptions } from "./types.ts";

/** A file on its way. Consume it once, by `copyTo`, `readable`, `bytes` or `text`; or `cancel` it. */
export class Download implements AsyncDisposable {
  /** The first byte that arrives. */
  readonly start: number;
  readonly #fetch: RangeFetch;
  readonly #stop = new AbortController();
  readonly #opened = Promise.withResolvers<void>();
  readonly #done: Promise<void>;
  /** Proven bytes that nobody has taken. */
  readonly #queue: { bytes: Uint8Array<ArrayBuffer>; offset: number }[] = [];
  #queued = 0;
  #sink: ByteSink | undefined;
  #isUsed = false;
  #isEnded = false;
  #wake: (() => void) | undefined;

  private constructor(link: Link, name: string, options: GetOptions) {
    this.start = options.start ?? 0;
    this.#fetch = new RangeFetch(name, options, this.#consumer());
    this.#done = this.#run(link, options.signal);
    // Whoever consumes sees the failure; one that nobody consumes any more is of no interest.
    this.#done.catch((reason) => this.#opened.reject(reason));
    this.#opened.promise.catch(() => {});
  }

  /** Asks for a file or a range of it; settles when the server has described it. */
  static async open(link: Link, name: string, options: GetOptions): Promise<Download> {
    options.signal?.throwIfAborted();
    chunkSizeOf(options, link.calls.terms);
    const download = new Download(link, name, options);
    await download.#opened.promise;
    return download;
  }

  /** What the server said of the file; the version in it is the one that arrives. */
  get file(): FileInfo {
    return this.#fetch.file;
  }

  /** The byte after the last one that arrives: as asked for, or the end of the file. */
  get end(): number {
    return this.#fetch.end;
  }

  /**
   * Writes all of it into `sink`, at the positions it has in the file; a piece may be written before it
   * is proven, and again after a lost connection. Throws `integrity`, `gone`, and what the sink fails with.
   */
  async copyTo(sink: ByteSink): Promise<void> {
    this.#use();
    this.#sink = sink;
    try {
      for (let run = await this.#next(); run; run = await this.#next()) {
        await sink.write(run.bytes, run.offset);
      }
    } catch (reason) {
      // All may have come already, and then there is nothing that could still fail with it.
      await this.#endWith(reason);
      throw reason;
    }
    await this.#done;
  }

  /** All of it in memory. Throws `integrity`, and `gone`. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.end - this.start <= BLOCK_SIZE) return await this.#fewBytes();
    const bytes = new Uint8Array(this.end - this.start);
    await this.copyTo({
      write: (run, position) => Promise.resolve(bytes.set(run, position - this.start)),
    });
    return bytes;
  }

  /** What came in one piece is the caller's as it is. */
  async #fewBytes(): Promise<Uint8Array<ArrayBuffer>> {
    this.#use();
    const runs: Uint8Array<ArrayBuffer>[] = [];
    for (let run = await this.#next(); run; run = await this.#next()) runs.push(run.bytes);
    await this.#done;
    return runs.length === 1 ? runs[0]! : concat(runs);
  }

  /** All of it as text; what is not UTF-8 shows as replacement characters. Throws `integrity`, `gone`. */
  text(): Promise<string> {
    return toText(this.readable);
  }

  /** All of it as a stream of proven bytes, which fails with `integrity` or `gone`. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#use();
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        const run = await this.#next();
        if (run) return controller.enqueue(run.bytes);
        await this.#done;
        controller.close();
      },
      cancel: () => this.cancel(),
    }, { highWaterMark: 0 });
  }

  /** Wants no more of it. Harmless once it has arrived. */
  async cancel(): Promise<void> {
    await this.#endWith(new MorselError("cancelled", "The download was cancelled"));
  }

  /** The same as `cancel`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  async #run(link: Link, signal: AbortSignal | undefined): Promise<void> {
    const own = this.#stop.signal;
    try {
      await this.#fetch.run(link, signal ? AbortSignal.any([signal, own]) : own);
    } finally {
      this.#isEnded = true;
      this.#wake?.();
    }
  }

  async #endWith(reason: unknown): Promise<void> {
    this.#stop.abort(reason);
    await this.#done.catch(() => {}); // whoever ends it has said why
  }

  #use(): void {
    if (this.#isUsed) throw new TypeError("Cannot consume a download that is consumed already");
    this.#isUsed = true;
    this.#fetch.want();
  }

  #consumer(): FetchConsumer {
    const queued = () => this.#queued;
    return {
      opened: () => this.#opened.resolve(),
      takeUnproven: (bytes, offset) => this.#sink?.write(bytes, offset),
      takeProven: (bytes, offset) => {
        this.#queue.push({ bytes, offset });
        this.#queued += bytes.length;
        this.#wake?.();
      },
      get queued() {
        return queued();
      },
    };
  }

  /** The next proven bytes that no sink has; undefined at the end, and when there is no more to come. */
  async #next(): Promise<{ bytes: Uint8Array<ArrayBuffer>; offset: number } | undefined> {
    while (this.#queue.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const run = this.#queue.shift();
    if (run) {
      this.#queued -= run.bytes.length;
      this.#fetch.wake();
    }
    return run;
  }
}

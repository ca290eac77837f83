// Changes as their consumer sees them (PROTOCOL.md 4.14): in order, each once, over as many connections as it takes.
// Each Watch on the wire asks for as many as there is room for here, so that a slow consumer stops nobody.

import { MorselError } from "../base/errors.ts";
import { unlessAborted } from "../base/wait.ts";
import { MAX_WATCH_LENGTH } from "../protocol/limits.ts";
import { FROM_NOW, type Message } from "../protocol/messages.ts";
import type { Calls } from "./calls.ts";
import { fileInfoOf } from "./file_info.ts";
import type { Link } from "./link.ts";
import type { Change, WatchOptions } from "./types.ts";

/** Changes that have come; iterate over them once. It goes on until it is closed, by leaving the loop too. */
export class Watch implements AsyncIterable<Change>, AsyncDisposable {
  readonly #prefix: string;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #opened = Promise.withResolvers<void>();
  readonly #done: Promise<void>;
  /** What nobody has taken. Bounded by what is asked for. */
  readonly #queue: Change[] = [];
  /** All up to here has come; at first, where to begin. */
  #place: number;
  /** How many the server may tell of before it is asked again. */
  #asked = 0;
  #replies = 0;
  #isUsed = false;
  #isEnded = false;
  #wake: (() => void) | undefined;

  private constructor(link: Link, options: WatchOptions) {
    const { prefix = "", since = FROM_NOW, signal, retryMs } = options;
    this.#prefix = prefix;
    this.#place = since;
    this.#signal = AbortSignal.any(signal ? [signal, this.#stop.signal] : [this.#stop.signal]);
    this.#done = this.#follow(link, retryMs).finally(() => {
      this.#isEnded = true;
      this.#wake?.();
    });
    // Whoever iterates sees the failure; one that nobody waits for any more is of no interest.
    this.#done.catch((reason) => this.#opened.reject(reason));
    this.#opened.promise.catch(() => {});
  }

  /** Begins a watch; settles when the server has said that it watches. */
  static async open(link: Link, options: WatchOptions): Promise<Watch> {
    const { since = 0, signal } = options;
    signal?.throwIfAborted();
    if (!Number.isSafeInteger(since) || since < 0) {
      throw new MorselError("invalid", `There is no change ${since} to begin behind`);
    }
    const watch = new Watch(link, options);
    await watch.#opened.promise;
    return watch;
  }

  /** All changes up to this sequence have been taken: a later watch goes on with it as `since`. */
  get sequence(): number {
    return this.#queue[0] ? this.#queue[0].sequence - 1 : this.#place;
  }

  /** The changes. Fails with what ended the watch: `gone`, `connection`, the signal's reason and so on. */
  [Symbol.asyncIterator](): AsyncIterator<Change> {
    if (this.#isUsed) throw new TypeError("Cannot iterate over a watch a second time");
    this.#isUsed = true;
    return this.#changes();
  }

  /** Ends it. Closing twice is harmless. */
  async close(): Promise<void> {
    this.#stop.abort(new MorselError("cancelled", "The watch was closed"));
    await this.#done.catch(() => {});
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#changes(): AsyncGenerator<Change> {
    try {
      while (true) {
        this.#signal.throwIfAborted();
        const change = this.#queue.shift();
        if (change) {
          this.#wake?.();
          yield change;
        } else if (this.#isEnded) {
          return await this.#done;
        } else {
          await this.#news();
        }
      }
    } finally {
      await this.close();
    }
  }

  /** Asks again and again, each time from where the last answer ended. */
  async #follow(link: Link, retryMs: number | undefined): Promise<void> {
    const signal = this.#signal;
    // An answer of any kind is progress: a quiet watch may lose many connections in its time.
    const progress = () => this.#replies;
    while (true) await link.run((calls) => this.#ask(calls), { signal, progress, retryMs });
  }

  async #ask(calls: Calls): Promise<void> {
    while (this.#queue.length > MAX_WATCH_LENGTH / 2) {
      await unlessAborted(this.#news(), this.#signal);
    }
    const limit = this.#asked = MAX_WATCH_LENGTH - this.#queue.length;
    const request = { type: "Watch", since: this.#place, limit, prefix: this.#prefix } as const;
    const onReply = (reply: Message) => this.#take(reply);
    this.#take(await calls.call(request, { signal: this.#signal, onReply }));
  }

  #take(reply: Message): void {
    this.#replies++;
    switch (reply.type) {
      case "Watching":
      case "Watched":
        this.#moveTo(reply.sequence);
        return this.#opened.resolve();
      case "File": {
        const { version: sequence, name } = reply;
        return this.#add({ kind: "put", sequence, name, file: fileInfoOf(reply) });
      }
      case "Removed": {
        const { sequence, name, removedMs } = reply;
        return this.#add({ kind: "remove", sequence, name, removedMs });
      }
      default:
        throw new MorselError("protocol", `The server sent ${reply.type} where a change belongs`);
    }
  }

  #add(change: Change): void {
    if (change.sequence === this.#place || this.#asked-- === 0) {
      throw new MorselError("protocol", "The server told of more changes than it was asked for");
    }
    this.#moveTo(change.sequence);
    this.#queue.push(change);
    this.#wake?.();
  }

  #moveTo(sequence: number): void {
    if (this.#place !== FROM_NOW && sequence < this.#place) {
      throw new MorselError(
        "protocol",
        `The server went back from change ${this.#place} to ${sequence}`,
      );
    }
    this.#place = sequence;
  }

  /** Settles when a change has come or was taken, or the watch has ended. */
  #news(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }
}

// Puts frames into a stream of bytes: messages sent while a write is under way share the next one.

import { MorselError } from "../base/errors.ts";
import { decode, encodeInto, frameSize } from "./codec.ts";
import { HEADER_SIZE, type Message } from "./messages.ts";
import { describe } from "./notation.ts";

/** Frames up to this many bytes join others in one write; larger ones are written where they lie. */
const JOIN_SIZE = 16 * 1024;

/** Options of a {@linkcode FrameWriter}. */
export interface FrameWriterOptions {
  /** Puts off a write until all that is ready to run has run, so that its frames go along. */
  soon: (task: () => void) => void;
  /** Waits for a write, under a deadline. */
  guard?: ((write: Promise<void>) => Promise<void>) | undefined;
  /** Called with each message in notation. */
  trace?: ((line: string) => void) | undefined;
}

/** Frames gathered for one write. */
interface Pending {
  bytes: Uint8Array;
  length: number;
  readonly written: Promise<void>;
}

/** Writes frames in the order of the calls. After a failed write every call fails with `connection`. */
export class FrameWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #options: FrameWriterOptions;
  #pending: Pending | undefined;
  #last: Promise<void> = Promise.resolve();
  #unwritten = 0;

  /** Takes the stream over. */
  constructor(writable: WritableStream<Uint8Array>, options: FrameWriterOptions) {
    this.#writer = writable.getWriter();
    this.#options = options;
    // Failures reach the callers of `send`; the stream's own copy would count as unhandled.
    this.#writer.closed.catch(() => {});
  }

  /** Bytes handed in that the system has not taken yet. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** Sends a message; settles when the system has taken its bytes. */
  send(message: Message): Promise<void> {
    this.#options.trace?.(describe(message));
    const size = frameSize(message);
    const pending = this.#pendingWithRoom(size);
    pending.length = encodeInto(pending.bytes, pending.length, message);
    this.#unwritten += size;
    return pending.written;
  }

  /** Sends frames that are laid out already; `frames` belongs to the writer until this settles. */
  sendFrames(frames: Uint8Array): Promise<void> {
    if (this.#options.trace) traceFrames(frames, this.#options.trace);
    if (frames.length <= JOIN_SIZE) {
      const pending = this.#pendingWithRoom(frames.length);
      pending.bytes.set(frames, pending.length);
      pending.length += frames.length;
      this.#unwritten += frames.length;
      return pending.written;
    }
    // What comes later must not overtake these by joining the frames gathered before them.
    this.#pending = undefined;
    this.#unwritten += frames.length;
    return this.#enqueue(() => frames);
  }

  /** Ends the stream after all that was sent; the peer sees an orderly close. */
  async close(): Promise<void> {
    await this.#last.catch(() => {});
    await this.#writer.close().catch(() => {});
  }

  /** Drops what is not written yet; pending sends fail. */
  async abort(): Promise<void> {
    await this.#writer.abort().catch(() => {});
  }

  #pendingWithRoom(size: number): Pending {
    const pending = this.#pending ??= this.#gather();
    if (pending.length + size > pending.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * pending.bytes.length, pending.length + size));
      larger.set(pending.bytes.subarray(0, pending.length));
      pending.bytes = larger;
    }
    return pending;
  }

  #gather(): Pending {
    const gathered = new Promise<void>((resolve) => this.#options.soon(resolve));
    const pending: { bytes: Uint8Array; length: number; written?: Promise<void> } = {
      bytes: new Uint8Array(256),
      length: 0,
    };
    pending.written = this.#enqueue(() => {
      if (this.#pending === pending) this.#pending = undefined;
      return pending.bytes.subarray(0, pending.length);
    }, gathered);
    return pending as Pending;
  }

  /** Writes what `take` returns once all before it is written and `gathered` has settled. */
  #enqueue(take: () => Uint8Array, gathered?: Promise<void>): Promise<void> {
    const previous = this.#last;
    const written = (async () => {
      await previous;
      await gathered;
      const bytes = take();
      const write = this.#writer.write(bytes);
      try {
        await (this.#options.guard?.(write) ?? write);
      } catch (cause) {
        throw new MorselError("connection", "The connection was lost", { cause });
      }
      this.#unwritten -= bytes.length;
    })();
    written.catch(() => {}); // each caller has this promise too and sees the failure there
    this.#last = written;
    return written;
  }
}

function traceFrames(frames: Uint8Array, trace: (line: string) => void): void {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
  for (let start = 0; start < frames.length; start += view.getUint32(start)) {
    const body = frames.subarray(start + HEADER_SIZE, start + view.getUint32(start));
    const message = decode({ number: frames[start + 4]!, tag: view.getUint32(start + 5), body });
    if (message.type !== "Unknown") trace(describe(message));
  }
}

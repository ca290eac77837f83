// Puts frames into a stream of bytes: messages sent while a write is under way share the next one. A fast path
// of Morsel: an answer of several messages costs one write, and no buffer where the last one's can be used again.

import { MorselError } from "../base/errors.ts";
import type { Lane } from "../base/rate_limit.ts";
import { decode, encodeInto, frameRoom } from "./codec.ts";
import { FieldWriter } from "./fields.ts";
import { HEADER_SIZE, type Message } from "./messages.ts";
import { describe } from "./notation.ts";

/** Frames up to this many bytes join others in one write; larger ones are written where they lie. */
const JOIN_SIZE = 16 * 1024;
/** Bytes of the buffer that messages are gathered in: room for a file of one chunk and all that is said of it. */
const GATHER_SIZE = 2 * 1024;
/** The largest buffer that is kept to be used again. */
const MOST_KEPT = 1024 * 1024;

/** Options of a {@linkcode FrameWriter}. */
export interface FrameWriterOptions {
  /** Puts off a write until all that is ready to run has run, so that its frames go along. */
  soon: (task: () => void) => void;
  /** Waits for a write, under a deadline. */
  guard?: ((write: Promise<void>) => Promise<void>) | undefined;
  /** Called with each message in notation. */
  trace?: ((line: string) => void) | undefined;
}

/** One write, made or to be made. */
class Write {
  bytes: Uint8Array;
  length = 0;
  /** How much of it are messages, and not frames that were laid out already. */
  messages = 0;
  /** Adds messages, as long as they may join it; undefined for frames that are written where they lie. */
  fields: FieldWriter | undefined;
  isOpen: boolean;
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(to: FieldWriter | Uint8Array) {
    this.fields = to instanceof FieldWriter ? to : undefined;
    this.bytes = to instanceof FieldWriter ? to.bytes : to;
    this.isOpen = this.fields !== undefined;
  }

  /** Settles when the system has taken it; made for those who look, and asked for before it is written. */
  get written(): Promise<void> {
    if (!this.#ended) {
      this.#ended = Promise.withResolvers<void>();
      this.#ended.promise.catch(() => {}); // each caller that looks has this promise and sees the failure there
    }
    return this.#ended.promise;
  }

  succeed(): void {
    this.#ended?.resolve();
  }

  fail(error: MorselError): void {
    this.#ended?.reject(error);
  }

  /** Makes room for so many bytes more. */
  grow(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const larger = takeLarge(this.length + size) ??
      new FieldWriter(new Uint8Array(Math.max(2 * this.bytes.length, this.length + size)));
    larger.bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = larger.bytes;
    this.fields = larger;
  }
}

/**
 * The buffer of the last large write of whatever connection, for the next: to make one and to fill its new pages took a
 * twenty-fifth of the time of many small files. One for the whole program, as an idle connection is to hold none.
 */
let large: FieldWriter | undefined;

function takeLarge(size: number): FieldWriter | undefined {
  const taken = large && large.bytes.length >= size ? large : undefined;
  if (taken) large = undefined;
  return taken;
}

function keepLarge(fields: FieldWriter): void {
  const { length } = fields.bytes;
  if (length <= MOST_KEPT && length > (large?.bytes.length ?? 0)) large = fields;
}

/** Writes frames in the order of the calls. After a failed write every call fails with `connection`. */
export class FrameWriter {
  /** What its bytes are to pass; without it they are as fast as they can be. */
  lane: Lane | undefined;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #options: FrameWriterOptions;
  /** What is not being written yet, in order. */
  readonly #waiting: Write[] = [];
  #writing: Promise<void> | undefined;
  #isScheduled = false;
  #spare: FieldWriter | undefined;
  #unwritten = 0;
  #unwrittenMessages = 0;
  #failure: MorselError | undefined;

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

  /** The same, without what `sendFrames` was given. */
  get unwrittenMessages(): number {
    return this.#unwrittenMessages;
  }

  /** Writes all that was handed in so far; settles when the system has taken it. */
  async written(): Promise<void> {
    this.flush();
    await (this.#waiting.at(-1)?.written ?? this.#writing);
  }

  /** Sends a message; settles when the system has taken its bytes. */
  send(message: Message): Promise<void> {
    const { written } = this.#add(message);
    this.#schedule();
    return written;
  }

  /** Adds a message that others follow at once: it goes out with the next one. */
  add(message: Message): void {
    this.#add(message);
  }

  /** Sends a message that no others follow at once; settles when the system has taken its bytes. */
  sendNow(message: Message): Promise<void> {
    const { written } = this.#add(message);
    this.flush();
    return written;
  }

  /** Like `sendNow`, but leaves its fate to the reading side. */
  post(message: Message): void {
    this.#add(message);
    this.flush();
  }

  /** Writes what was added, now or as soon as the write that is under way has ended. */
  flush(): void {
    if (this.#waiting.length > 0) this.#writing ??= this.#writeAll();
  }

  /** Sends frames that are laid out already; `frames` belongs to the writer until this settles. */
  sendFrames(frames: Uint8Array): Promise<void> {
    if (this.#options.trace) traceFrames(frames, this.#options.trace);
    const write = frames.length <= JOIN_SIZE
      ? this.#writeWithRoom(frames.length)
      : this.#enqueue(frames);
    if (write.isOpen) write.bytes.set(frames, write.length);
    write.length += frames.length;
    this.#unwritten += frames.length;
    const { written } = write;
    this.#schedule();
    return written;
  }

  /** Ends the stream after all that was sent; the peer sees an orderly close. */
  async close(): Promise<void> {
    this.flush();
    await this.#writing;
    await this.#writer.close().catch(() => {});
  }

  /** Drops what is not written yet; pending sends fail. */
  async abort(): Promise<void> {
    await this.#writer.abort().catch(() => {});
  }

  #add(message: Message): Write {
    this.#options.trace?.(describe(message));
    const write = this.#writeWithRoom(frameRoom(message));
    const fields = write.fields!;
    fields.position = write.length;
    const end = encodeInto(fields, message);
    const size = end - write.length;
    this.#unwritten += size;
    this.#unwrittenMessages += size;
    write.messages += size;
    write.length = end;
    return write;
  }

  /** The write that the next frame joins. */
  #writeWithRoom(size: number): Write {
    const last = this.#waiting.at(-1);
    if (!last?.isOpen) {
      const room = Math.max(GATHER_SIZE, size);
      return this.#enqueue(this.#takeSpare(size) ?? new FieldWriter(new Uint8Array(room)));
    }
    last.grow(size);
    return last;
  }

  #takeSpare(size: number): FieldWriter | undefined {
    const spare = this.#spare;
    if (!spare || spare.bytes.length < size) return undefined;
    this.#spare = undefined;
    return spare;
  }

  #enqueue(to: FieldWriter | Uint8Array): Write {
    const write = new Write(to);
    if (this.#failure) {
      void write.written;
      write.fail(this.#failure);
    } else this.#waiting.push(write);
    return write;
  }

  /** Puts the write off until all that is ready to run has run. */
  #schedule(): void {
    if (this.#isScheduled || this.#writing) return;
    this.#isScheduled = true;
    this.#options.soon(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Writes what waits, and what comes meanwhile. Never rejects: the callers' promises do. */
  async #writeAll(): Promise<void> {
    for (let write = this.#waiting.shift(); write; write = this.#waiting.shift()) {
      write.isOpen = false;
      try {
        const bytes = write.bytes.subarray(0, write.length);
        await (this.lane ? this.#writePieces(bytes, this.lane) : this.#write(bytes));
      } catch (cause) {
        this.#fail(write, cause);
        break;
      }
      this.#unwritten -= write.length;
      this.#unwrittenMessages -= write.messages;
      if (write.bytes.length === GATHER_SIZE) this.#spare = write.fields;
      else if (write.fields) keepLarge(write.fields);
      write.succeed();
    }
    this.#writing = undefined;
  }

  /** The pauses between them are no deadline's business: the peer is not to blame for them. */
  async #writePieces(bytes: Uint8Array, lane: Lane): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      const piece = bytes.subarray(start, start + await lane.next());
      await this.#write(piece);
      lane.moved(piece.length);
      start += piece.length;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return; // of a message that could not be encoded
    const done = this.#writer.write(bytes);
    await (this.#options.guard?.(done) ?? done);
  }

  #fail(write: Write, cause: unknown): void {
    this.#failure = new MorselError("connection", "The connection was lost", { cause });
    for (const lost of [write, ...this.#waiting.splice(0)]) lost.fail(this.#failure);
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

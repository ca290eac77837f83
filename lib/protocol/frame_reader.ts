// Takes frames out of a stream of bytes (PROTOCOL.md 3): many out of one read, wherever the network cuts.
// A fast path of Morsel: neighbouring Data frames of one transfer come out as one run, so that 1300-byte
// chunks cost their consumer no more than large ones. `bench/frames_bench.ts` shows what a frame costs.

import { MorselError } from "../base/errors.ts";
import { decode, type UnknownMessage } from "./codec.ts";
import { describe } from "./notation.ts";
import { DATA_HEADER_SIZE, HEADER_SIZE, type Message, MESSAGES } from "./messages.ts";

/** Bytes a reader holds while little arrives: what an idle connection costs. */
const SMALL_BUFFER = 1024;
/** Bytes a reader holds while much arrives: what many at once may cost a server. */
const LARGE_BUFFER = 1024 * 1024;
/** How much larger or smaller the next buffer is. */
const GROWTH = 4;
/** So many small reads in a row are no accident, and a small buffer will do again. */
const SMALL_READS = 16;

const ENDED = { done: true, value: undefined } as const;

/** Options of a {@linkcode FrameReader}. */
export interface FrameReaderOptions {
  /** The largest frame that is taken, in bytes; a larger one is refused on its header alone. */
  maxFrame: number;
  /** Bytes to hold while much arrives, 1 MiB by default. */
  largeBuffer?: number | undefined;
  /** Called with each message in notation. Runs are not merged then, so that each frame shows. */
  trace?: ((line: string) => void) | undefined;
}

/** Reads frames. `fill` waits for bytes, `take` hands out what they hold, without a promise a frame. */
export class FrameReader {
  /** The largest frame that is taken, in bytes. */
  maxFrame: number;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #largeBuffer: number;
  #bytes = new Uint8Array(SMALL_BUFFER);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  #capacity = SMALL_BUFFER;
  #smallReads = 0;
  #bytesRead = 0;

  /** Takes the stream over; it must be a byte stream. */
  constructor(readable: ReadableStream<Uint8Array>, options: FrameReaderOptions) {
    this.#reader = readable.getReader({ mode: "byob" });
    this.maxFrame = options.maxFrame;
    this.#largeBuffer = options.largeBuffer ?? LARGE_BUFFER;
    this.#trace = options.trace;
  }

  /** All bytes read so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Whether the peer has begun a frame that is not all there. */
  get insideFrame(): boolean {
    return this.#end > this.#start;
  }

  /** The first bytes that are not taken yet, for telling what an unexpected peer speaks. */
  get untaken(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /**
   * Waits for more bytes. False when the peer has ended the stream between two frames; throws
   * `connection` when it ended inside one. What `take` returned before is no longer good. Not more than `most`
   * bytes are read.
   */
  async fill(most = Infinity): Promise<boolean> {
    this.#makeRoom();
    let result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
    const room = Math.min(most, this.#bytes.length - this.#end);
    try {
      result = await this.#reader.read(this.#bytes.subarray(this.#end, this.#end + room));
    } catch (cause) {
      this.#useBuffer(new ArrayBuffer(0));
      throw new MorselError("connection", "The connection was lost", { cause });
    }
    const { value, done } = result;
    // The stream took our buffer and gives it back under another name, if it was not cancelled.
    this.#useBuffer(value?.buffer ?? new ArrayBuffer(0));
    if (done) {
      if (!this.insideFrame) return false;
      throw new MorselError("connection", "The connection was closed inside a frame");
    }
    this.#end += value.length;
    this.#bytesRead += value.length;
    this.#adapt(value.length, room);
    return true;
  }

  /**
   * The next message that is all there, or undefined. A Data message may stand for many frames: its
   * payload is then theirs, joined. Payloads are views, good until the next `fill`. Throws `protocol`.
   */
  take(): Message | UnknownMessage | undefined {
    const available = this.#end - this.#start;
    if (available < 4) return undefined;
    const size = this.#view.getUint32(this.#start);
    this.#checkSize(size);
    if (available < size) return undefined;
    if (this.#bytes[this.#start + 4] === MESSAGES.Data.number) return this.#takeData(size);
    const message = decode({
      number: this.#bytes[this.#start + 4]!,
      tag: this.#view.getUint32(this.#start + 5),
      body: this.#bytes.subarray(this.#start + HEADER_SIZE, this.#start + size),
    });
    this.#start += size;
    if (message.type !== "Unknown") this.#trace?.(describe(message));
    return message;
  }

  /** Reads and drops all that still comes, until the peer ends the stream or it is lost. */
  async discard(): Promise<void> {
    let bytes = new Uint8Array(SMALL_BUFFER);
    while (true) {
      const { value, done } = await this.#reader.read(bytes).catch(() => ENDED);
      if (done || !value) return;
      this.#bytesRead += value.length;
      bytes = new Uint8Array(value.buffer);
    }
  }

  /** Lets go of the stream; a pending `fill` ends. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  #useBuffer(buffer: ArrayBuffer): void {
    if (buffer === this.#bytes.buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    if (this.#end > buffer.byteLength) this.#start = this.#end = 0;
  }

  #checkSize(size: number): void {
    if (size > this.maxFrame) {
      throw new MorselError(
        "protocol",
        `A frame of ${size} bytes is over the ${this.maxFrame} allowed`,
        { detail: { limit: "maxFrame", value: String(this.maxFrame) } },
      );
    }
    if (size < HEADER_SIZE) {
      throw new MorselError(
        "protocol",
        `A frame of ${size} bytes is under the ${HEADER_SIZE} of its header`,
      );
    }
  }

  /** Takes a Data frame and those behind it that continue it, moving their payloads together in place. */
  #takeData(size: number): Message {
    if (size <= DATA_HEADER_SIZE) throw new MorselError("protocol", "A Data frame has no payload");
    const tag = this.#view.getUint32(this.#start + 5);
    const offset = this.#offsetAt(this.#start);
    if (offset === undefined) {
      throw new MorselError("protocol", "The field offset is above 2^53 - 1");
    }
    const runStart = this.#start + DATA_HEADER_SIZE;
    let runEnd = this.#start + size;
    let next = runEnd;
    while (!this.#trace) {
      const more = this.#continuation(next, tag, offset + runEnd - runStart);
      if (more === 0) break;
      this.#bytes.copyWithin(runEnd, next + DATA_HEADER_SIZE, next + more);
      runEnd += more - DATA_HEADER_SIZE;
      next += more;
    }
    this.#start = next;
    const data = this.#bytes.subarray(runStart, runEnd);
    const message: Message = { type: "Data", tag, offset, data };
    this.#trace?.(describe(message));
    return message;
  }

  /** The size of the whole Data frame at `at` that goes on with `tag` at `offset`; 0 if none does. */
  #continuation(at: number, tag: number, offset: number): number {
    const available = this.#end - at;
    if (available <= DATA_HEADER_SIZE) return 0;
    const size = this.#view.getUint32(at);
    const continues = size > DATA_HEADER_SIZE && size <= available && size <= this.maxFrame &&
      this.#bytes[at + 4] === MESSAGES.Data.number && this.#view.getUint32(at + 5) === tag &&
      this.#offsetAt(at) === offset;
    return continues ? size : 0;
  }

  /** Undefined above 2^53 - 1: a run ends before such a frame, and only then is it refused. */
  #offsetAt(frame: number): number | undefined {
    const high = this.#view.getUint32(frame + HEADER_SIZE);
    if (high > 0x1f_ffff) return undefined;
    return high * 0x1_0000_0000 + this.#view.getUint32(frame + HEADER_SIZE + 4);
  }

  /**
   * Moves what is left to the front of a buffer that has room for more of its frame: no more than four times what has
   * come, as a frame that is announced and never sent must cost little.
   */
  #makeRoom(): void {
    const left = this.#end - this.#start;
    const frame = left >= 4 ? this.#view.getUint32(this.#start) : 0;
    const capacity = Math.max(this.#capacity, Math.min(frame, GROWTH * left));
    const { length } = this.#bytes;
    if (capacity <= length && length < GROWTH * capacity) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    } else {
      const larger = new Uint8Array(capacity);
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#start = 0;
    this.#end = left;
  }

  /** Lets the buffer follow the traffic, so that ten thousand idle connections stay cheap. */
  #adapt(read: number, room: number): void {
    if (read === room) this.#capacity = Math.min(this.#largeBuffer, this.#capacity * GROWTH);
    this.#smallReads = read < this.#capacity / 8 ? this.#smallReads + 1 : 0;
    if (this.#smallReads < SMALL_READS) return;
    this.#smallReads = 0;
    this.#capacity = Math.max(SMALL_BUFFER, this.#capacity / GROWTH);
  }
}

// Lays bytes out in Data frames, many for one write. The fast path of sending: payloads are read straight
// into the buffer that is written, and moved apart in place to make room for the headers.

import { DATA_HEADER_SIZE, MESSAGES } from "./messages.ts";

/** Bytes of frames in one write, if nobody says otherwise; larger ones brought a server nothing on loopback. */
export const BATCH_SIZE = 256 * 1024;

/** A buffer that turns contiguous bytes into Data frames of one chunk size. */
export class DataBatch {
  /** The most payload bytes one batch takes: a multiple of the chunk. */
  readonly capacity: number;
  /** Settles when the frames it was laid out in last are written; it is not to be filled before. */
  written: Promise<void> | undefined;
  readonly #chunk: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #payloadStart = 0;

  /** For chunks of `chunk` bytes and up to `payload` bytes of them, as far as a batch of `size` bytes goes. */
  constructor(chunk: number, payload: number, size = BATCH_SIZE) {
    const frames = framesFor(chunk, payload, size);
    this.#chunk = chunk;
    this.capacity = frames * chunk;
    this.#bytes = new Uint8Array(frames * (chunk + DATA_HEADER_SIZE));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Whether it is as good as a new one for these. */
  fits(chunk: number, payload: number, size = BATCH_SIZE): boolean {
    return chunk === this.#chunk && this.capacity >= framesFor(chunk, payload, size) * chunk;
  }

  /** Where to put the next `length` payload bytes, at most `capacity`. */
  space(length: number): Uint8Array {
    this.#payloadStart = Math.ceil(length / this.#chunk) * DATA_HEADER_SIZE;
    return this.#bytes.subarray(this.#payloadStart, this.#payloadStart + length);
  }

  /**
   * The first `length` bytes of the space as frames from `offset` on. A view into the batch, which must
   * not be used again before the frames are written.
   */
  frames(length: number, { tag, offset }: { tag: number; offset: number }): Uint8Array {
    let end = 0;
    for (let taken = 0; taken < length; taken += this.#chunk) {
      const size = Math.min(this.#chunk, length - taken);
      const payload = this.#payloadStart + taken;
      // The header of a frame ends at or before its payload, so nothing unread is overwritten.
      this.#bytes.copyWithin(end + DATA_HEADER_SIZE, payload, payload + size);
      this.#header(end, { size: size + DATA_HEADER_SIZE, tag, offset: offset + taken });
      end += size + DATA_HEADER_SIZE;
    }
    return this.#bytes.subarray(0, end);
  }

  #header(at: number, { size, tag, offset }: { size: number; tag: number; offset: number }): void {
    this.#view.setUint32(at, size);
    this.#view.setUint8(at + 4, MESSAGES.Data.number);
    this.#view.setUint32(at + 5, tag);
    this.#view.setUint32(at + 9, Math.floor(offset / 0x1_0000_0000));
    this.#view.setUint32(at + 13, offset >>> 0);
  }
}

/** How many frames of a whole chunk a batch has room for, if so much payload is to come. */
function framesFor(chunk: number, payload: number, size: number): number {
  const most = Math.max(1, Math.floor(size / (chunk + DATA_HEADER_SIZE)));
  return Math.min(most, Math.max(1, Math.ceil(payload / chunk)));
}

// A stream of bytes, taken piece by piece: while one is hashed and sent the next is read, and where the stream lets its
// reader say where to, always into the same two buffers. Standard input comes so.

/** Bytes of a buffer: more than a pipe holds. */
const PIECE_SIZE = 256 * 1024;

type Result = ReadableStreamReadResult<Uint8Array>;

/** The pieces of one stream, which is locked by it. */
export class StreamPieces {
  readonly #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>;
  #coming: Promise<Result> | undefined;
  /** What the piece lies in that was handed out last. */
  #used: ArrayBufferLike | undefined;

  /** Throws a TypeError where the stream is locked already. */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = byteReader(stream) ?? stream.getReader();
  }

  /** The next piece, good until the one after it is asked for; undefined at the end. Fails as the stream does. */
  async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await (this.#coming ?? this.#read());
    if (done) return undefined;
    this.#coming = this.#read();
    this.#coming.catch(() => {}); // whoever asks for it sees it
    this.#used = value.buffer;
    return value;
  }

  /** Wants no more of it; a piece that is waited for does not come. Never fails. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  #read(): Promise<Result> {
    const reader = this.#reader;
    if (reader instanceof ReadableStreamDefaultReader) return reader.read();
    const buffer = (this.#used ?? new ArrayBuffer(PIECE_SIZE)) as ArrayBuffer;
    return reader.read(new Uint8Array(buffer)) as Promise<Result>;
  }
}

/** Undefined where the stream is none of bytes. */
function byteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

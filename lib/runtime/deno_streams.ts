// The two directions of a connection on Deno as Web Streams, whose readers and writers make the system's calls
// themselves. A fast path of Morsel: the queues of the streams cost a small exchange 8 of its 27 microseconds, as
// `bench/connection_bench.ts` shows.

import type { Turns } from "./deno_turns.ts";

/** What of Deno's connections they use. */
export type DenoSocket = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;

/** What the streams stand on, and who counts for it. */
export interface StreamedConnection {
  readonly socket: DenoSocket;
  /** The turns that it leaves to other connections. */
  readonly turns: Turns;
  /** Told of bytes as the system takes them. */
  wrote(count: number): void;
  /** Closes both directions. */
  close(): void;
}

/** Bytes of a buffer for a reader that brings none. */
const READ_SIZE = 64 * 1024;

/** Bytes from the peer. What `getReader({ mode: "byob" })` gives leaves its buffers where they are. */
export class DenoReadable extends ReadableStream<Uint8Array> {
  readonly #socket: DenoSocket;
  readonly #turns: Turns;
  #controller!: ReadableByteStreamController;

  constructor({ socket, turns, close }: StreamedConnection) {
    let controller!: ReadableByteStreamController;
    super({
      type: "bytes",
      autoAllocateChunkSize: READ_SIZE,
      start: (given) => void (controller = given as ReadableByteStreamController),
      // Not `readable` of Deno's own, which closes the other direction as well at the peer's end.
      pull: async () => {
        const { buffer, byteOffset, byteLength } = controller.byobRequest!.view!;
        const count = await socket.read(new Uint8Array(buffer, byteOffset, byteLength));
        if (count === null) controller.close();
        controller.byobRequest?.respond(count ?? 0);
      },
      cancel: close,
    });
    this.#socket = socket;
    this.#turns = turns;
    this.#controller = controller;
  }

  override getReader(options: { mode: "byob" }): ReadableStreamBYOBReader;
  override getReader(): ReadableStreamDefaultReader<Uint8Array>;
  override getReader(options?: ReadableStreamGetReaderOptions): ReadableStreamReader<Uint8Array> {
    if (options?.mode !== "byob") return super.getReader();
    // Holding the stream's own reader keeps everybody else away, as with any stream.
    const lock = super.getReader({ mode: "byob" });
    return new DirectReader({
      socket: this.#socket,
      turns: this.#turns,
      lock,
      controller: this.#controller,
    });
  }
}

/** Bytes to the peer. What `getWriter` gives hands each write to the system at once, in order. */
export class DenoWritable extends WritableStream<Uint8Array> {
  readonly #put: (bytes: Uint8Array) => Promise<void>;

  constructor({ socket, turns, wrote }: StreamedConnection) {
    const put = async (bytes: Uint8Array) => {
      // Not `writable` of Deno's own, which tells of a large write only when all of it is taken.
      for (let taken = 0; taken < bytes.length;) {
        if (turns.areDue) await turns.leave();
        const count = await socket.write(taken === 0 ? bytes : bytes.subarray(taken));
        taken += count;
        if (taken < bytes.length) turns.waits();
        else turns.moved(count);
        wrote(count);
      }
    };
    super({ write: put, close: () => socket.closeWrite().catch(() => {}) });
    this.#put = put;
  }

  override getWriter(): WritableStreamDefaultWriter<Uint8Array> {
    return new DirectWriter(this.#put, super.getWriter());
  }
}

interface DirectReaderParts extends Pick<StreamedConnection, "socket" | "turns"> {
  readonly lock: ReadableStreamBYOBReader;
  readonly controller: ReadableByteStreamController;
}

class DirectReader implements ReadableStreamBYOBReader {
  readonly #socket: DenoSocket;
  readonly #turns: Turns;
  readonly #lock: ReadableStreamBYOBReader;
  readonly #controller: ReadableByteStreamController;
  #hasEnded = false;

  constructor({ socket, turns, lock, controller }: DirectReaderParts) {
    this.#socket = socket;
    this.#turns = turns;
    this.#lock = lock;
    this.#controller = controller;
  }

  get closed(): Promise<void> {
    return this.#lock.closed;
  }

  async read<View extends ArrayBufferView>(
    view: View,
  ): Promise<ReadableStreamReadResult<View>> {
    const bytes = view as ArrayBufferView as Uint8Array<ArrayBuffer>;
    try {
      if (this.#turns.areDue) await this.#turns.leave();
      const count = await this.#socket.read(bytes);
      if (count === null) this.#end();
      else this.#turns.moved(count);
      const value = bytes.subarray(0, count ?? 0) as ArrayBufferView as View;
      return { done: count === null, value } as ReadableStreamReadResult<View>;
    } catch (error) {
      this.#controller.error(error);
      throw error;
    }
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#lock.cancel(reason);
  }

  /** The peer's end stays an end, however often it is read. */
  #end(): void {
    if (!this.#hasEnded) this.#controller.close();
    this.#hasEnded = true;
  }

  releaseLock(): void {
    this.#lock.releaseLock();
  }
}

class DirectWriter implements WritableStreamDefaultWriter<Uint8Array> {
  readonly #put: (bytes: Uint8Array) => Promise<void>;
  readonly #lock: WritableStreamDefaultWriter<Uint8Array>;
  #unwritten = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(
    put: (bytes: Uint8Array) => Promise<void>,
    lock: WritableStreamDefaultWriter<Uint8Array>,
  ) {
    this.#put = put;
    this.#lock = lock;
  }

  get closed(): Promise<void> {
    return this.#lock.closed;
  }

  get desiredSize(): number | null {
    return this.#lock.desiredSize;
  }

  get ready(): Promise<void> {
    return this.#lock.ready;
  }

  write(bytes: Uint8Array): Promise<void> {
    const isNext = this.#unwritten++ === 0;
    const write = isNext ? this.#write(bytes) : this.#last.then(() => this.#write(bytes));
    return this.#last = write;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {});
    await this.#lock.close();
  }

  abort(reason?: unknown): Promise<void> {
    return this.#lock.abort(reason);
  }

  releaseLock(): void {
    this.#lock.releaseLock();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#put(bytes);
    this.#unwritten--;
  }
}

// Two ends of a connection in memory, with a say in how the bytes are cut.

import type { Connection } from "../../lib/runtime/connection.ts";

/** How a pair behaves. */
export interface MemoryPairOptions {
  /**
   * The sizes in which bytes arrive, in turn. Nothing is kept on the way then; otherwise up to
   * 64 KiB are, as a system keeps bytes that are sent and not yet read.
   */
  cuts?: () => number;
  /**
   * Bytes that are kept on the way without `cuts`, 64 KiB by default. Of more, the writer is told of room again only
   * when a third is free, as a system does.
   */
  kept?: number;
}

/** A connected pair. Closing one end ends the other's reads after what was written before. */
export function memoryPair(options: MemoryPairOptions = {}): [Connection, Connection] {
  const there = pipe(options);
  const back = pipe(options);
  return [end(back, there, "memory:1"), end(there, back, "memory:2")];
}

interface Pipe {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  written(): number;
  close(): void;
}

function pipe({ cuts, kept = 65536 }: MemoryPairOptions): Pipe {
  let controller!: ReadableByteStreamController;
  let wanted = Promise.withResolvers<void>();
  let closed = false;
  let written = 0;
  const readable = new ReadableStream<Uint8Array>({
    type: "bytes",
    start: (given) => {
      controller = given as ReadableByteStreamController;
    },
    pull: ({ desiredSize }) => {
      if (kept === 65536 || (desiredSize ?? 0) >= kept / 3) wanted.resolve();
    },
    cancel: () => close(),
  }, { highWaterMark: cuts ? 0 : kept });
  function close(): void {
    if (closed) return;
    closed = true;
    wanted.resolve();
    try {
      controller.close();
      controller.byobRequest?.respond(0);
    } catch {
      // cancelled by its reader
    }
  }
  const writable = new WritableStream<Uint8Array>({
    write: async (bytes) => {
      for (let taken = 0; taken < bytes.length;) {
        await wanted.promise;
        if (closed) throw new Error("The pipe is closed");
        const size = Math.min(bytes.length - taken, Math.max(1, cuts?.() ?? 65536));
        const full = (controller.desiredSize ?? 0) <= size;
        if (full) wanted = Promise.withResolvers();
        controller.enqueue(bytes.slice(taken, taken + size));
        taken += size;
        written += size;
      }
    },
    close,
    abort: close,
  });
  return { readable, writable, written: () => written, close };
}

function end(incoming: Pipe, outgoing: Pipe, remote: string): Connection {
  return {
    readable: incoming.readable,
    writable: outgoing.writable,
    get bytesWritten() {
      return outgoing.written();
    },
    remote,
    close: () => {
      incoming.close();
      outgoing.close();
    },
  };
}

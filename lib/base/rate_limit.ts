// A limit on the bytes a second of connections, all together and both ways: a wrapper around a connection, so
// that one without a limit costs nothing. Reads are put off, and TCP then slows the sender down.

import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { Pace } from "./pace.ts";

/** The lowest limit there is, in bytes a second: a peer's patience with a slow transfer is not endless. */
export const LEAST_RATE_LIMIT = 16 * 1024;

/**
 * What a connection gets at least however many share the limit, in bytes a second: twice the minimum
 * rate of PROTOCOL.md 7, so that a limit never looks like a peer that has stopped.
 */
const LEAST_SHARE = 2 * 1024;
/** The longest pause between two pieces, in milliseconds: far under every deadline of PROTOCOL.md 7. */
const LONGEST_PAUSE_MS = 5000;
/** Bytes that may go at once after a rest, as the milliseconds they would take. */
const BURST_MS = 100;
/** What is moved at a time, as the milliseconds it takes: fine enough to be a flow and not gusts. */
const PIECE_MS = 50;
const LEAST_PIECE = 4 * 1024;
const LARGEST_PIECE = 256 * 1024;

/** A limit that any number of connections share. */
export class RateLimit {
  /** The bytes a second that are not exceeded, but for {@linkcode LEAST_SHARE} of each connection. */
  readonly bytesPerSecond: number;
  readonly #pace: Pace;
  readonly #piece: number;

  /** Throws a RangeError below {@linkcode LEAST_RATE_LIMIT}. */
  constructor(clock: Clock, bytesPerSecond: number) {
    if (!(bytesPerSecond >= LEAST_RATE_LIMIT)) {
      throw new RangeError(
        `Cannot limit to ${bytesPerSecond} bytes a second as the least is ${LEAST_RATE_LIMIT}`,
      );
    }
    this.bytesPerSecond = bytesPerSecond;
    this.#pace = new Pace(clock, bytesPerSecond, {
      burstMs: BURST_MS,
      leastRate: LEAST_SHARE,
      longestMs: LONGEST_PAUSE_MS,
    });
    const piece = Math.floor(bytesPerSecond * PIECE_MS / 1000);
    this.#piece = Math.min(LARGEST_PIECE, Math.max(LEAST_PIECE, piece));
  }

  /** The same connection under the limit; to be used and closed in its place. */
  apply(connection: Connection): Connection {
    const stop = new AbortController();
    const close = () => {
      stop.abort(new Error("The connection was closed"));
      connection.close();
    };
    return {
      readable: this.#readable(connection, stop.signal),
      writable: this.#writable(connection, stop.signal),
      get bytesWritten() {
        return connection.bytesWritten;
      },
      remote: connection.remote,
      channelBinding: connection.channelBinding,
      close,
    };
  }

  #readable(connection: Connection, signal: AbortSignal): ReadableStream<Uint8Array> {
    const reader = connection.readable.getReader({ mode: "byob" });
    return new ReadableStream<Uint8Array>({
      type: "bytes",
      autoAllocateChunkSize: this.#piece,
      pull: async (controller) => {
        const request = (controller as ReadableByteStreamController).byobRequest!;
        const { buffer, byteOffset, byteLength } = request.view!;
        const room = Math.min(byteLength, this.#piece);
        const { value, done } = await reader.read(new Uint8Array(room));
        if (done) {
          controller.close();
          return request.respond(0);
        }
        new Uint8Array(buffer, byteOffset).set(value);
        request.respond(value.length);
        // Handed on first, so that what is small and rare does not wait at all.
        await this.#pace.take(value.length, signal);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  #writable(connection: Connection, signal: AbortSignal): WritableStream<Uint8Array> {
    const writer = connection.writable.getWriter();
    writer.closed.catch(() => {}); // whoever writes sees it
    return new WritableStream<Uint8Array>({
      write: async (bytes) => {
        for (let start = 0; start < bytes.length; start += this.#piece) {
          const piece = bytes.subarray(start, start + this.#piece);
          await writer.write(piece);
          await this.#pace.take(piece.length, signal);
        }
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    });
  }
}

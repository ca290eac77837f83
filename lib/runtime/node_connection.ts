// A connection on Node and Bun, and a server's over TLS on Deno: a socket of `node:net` as a pair of Web Streams. What
// has come and waits to be read pauses the socket, so that little more is held here than is read at a time.

import type { OnReadOpts, Socket } from "node:net";
import process from "node:process";
import { CollectorTurns, giveBack } from "../base/collector.ts";
import type { ChannelBinding, Connection } from "../base/connection.ts";

/** Bytes of the buffer that a socket reads into while little arrives, and while much does. */
const [SMALL_BUFFER, LARGE_BUFFER] = [16 * 1024, 256 * 1024];
/** Bytes handed to the system at a time, so that `bytesWritten` shows how a slow reader gets on. */
const WRITE_SIZE = 64 * 1024;
/**
 * Bytes that are held at most for a reader that is busy. TLS hands out 16 or 64 KiB at a time: to pause for each of
 * them costs half as much again as to decrypt it, and whoever reads a few at once writes them to disk at once.
 */
const MOST_HELD = 1024 * 1024;
/**
 * TLS on Deno leaves behind as much as it hands out, in buffers of its own for what is still encrypted, and Node pieces
 * of which nothing lives in the heap. Bun has a collector that sees them.
 */
const turns = process.versions["bun"] === undefined
  ? new CollectorTurns(16 * 1024 * 1024)
  : undefined;
/** When the system asks a silent peer whether it is still there, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;

/** How a {@linkcode NodeConnection} takes a socket over. */
export interface NodeConnectionOptions {
  readonly isPaused: boolean;
  readonly channelBinding?: ChannelBinding | undefined;
  /** How reading is held and gone on with, where it is not as of any socket. */
  readonly flow?: ReadFlow | undefined;
  /** What to tell of an error, or of an end or a reset before the first byte; undefined where that says nothing. */
  readonly explain?: (error: Error | undefined) => Error | undefined;
}

/** Holds what a socket reads, and goes on with it. */
export interface ReadFlow {
  pause(): void;
  resume(): void;
  /** Whether what a socket tells as its end is a reset. */
  wasReset?(): boolean;
}

/** The connection over a socket, which must be connected and made with `allowHalfOpen`. */
export class NodeConnection implements Connection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly remote: string;
  readonly channelBinding?: ChannelBinding | undefined;
  readonly #socket: Socket;
  /** Pieces that have come and wait for a reader. */
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Bytes of the first of them that its reader has. */
  #taken = 0;
  /** Bytes that may be held without a pause: as many as the reader takes at a time, within a bound. */
  #room = 0;
  readonly #mayHold: boolean;
  #isPaused: boolean;
  #hasArrived = false;
  #abandonWrite = () => {};
  /** A reader that waits for bytes. */
  #reader: ReadableByteStreamController | undefined;
  #end: "ended" | Error | undefined;
  #bytesWritten = 0;
  readonly #explain: NodeConnectionOptions["explain"];
  readonly #flow: ReadFlow;

  /**
   * Takes the socket over: one to be paused, each of whose pieces has memory of its own, or one that hands what comes
   * to `arrive`. What fails is told as `explain` has it.
   */
  constructor(socket: Socket, options: NodeConnectionOptions) {
    const { isPaused, channelBinding, flow = socket, explain } = options;
    this.#socket = socket;
    this.channelBinding = channelBinding;
    this.#explain = explain;
    this.#flow = flow;
    this.#isPaused = this.#mayHold = isPaused;
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    // Small messages must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#listen();
    this.readable = new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: WRITE_SIZE,
      pull: (controller) => {
        const reader = controller as ReadableByteStreamController;
        const size = reader.byobRequest!.view!.byteLength;
        this.#room = this.#mayHold ? Math.min(MOST_HELD, size) : 0;
        this.#reader = reader;
        this.#serve();
      },
      cancel: () => {
        this.#reader = undefined;
        this.close();
      },
    });
    this.writable = new WritableStream({
      write: (bytes) => this.#write(bytes),
      close: () => this.#endWriting(),
    });
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  close(): void {
    this.#end ??= "ended"; // an end that needs no explaining
    this.#socket.destroy();
  }

  /** Takes a piece that has come; false asks for a pause, and the piece must stay good until its end. */
  arrive(piece: Uint8Array): boolean {
    this.#hasArrived = true;
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    this.#serve();
    this.#isPaused ||= this.#heldBytes > this.#room;
    return !this.#isPaused;
  }

  #listen(): void {
    const socket = this.#socket;
    if (this.#isPaused) {
      this.#flow.pause();
      socket.on("data", (piece: Uint8Array) => {
        turns?.add(piece.length);
        if (!this.arrive(piece)) this.#flow.pause();
      });
    }
    const end = (how: "ended" | (Error & { code?: string })) => {
      const error = how === "ended" ? undefined : how;
      const isLoss = error === undefined || error.code === "ECONNRESET";
      this.#end ??= (isLoss && this.#hasArrived ? undefined : this.#explain?.(error)) ?? how;
      this.#serve();
    };
    socket.on("end", () => end(this.#flow.wasReset?.() ? resetError() : "ended"));
    socket.on("error", (error) => {
      end(error);
      this.#abandonWrite();
    });
    socket.on("close", () => {
      end("ended");
      this.#abandonWrite();
    });
  }

  /** Gives the reader that waits what has come, or the end. */
  #serve(): void {
    const reader = this.#reader;
    if (!reader) return;
    if (this.#held.length === 0 && this.#end === undefined) {
      if (!this.#isPaused) return;
      this.#isPaused = false;
      this.#flow.resume();
      return;
    }
    this.#reader = undefined;
    if (this.#held.length > 0) {
      reader.byobRequest!.respond(this.#fill(reader.byobRequest!.view!));
    } else if (this.#end === "ended") {
      reader.close();
      reader.byobRequest!.respond(0);
    } else reader.error(this.#end);
  }

  #fill({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
    const into = new Uint8Array(buffer, byteOffset, byteLength);
    let filled = 0;
    while (filled < into.length && this.#held.length > 0) {
      const piece = this.#held[0]!;
      const part = piece.subarray(this.#taken, this.#taken + into.length - filled);
      into.set(part, filled);
      filled += part.length;
      this.#heldBytes -= part.length;
      this.#taken += part.length;
      if (this.#taken === piece.length) this.#dropFirst();
    }
    return filled;
  }

  #dropFirst(): void {
    const piece = this.#held.shift()!;
    this.#taken = 0;
    if (this.#mayHold) giveBack(piece);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += WRITE_SIZE) {
      const part = bytes.subarray(start, start + WRITE_SIZE);
      await new Promise<void>((resolve, reject) => {
        // With TLS on Deno a write that meets the end of the connection is never told of it.
        this.#abandonWrite = () => reject(new Error("The connection has ended"));
        if (this.#socket.destroyed || this.#end instanceof Error) return this.#abandonWrite();
        this.#socket.write(part, (error) => error ? reject(error) : resolve());
      });
      this.#bytesWritten += part.length;
    }
  }

  #endWriting(): Promise<void> {
    return new Promise((resolve) => {
      // One that is closed calls nobody any more.
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", resolve);
      this.#socket.end(resolve);
    });
  }
}

function resetError(): Error {
  return Object.assign(new Error("The peer has reset the connection"), { code: "ECONNRESET" });
}

/** Has a socket read into one buffer, again and again, and hand what came to `arrive`. */
export function readInto(arrive: (piece: Uint8Array) => boolean): OnReadOpts {
  let buffer = new Uint8Array(SMALL_BUFFER);
  return {
    buffer: () => buffer,
    callback: (length) => {
      const goOn = arrive(buffer.subarray(0, length));
      if (length === buffer.length && length < LARGE_BUFFER) buffer = new Uint8Array(length * 4);
      return goOn;
    },
  };
}

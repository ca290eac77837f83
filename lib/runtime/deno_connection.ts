// A connection on Deno: what it has opened or accepted, as a pair of Web Streams. Its quirks stay in here.

import type { ChannelBinding, Connection } from "../base/connection.ts";
import { openSockets } from "./deno_sockets.ts";
import { DenoReadable, type DenoSocket, DenoWritable } from "./deno_streams.ts";
import { Turns } from "./deno_turns.ts";

/** The connection over a socket, which it takes over. */
export class DenoConnection implements Connection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly remote: string;
  readonly channelBinding?: ChannelBinding | undefined;
  readonly #socket: DenoSocket;
  #bytesWritten = 0;
  #closed = false;

  constructor(socket: DenoSocket, remote: Deno.NetAddr, channelBinding?: ChannelBinding) {
    this.#socket = socket;
    this.remote = `${remote.hostname}:${remote.port}`;
    this.channelBinding = channelBinding;
    openSockets.connections++;
    const streamed = {
      socket,
      turns: new Turns(openSockets),
      wrote: (count: number) => void (this.#bytesWritten += count),
      close: () => this.close(),
    };
    this.readable = new DenoReadable(streamed);
    this.writable = new DenoWritable(streamed);
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    openSockets.connections--;
    this.#socket.close();
  }
}

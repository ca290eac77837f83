// The network on Deno: `Deno.listen` and `Deno.connect`. Its quirks stay in here.

import { MorselError } from "../base/errors.ts";
import type { Address, Connection, Listener, Network } from "./connection.ts";
import { DenoReadable, DenoWritable } from "./deno_streams.ts";
import { OpenSockets, Turns } from "./deno_turns.ts";

// They share one event loop, whoever has opened them.
const open = new OpenSockets();

/** TCP as Deno has it. */
export const denoNetwork: Network = {
  async listen(address, { sharesPort = false } = {}) {
    try {
      const { host: hostname, port } = address;
      return new DenoListener(Deno.listen({ hostname, port, reusePort: sharesPort }));
    } catch (cause) {
      throw cannot("listen on", address, cause);
    }
  },
  async connect(address, { signal } = {}) {
    try {
      const { host: hostname, port } = address;
      return new DenoConnection(
        await Deno.connect({ hostname, port, ...(signal && { signal }) }),
      );
    } catch (cause) {
      signal?.throwIfAborted();
      throw cannot("connect to", address, cause);
    }
  },
};

const { NotConnected, ConnectionReset, ConnectionAborted } = Deno.errors;
const GONE = [NotConnected, ConnectionReset, ConnectionAborted] as const;

class DenoListener implements Listener {
  readonly address: Address;
  readonly #listener: Deno.TcpListener;
  #closed = false;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    open.listeners++;
    this.address = { host: listener.addr.hostname, port: listener.addr.port };
  }

  async accept(): Promise<Connection | undefined> {
    for (;;) {
      try {
        return new DenoConnection(await this.#listener.accept());
      } catch (error) {
        if (this.#closed) return undefined;
        // One that was reset before anybody got to it is no failure of the listener, which others wait at.
        if (!GONE.some((kind) => error instanceof kind)) throw error;
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    open.listeners--;
    this.#listener.close();
  }
}

class DenoConnection implements Connection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly remote: string;
  readonly #tcp: Deno.TcpConn;
  #bytesWritten = 0;
  #closed = false;

  constructor(tcp: Deno.TcpConn) {
    this.#tcp = tcp;
    const { hostname, port } = tcp.remoteAddr;
    this.remote = `${hostname}:${port}`;
    // Small messages must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
    tcp.setNoDelay(true);
    tcp.setKeepAlive(true);
    open.connections++;
    const streamed = {
      tcp,
      turns: new Turns(open),
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
    open.connections--;
    this.#tcp.close();
  }
}

function cannot(what: string, { host, port }: Address, cause: unknown): unknown {
  // A denied permission keeps its own name, so that the command line can say which flag to add.
  if (cause instanceof Deno.errors.NotCapable) return cause;
  const reason = cause instanceof Error ? cause.message.replace(/ \(os error \d+\)$/, "") : cause;
  return new MorselError("connection", `Cannot ${what} ${host}:${port}: ${reason}`, { cause });
}

// The network on Deno: `Deno.listen` and `Deno.connect`. Its quirks stay in here.

import { MorselError } from "../base/errors.ts";
import type { Address, Connection, Listener, Network } from "./connection.ts";

/** Bytes of a buffer for a reader that brings none. */
const READ_SIZE = 64 * 1024;

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

class DenoListener implements Listener {
  readonly address: Address;
  readonly #listener: Deno.TcpListener;
  #closed = false;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.address = { host: listener.addr.hostname, port: listener.addr.port };
  }

  async accept(): Promise<Connection | undefined> {
    try {
      return new DenoConnection(await this.#listener.accept());
    } catch (error) {
      if (this.#closed) return undefined;
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}

class DenoConnection implements Connection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly remote: string;
  readonly #connection: Deno.TcpConn;
  #bytesWritten = 0;
  #closed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    const { hostname, port } = connection.remoteAddr;
    this.remote = `${hostname}:${port}`;
    // Small messages must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
    connection.setNoDelay(true);
    connection.setKeepAlive(true);
    // Not `connection.readable`, which closes the other direction as well at the peer's end, and not
    // `connection.writable`, which tells of a large write only when all of it is taken.
    this.readable = new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: READ_SIZE,
      pull: (controller) => this.#read(controller as ReadableByteStreamController),
      cancel: () => this.close(),
    });
    this.writable = new WritableStream({
      write: async (bytes) => {
        for (let taken = 0; taken < bytes.length;) {
          const count = await connection.write(bytes.subarray(taken));
          taken += count;
          this.#bytesWritten += count;
        }
      },
      close: () => connection.closeWrite().catch(() => {}),
    });
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  async #read(controller: ReadableByteStreamController): Promise<void> {
    const { buffer, byteOffset, byteLength } = controller.byobRequest!.view!;
    const count = await this.#connection.read(new Uint8Array(buffer, byteOffset, byteLength));
    if (count === null) controller.close();
    controller.byobRequest?.respond(count ?? 0);
  }
}

function cannot(what: string, { host, port }: Address, cause: unknown): unknown {
  // A denied permission keeps its own name, so that the command line can say which flag to add.
  if (cause instanceof Deno.errors.NotCapable) return cause;
  const reason = cause instanceof Error ? cause.message.replace(/ \(os error \d+\)$/, "") : cause;
  return new MorselError("connection", `Cannot ${what} ${host}:${port}: ${reason}`, { cause });
}

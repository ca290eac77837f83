// Connections that are reset in a way that no adapter offers: by a relay over `node:net`, which every runtime has. It
// passes bytes on without a look at them, so that it resets connections over TLS as well.

import { connect, createServer, type Server, type Socket } from "node:net";
import type { Address, Connection, Listener, Network } from "../../lib/runtime/connection.ts";

/** A place where each connection is reset after its first byte. */
export class Resetter implements AsyncDisposable {
  readonly #relay: Relay;
  readonly #listener: Listener;

  private constructor(relay: Relay, listener: Listener) {
    this.#relay = relay;
    this.#listener = listener;
  }

  static async listen(network: Network): Promise<Resetter> {
    const listener = await network.listen({ host: "127.0.0.1", port: 0 });
    const relay = await Relay.listen(listener.address);
    void resetAll(listener, relay);
    return new Resetter(relay, listener);
  }

  get address(): Address {
    return this.#relay.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#relay[Symbol.asyncDispose]();
  }
}

/** Opens a connection and sends a line of JSON; returns how to reset it. */
export async function openResettable(
  network: Network,
  peer: Address,
  what: unknown,
): Promise<() => void> {
  const relay = await Relay.listen(peer);
  const connection = await network.connect(relay.address);
  connection.readable.getReader({ mode: "byob" }).read(new Uint8Array(1)).catch(() => {});
  await connection.writable.getWriter().write(
    new TextEncoder().encode(`${JSON.stringify(what)}\n`),
  );
  return () => {
    relay.reset();
    connection.close();
    void relay[Symbol.asyncDispose]();
  };
}

/** Connects so many times, and resets each connection at once. */
export async function resetAtOnce({ host, port }: Address, count: number): Promise<void> {
  for (let made = 0; made < count; made++) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, host, () => socket.resetAndDestroy());
      socket.on("error", () => {}).on("close", () => resolve());
    });
  }
}

async function resetAll(listener: Listener, relay: Relay): Promise<void> {
  for (let next = await listener.accept(); next; next = await listener.accept()) {
    const connection: Connection = next;
    const reader = connection.readable.getReader({ mode: "byob" });
    void reader.read(new Uint8Array(1)).catch(() => {}).finally(() => {
      relay.reset();
      connection.close();
    });
  }
}

/** Passes bytes between its clients and a place. */
class Relay implements AsyncDisposable {
  readonly address: Address;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    const { address, port } = server.address() as { address: string; port: number };
    this.address = { host: address, port };
    this.#server = server;
    this.#sockets = sockets;
  }

  static listen({ host, port }: Address): Promise<Relay> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(port, host);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on("error", () => {}).on("close", () => sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(new Relay(server, sockets)));
    });
  }

  /** Resets both ends of all that go through it. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

// Connections that are reset in a way that no adapter offers, by `node:net`, which every runtime has.

import { connect, createServer, type Server } from "node:net";
import type { Address } from "../../lib/runtime/connection.ts";

/** A place where each connection is reset after its first byte. */
export class Resetter implements AsyncDisposable {
  readonly address: Address;
  readonly #server: Server;

  private constructor(server: Server) {
    const { address, port } = server.address() as { address: string; port: number };
    this.address = { host: address, port };
    this.#server = server;
  }

  static listen(): Promise<Resetter> {
    const server = createServer((socket) => {
      socket.on("error", () => {}).once("data", () => socket.resetAndDestroy());
    });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(new Resetter(server)));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Opens a connection and sends a line of JSON; returns how to reset it. */
export function openResettable({ host, port }: Address, what: unknown): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.on("error", reject);
    socket.write(`${JSON.stringify(what)}\n`, () => resolve(() => socket.resetAndDestroy()));
  });
}

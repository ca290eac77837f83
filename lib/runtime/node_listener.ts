// What `node:net` and `node:tls` share: taking what arrives, options to connect with, and errors for people.

import type { Server, Socket } from "node:net";
import { getSystemErrorMap } from "node:util";
import { MorselError } from "../base/errors.ts";
import type { Address, Connection, Listener } from "./connection.ts";
import { NodeConnection } from "./node_connection.ts";

/** Connections that may wait to be taken by `accept`, as many as a system would keep. */
export const MAX_WAITING = 511;
/** How long one of several addresses of a name is tried before the next; the default is 250. */
const ADDRESS_ATTEMPT_MS = 3000;

/** Takes what arrives at a server of `node:net` or `node:tls`, at the event that says so. */
export class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: Server;
  /** What `accept` is to return next, or to throw. */
  readonly #waiting: (Connection | Error)[] = [];
  #accepting: (() => void) | undefined;
  #closed = false;

  constructor(server: Server, event: "connection" | "secureConnection" = "connection") {
    const { address, port } = server.address() as { address: string; port: number };
    this.address = { host: address, port };
    this.#server = server;
    server.on(event, (socket: Socket) => this.#arrive(socket));
    server.on("error", (error: Error) => this.#put(error));
  }

  async accept(): Promise<Connection | undefined> {
    while (this.#waiting.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => this.#accepting = resolve);
    }
    const next = this.#waiting.shift();
    if (next instanceof Error) throw next;
    return next;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const waiting of this.#waiting.splice(0)) if (!(waiting instanceof Error)) waiting.close();
    this.#accepting?.();
  }

  /** The connection over a socket that has arrived. */
  protected wrap(socket: Socket): Connection {
    return new NodeConnection(socket, { isPaused: true });
  }

  #arrive(socket: Socket): void {
    // One that has gone again has no address; one too many is refused, as a full system would do.
    if (socket.remoteAddress === undefined || this.#waiting.length >= MAX_WAITING || this.#closed) {
      socket.destroy();
    } else this.#put(this.wrap(socket));
  }

  #put(item: Connection | Error): void {
    this.#waiting.push(item);
    this.#accepting?.();
  }
}

/** How `node:net` and `node:tls` are to connect. */
export function optionsFor({ host, port }: Address) {
  return { host, port, allowHalfOpen: true, autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS };
}

/** The error for what could not be done at an address. */
export function cannot(
  what: string,
  { host, port }: Address,
  cause: Error & { code?: string },
): Error {
  const reason = reasonOf(cause);
  return new MorselError("connection", `Cannot ${what} ${host}:${port}: ${reason}`, { cause });
}

/** What the system says of an error: what a runtime makes of that differs, and often is empty. */
function reasonOf({ code, message }: Error & { code?: string }): string {
  if (code === "ENOTFOUND") return "No address is known for this name";
  for (const [name, meaning] of getSystemErrorMap().values()) {
    if (name === code) return meaning.charAt(0).toUpperCase() + meaning.slice(1);
  }
  return message || code || "Unknown";
}

// The network on Node and Bun: `node:net`. Its quirks stay in here and in node_connection.ts.

import { connect, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { getSystemErrorMap } from "node:util";
import { MorselError } from "../base/errors.ts";
import type { Address, Connection, Listener, Network } from "./connection.ts";
import { NodeConnection, readInto } from "./node_connection.ts";

/** Connections that may wait to be taken by `accept`, as many as a system would keep. */
const MAX_WAITING = 511;
/** How long one of several addresses of a name is tried before the next; the default is 250. */
const ADDRESS_ATTEMPT_MS = 3000;
/**
 * Whether a socket that connects reads into a buffer of ours, which takes half the time of new ones on
 * Node. Accepted sockets know no such thing, and on Bun it brings nothing.
 */
const READS_INTO_OWN_BUFFER = process.versions["bun"] === undefined;

/** TCP as Node and Bun have it. */
export const nodeNetwork: Network = {
  listen: (address) =>
    new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
      const fail = (cause: Error) => reject(cannot("listen on", address, cause));
      server.once("error", fail);
      server.listen({ ...address, backlog: MAX_WAITING }, () => {
        server.off("error", fail);
        resolve(new NodeListener(server));
      });
    }),
  connect: (address, { signal } = {}) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stopListening = () => signal?.removeEventListener("abort", abort);
      const open = READS_INTO_OWN_BUFFER ? openReading : openPaused;
      const socket = open(address, (connection) => {
        stopListening();
        resolve(connection);
      });
      const abort = () => {
        socket.destroy();
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      socket.once("error", (cause) => {
        stopListening();
        reject(cannot("connect to", address, cause));
      });
    }),
};

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: Server;
  /** What `accept` is to return next, or to throw. */
  readonly #waiting: (Connection | Error)[] = [];
  #accepting: (() => void) | undefined;
  #closed = false;

  constructor(server: Server) {
    const { address, port } = server.address() as { address: string; port: number };
    this.address = { host: address, port };
    this.#server = server;
    server.on("connection", (socket: Socket) => this.#arrive(socket));
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

  #arrive(socket: Socket): void {
    // One that has gone again has no address; one too many is refused, as a full system would do.
    if (socket.remoteAddress === undefined || this.#waiting.length >= MAX_WAITING || this.#closed) {
      socket.destroy();
    } else this.#put(new NodeConnection(socket, { isPaused: true }));
  }

  #put(item: Connection | Error): void {
    this.#waiting.push(item);
    this.#accepting?.();
  }
}

/** Connects with a socket that reads into a buffer of ours. */
function openReading(address: Address, onOpen: (connection: Connection) => void): Socket {
  let connection: NodeConnection;
  const socket = connect({
    ...optionsFor(address),
    onread: readInto((piece) => connection.arrive(piece)),
  });
  return socket.once("connect", () => {
    connection = new NodeConnection(socket, { isPaused: false });
    onOpen(connection);
  });
}

/** Connects with a socket that hands out its own buffers. */
function openPaused(address: Address, onOpen: (connection: Connection) => void): Socket {
  const socket = connect(optionsFor(address));
  socket.pause();
  return socket.once("connect", () => onOpen(new NodeConnection(socket, { isPaused: true })));
}

function optionsFor({ host, port }: Address) {
  return { host, port, allowHalfOpen: true, autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS };
}

function cannot(what: string, { host, port }: Address, cause: Error & { code?: string }): Error {
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

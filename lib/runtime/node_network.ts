// The network on Node and Bun: `node:net`. Its quirks stay in here and in node_connection.ts.

import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import type { Address, Connection, Network } from "./connection.ts";
import { NodeConnection, readInto } from "./node_connection.ts";
import { cannot, MAX_WAITING, NodeListener, optionsFor } from "./node_listener.ts";

/**
 * Whether a socket that connects reads into a buffer of ours, which takes half the time of new ones on
 * Node. Accepted sockets know no such thing, and on Bun it brings nothing.
 */
const READS_INTO_OWN_BUFFER = process.versions["bun"] === undefined;

/** TCP as Node and Bun have it. */
export const nodeNetwork: Network = {
  listen: (address, { sharesPort = false } = {}) =>
    new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
      const fail = (cause: Error) => reject(cannot("listen on", address, cause));
      server.once("error", fail);
      server.listen({ ...address, backlog: MAX_WAITING, reusePort: sharesPort }, () => {
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

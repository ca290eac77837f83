// A small HTTP server for operators, on every runtime: `node:http`. It reads no bodies and keeps no connections.

import { createServer } from "node:http";
import { MorselError } from "../base/errors.ts";
import type { Address } from "./connection.ts";
import { systemClock } from "./system_clock.ts";

/** How long a client may take to ask and to read the answer together, in milliseconds. */
const PATIENCE_MS = 5000;
/** Connections at a time: an operator has few programs that look. */
const MAX_CONNECTIONS = 16;

/** What is answered to a GET. */
export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** A server at work. */
export interface HttpServer {
  /** Where it listens, with the real port. */
  readonly address: Address;
  /** Takes no more requests and ends the connections there are. */
  close(): void;
}

/** Answers GETs with what `answer`, which must not fail, says for their path. Throws `connection`. */
export function serveHttp(
  address: Address,
  answer: (path: string) => Promise<HttpAnswer>,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const send = ({ status, type, text }: HttpAnswer) => {
      response.writeHead(status, { "content-type": type, connection: "close" });
      response.end(text);
    };
    if (request.method === "GET") void answer(request.url?.split("?")[0] ?? "/").then(send);
    else send({ status: 405, type: "text/plain", text: "Only GET is answered\n" });
  });
  server.maxConnections = MAX_CONNECTIONS;
  // Each connection is one request, so its whole life has a bound; Deno keeps none of the timeouts of node:http.
  server.on("connection", (socket) => {
    socket.once("close", systemClock.timer(PATIENCE_MS, () => void socket.destroy()));
  });
  return new Promise((resolve, reject) => {
    server.once("error", (cause: Error & { code?: unknown }) => {
      const where = `${address.host}:${address.port}`;
      const reason = cause.code === "EADDRINUSE" ? "Address already in use" : cause.message;
      const detail = { channel: "http" };
      const message = `Cannot show metrics on ${where}: ${reason}`;
      reject(new MorselError("connection", message, { cause, detail }));
    });
    server.listen({ ...address }, () => {
      const { address: host, port } = server.address() as { address: string; port: number };
      resolve({
        address: { host, port },
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

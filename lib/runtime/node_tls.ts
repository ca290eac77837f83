// TLS 1.3 by `node:tls`: on Node and Bun, and on Deno for servers and for clients with a certificate (deno_tls.ts says
// why). Whoever is refused learns why in one line; nothing falls back to plain TCP.

import { X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import process from "node:process";
import {
  connect,
  createSecureContext,
  createServer,
  type PeerCertificate,
  type Server,
  type TLSSocket,
} from "node:tls";
import type {
  Address,
  Connection,
  ListenOptions,
  ServerTls,
  TlsListener,
  TlsNetwork,
} from "./connection.ts";
import { NodeConnection, type ReadFlow } from "./node_connection.ts";
import { remoteOf, TlsHandshakes } from "./tls_handshakes.ts";
import { cannot, MAX_WAITING, NodeListener, optionsFor } from "./node_listener.ts";
import { afterHandshake, refusal } from "./tls_refusals.ts";
import { bindingTo, PROTOCOL, usable } from "./tls_terms.ts";

/** How long a handshake may take, in milliseconds: as long as connecting may. */
const HANDSHAKE_MS = 10_000;
const IS_DENO = "deno" in process.versions;

/** TLS as Node, Bun and Deno all have it. */
export const nodeTls: TlsNetwork = tlsWithin(HANDSHAKE_MS);

/** The same, whose servers give a handshake so many milliseconds. */
export function tlsWithin(handshakeMs: number): TlsNetwork {
  return {
    listen: (address, tls, { onRefusal, sharesPort } = {}) => {
      const handshakes = new TlsHandshakes({ patienceMs: handshakeMs, onRefusal });
      return listen({ ...address, sharesPort }, tls, handshakes);
    },
    connect: connectTls,
  };
}

function listen(
  { host, port, sharesPort = false }: Address & ListenOptions,
  tls: ServerTls,
  handshakes: TlsHandshakes,
): Promise<TlsListener> {
  return new Promise((resolve, reject) => {
    const server = createServer({
      ...contextOf(tls),
      ALPNProtocols: [PROTOCOL],
      // Before that who ends the stream has gone, and would hold a place for nothing.
      allowHalfOpen: false,
      requestCert: tls.clientCa !== undefined,
      rejectUnauthorized: tls.clientCa !== undefined,
    });
    const fail = (cause: Error) => reject(cannot("listen on", { host, port }, cause));
    server.once("error", fail);
    server.on("connection", (socket) => handshakes.begin(socket));
    server.on("secureConnection", (socket) => {
      socket.allowHalfOpen = true;
      handshakes.end(remoteOf(socket));
    });
    // The client learns of it by the alert; to the server it is a stranger like any other.
    server.on("tlsClientError", (error: Error & { code?: string }, socket) => {
      handshakes.fail(remoteOf(socket), error.code ?? error.message);
      socket.destroy();
    });
    server.listen({ host, port, backlog: MAX_WAITING, reusePort: sharesPort }, () => {
      server.off("error", fail);
      resolve(new NodeTlsListener(server));
    });
  });
}

function connectTls(
  address: Address,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const { ca, cert, key } = usable(address);
    const socket = connect({
      ...optionsFor(address),
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      // A name only: the handshake has no place for an address, which is checked all the same.
      ...(isIP(address.host) === 0 && { servername: address.host }),
      minVersion: "TLSv1.3",
      ALPNProtocols: [PROTOCOL],
      rejectUnauthorized: true,
    });
    const stopListening = () => signal?.removeEventListener("abort", abort);
    const abort = () => {
      socket.destroy();
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    const fail = (cause: Error) => {
      stopListening();
      socket.destroy();
      reject(refusal(address, cause) ?? cannot("connect to", address, cause));
    };
    socket.once("error", fail);
    // An end within the handshake is not an error everywhere.
    const end = () => fail(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    socket.once("close", end);
    socket.once("secureConnect", () => {
      stopListening();
      socket.off("close", end);
      if (socket.alpnProtocol !== PROTOCOL) {
        return fail(Object.assign(new Error("no ALPN"), { code: "ERR_NO_ALPN" }));
      }
      const { raw } = socket.getPeerCertificate();
      resolve(
        new NodeConnection(socket, {
          isPaused: true,
          channelBinding: bindingTo(raw),
          flow: flowOf(socket),
          explain: (error) => afterHandshake(address, error),
        }),
      );
      socket.off("error", fail);
    });
  });
}

class NodeTlsListener extends NodeListener implements TlsListener {
  readonly #server: Server;

  constructor(server: Server) {
    super(server, "secureConnection");
    this.#server = server;
  }

  renew(tls: ServerTls): void {
    const context = contextOf(tls);
    createSecureContext(context); // it throws here, before anything has changed
    this.#server.setSecureContext(context);
  }

  protected override wrap(socket: TLSSocket): Connection {
    // What this very connection shows: its handshake may have begun before a renewal.
    const { raw } = socket.getCertificate() as PeerCertificate;
    const channelBinding = bindingTo(raw);
    return new NodeConnection(socket, { isPaused: true, channelBinding, flow: flowOf(socket) });
  }
}

function contextOf({ cert, key, clientCa }: ServerTls) {
  new X509Certificate(cert); // not every runtime says that it cannot be read
  return {
    cert,
    key,
    minVersion: "TLSv1.3" as const,
    ...(clientCa !== undefined && { ca: clientCa }),
  };
}

/**
 * On Deno a TLS socket that is paused reads on from the one below it, which nothing but its handle can hold; and what
 * was read meanwhile does not always come after `resume`. So there the one above is never paused.
 */
function flowOf(socket: Socket): ReadFlow | undefined {
  if (!IS_DENO) return undefined;
  const below = (socket as SocketOverHandle)._handle?._parent;
  if (!below) return undefined;
  return {
    pause: () => void (socket.destroyed || below.readStop()),
    resume: () => void (socket.destroyed || below.readStart()),
    // A reset is told as an end there; but what was reset has no other side any more, unlike what has ended.
    wasReset: () => !socket.writableEnded && below.getpeername({}) !== 0,
  };
}

/** What the sockets of Deno and Node have beyond their types. */
type SocketOverHandle = Socket & {
  readonly _handle?: { readonly _parent?: TcpHandle } | null;
};

interface TcpHandle {
  readStop(): void;
  readStart(): void;
  /** 0, or the number of an error. */
  getpeername(into: object): number;
}

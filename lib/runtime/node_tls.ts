// TLS 1.3 on all runtimes: `node:tls`, as Deno's own server takes a list of client authorities and then lets
// everybody in. Whoever is refused learns why in one line; nothing falls back to plain TCP.

import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
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
import type { ChannelBinding } from "../base/connection.ts";
import { MorselError } from "../base/errors.ts";
import type {
  Address,
  ClientTls,
  Connection,
  ListenOptions,
  ServerTls,
  TlsListener,
  TlsNetwork,
} from "./connection.ts";
import { NodeConnection, type ReadFlow } from "./node_connection.ts";
import { remoteOf, TlsHandshakes } from "./tls_handshakes.ts";
import { cannot, MAX_WAITING, NodeListener, optionsFor } from "./node_listener.ts";

/** The name of the protocol in the handshake (ALPN). */
const PROTOCOL = "morsel/1";
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
      reject(refusal(address, cause));
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

/** What a client has in PEM, once it is sure that it can be read: not every runtime says so. */
function usable(address: Address): ClientTls {
  const { ca, cert, key } = address.tls ?? {};
  let what = "certificate of the authority";
  try {
    if (ca !== undefined) new X509Certificate(ca);
    what = "client's certificate";
    const own = cert === undefined ? undefined : new X509Certificate(cert);
    what = "client's private key";
    if (key !== undefined && !own?.checkPrivateKey(createPrivateKey(key))) {
      throw new Error("it is not that of the client's certificate");
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MorselError("invalid", `The ${what} cannot be used: ${reason}`, { cause });
  }
  return { ca, cert, key };
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

/** Not `tls-exporter`, as Deno has none and neither end knows what the other one runs on. */
function bindingTo(certificate: Uint8Array): ChannelBinding {
  const data = new Uint8Array(createHash("sha256").update(certificate).digest());
  return { type: "tls-server-end-point", data };
}

/** Why a handshake failed, and what to do. */
function refusal(address: Address, cause: Error & { code?: string }): Error {
  const [, code, reason] =
    REASONS.find(([pattern]) => pattern.test(`${cause.code} ${cause.message}`)) ?? [];
  if (reason === undefined) return cannot("connect to", address, cause);
  const { host, port } = address;
  return new MorselError(code!, `Cannot connect to ${host}:${port}: ${reason}`, {
    detail: { channel: "tls" },
    cause,
  });
}

/** In TLS 1.3 a client whose certificate is refused learns of it only after its handshake, or is just left. */
function afterHandshake({ host, port }: Address, cause: Error | undefined): Error | undefined {
  const start = `Cannot connect to ${host}:${port}: The server`;
  if (cause === undefined || (cause as { code?: string }).code === "ECONNRESET") {
    const message =
      `${start} closes the connection at once, as one does that wants a certificate ` +
      "of its clients; give one that it knows with --tls-cert and --tls-key";
    return new MorselError("connection", message, { cause });
  }
  const text = `${(cause as { code?: string }).code} ${cause.message}`;
  const reason = /CERTIFICATE_REQUIRED|certificate required|CertificateRequired/i.test(text)
    ? "wants a certificate of the client; give one with --tls-cert and --tls-key"
    : /ALERT|BadCertificate|UnknownCA|AlertReceived/i.test(text)
    ? "refuses this client's certificate; give one that it knows with --tls-cert and --tls-key"
    : undefined;
  if (reason === undefined) return cause;
  const detail = { channel: "tls" };
  return new MorselError("authentication", `${start} ${reason}`, { detail, cause });
}

/** The runtimes name the same failures differently. */
const REASONS: readonly [RegExp, "authentication" | "connection", string][] = [
  [
    /ALTNAME|NotValidForName/i,
    "authentication",
    "Its certificate is for another name; use a name or address that the server's certificate has, " +
    "or add this one with --tls-name there",
  ],
  [
    /CERT_HAS_EXPIRED|Expired/i,
    "authentication",
    "Its certificate has expired; renew it on the server, and see that both clocks are right",
  ],
  [
    /NOT_YET_VALID|NotValidYet/i,
    "authentication",
    "Its certificate is not valid yet; see that both clocks are right",
  ],
  [
    /UNABLE_TO_|SELF_SIGNED|UnknownIssuer|CERT_SIGNATURE_FAILURE|BadSignature|CaUsedAsEndEntity/i,
    "authentication",
    // Deno does not tell one from the other.
    "Its certificate is of an authority that is not trusted here, or has expired; copy the morsels:// " +
    "line that the server prints or name the authority with --tls-ca, and if that is right already, " +
    "renew the certificate on the server and see that both clocks are right",
  ],
  [
    /NO_ALPN|NO_APPLICATION_PROTOCOL|NoApplicationProtocol/i,
    "connection",
    "What answers there speaks TLS but not Morsel; check the address and the port",
  ],
  [
    /WRONG_VERSION|InvalidContentType|ECONNRESET|EPROTO|PACKET_LENGTH|disconnected|InvalidMessage|SSL/i,
    "connection",
    "What answers there does not speak TLS 1.3, and nothing is sent to it in plain; check the " +
    "address and the port",
  ],
];

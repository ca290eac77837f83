// TLS on Deno: a client's is Deno's own, which reads into one buffer. `node:tls` makes memory for each piece there, twice,
// so that receiving a GiB took 3.6 s where it takes 1.1. Servers stay with `node:tls`: Deno's own listener lets everybody
// in where client certificates are asked for, takes TLS 1.2 as well, and shows the certificate it began with for ever. A client
// cannot refuse 1.2 either, but gets 1.3 of every server that has it: RFC 8446, 4.1.3, lets nobody on the way talk them down.

import { X509Certificate } from "node:crypto";
import type { Address, Connection, TlsNetwork } from "./connection.ts";
import { DenoConnection } from "./deno_connection.ts";
import { cannot, connectTcp } from "./deno_sockets.ts";
import { DenoTlsSocket } from "./deno_tls_socket.ts";
import { afterHandshake, refusal } from "./tls_refusals.ts";
import { bindingTo, PROTOCOL, usable } from "./tls_terms.ts";

type Options = { readonly signal?: AbortSignal };

/** TLS as Deno has it. */
export const denoTls: TlsNetwork = {
  async listen(address, tls, options) {
    return (await portable()).listen(address, tls, options);
  },
  async connect(address, options = {}) {
    const { ca = "", cert } = usable(address);
    // Deno's has no place for a certificate of the client.
    if (cert !== undefined) return (await portable()).connect(address, options);
    return await connectBy(address, ca, options) ?? (await portable()).connect(address, options);
  },
};

async function portable(): Promise<TlsNetwork> {
  return (await import("./node_tls.ts")).nodeTls;
}

/** Connects; undefined where `node:tls` is to say what the server's certificate is worth. */
async function connectBy(
  address: Address,
  ca: string,
  { signal }: Options,
): Promise<Connection | undefined> {
  const tls = await begin(await connectTcp(address, signal), address.host, ca);
  if (!tls) return undefined;
  const close = () => tls[Symbol.dispose](); // which may be done twice
  signal?.addEventListener("abort", close, { once: true });
  try {
    signal?.throwIfAborted();
    const { alpnProtocol } = await tls.handshake();
    if (alpnProtocol !== PROTOCOL) throw new Error("NoApplicationProtocol");
    // Deno trusts the system's authorities beside the one that is given.
    const shown = certificateOf(tls);
    if (shown && (ca === "" || isOf(ca, shown))) {
      const socket = new DenoTlsSocket(tls, (error) => afterHandshake(address, error));
      return new DenoConnection(socket, tls.remoteAddr, bindingTo(shown));
    }
    close();
    return undefined;
  } catch (thrown) {
    close();
    signal?.throwIfAborted();
    const cause = thrown as Error & { code?: string };
    // It knows more of them by their names, and takes one that vouches for itself.
    if (/peer certificate/.test(cause.message)) return undefined;
    throw refusal(address, cause) ?? cannot("connect to", address, cause);
  } finally {
    signal?.removeEventListener("abort", close);
  }
}

/** Begins a handshake; undefined for a host that Deno cannot ask a certificate for, as an address with a zone. */
async function begin(
  tcp: Deno.TcpConn,
  hostname: string,
  ca: string,
): Promise<Deno.TlsConn | undefined> {
  const caCerts = ca === "" ? [] : [ca];
  try {
    return await Deno.startTls(tcp, { hostname, caCerts, alpnProtocols: [PROTOCOL] });
  } catch {
    tcp[Symbol.dispose]();
    return undefined;
  }
}

/** What the other end has shown, DER; Deno has it for its own use by a symbol that cannot be imported, or not at all. */
function certificateOf(tls: Deno.TlsConn): Uint8Array | undefined {
  const found = Object.getOwnPropertySymbols(Object.getPrototypeOf(tls))
    .find(({ description }) => description === "getPeerCertificate");
  if (found === undefined) return undefined;
  const told = (tls as unknown as Record<symbol, () => { raw?: unknown }>)[found]!();
  return told?.raw instanceof Uint8Array ? told.raw : undefined;
}

/** Whether one of these authorities, in PEM, has signed the certificate itself. */
function isOf(authorities: string, der: Uint8Array): boolean {
  const certificate = new X509Certificate(der);
  return authorities.split(/(?=-----BEGIN CERTIFICATE-----)/)
    .filter((text) => text.includes("-----BEGIN CERTIFICATE-----"))
    .map((text) => new X509Certificate(text))
    .some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
}

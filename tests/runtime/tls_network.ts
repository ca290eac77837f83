// TLS in the shape of a plain network, for what runs on both: one certificate for 127.0.0.1 and its authority.

import type { Network, TlsNetwork } from "../../lib/runtime/connection.ts";
import { runtimeNetwork, runtimeTls } from "../../lib/runtime/runtime.ts";
import { type Certificate, makeAuthority, makeCertificate } from "../support/certificates.ts";

/** What both ends need to know each other, in PEM; it can be sent as JSON. */
export interface LoopbackTls {
  readonly ca: string;
  readonly certificate: Certificate;
}

/** Makes a certificate for 127.0.0.1. */
export async function makeLoopbackTls(): Promise<LoopbackTls> {
  const authority = await makeAuthority();
  return { ca: authority.cert, certificate: await makeCertificate(authority, "127.0.0.1") };
}

/** The network whose listeners show that certificate and whose clients trust its authority. */
export function tlsNetwork(tls: TlsNetwork, { ca, certificate }: LoopbackTls): Network {
  return {
    listen: (address) => tls.listen(address, certificate),
    connect: (address, options) => tls.connect({ ...address, tls: { ca } }, options),
  };
}

/** The network of this runtime: over TLS if given it, plain TCP without. */
export async function networkOfRuntime(tls: LoopbackTls | undefined): Promise<Network> {
  return tls ? tlsNetwork(await runtimeTls(), tls) : await runtimeNetwork();
}

// What both ends of TLS go by, whoever makes the handshake (PROTOCOL.md 9.1).

import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { ChannelBinding } from "../base/connection.ts";
import { MorselError } from "../base/errors.ts";
import type { Address, ClientTls } from "./connection.ts";

/** The name of the protocol in the handshake (ALPN). */
export const PROTOCOL = "morsel/1";

/** What a client has in PEM, once it is sure that it can be read: not every runtime says so. */
export function usable(address: Address): ClientTls {
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

/** Not `tls-exporter`, as Deno has none and neither end knows what the other one runs on. */
export function bindingTo(certificate: Uint8Array): ChannelBinding {
  const data = new Uint8Array(createHash("sha256").update(certificate).digest());
  return { type: "tls-server-end-point", data };
}

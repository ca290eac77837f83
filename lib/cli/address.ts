// Addresses as people write them: HOST:PORT, and morsels://HOST:PORT/#ca=… for TLS, with the authority to trust.

import type { Address } from "../runtime/connection.ts";
import { quote } from "../base/names.ts";
import { UsageError } from "./failure.ts";

/** The port of a Morsel server, after the size of a chunk. */
export const DEFAULT_PORT = 1300;

/** Options of {@linkcode parseAddress}. */
export interface ParseAddressOptions {
  /** Where the text stands, for the error: `--server`. */
  source: string;
  /** Whether port 0, any free one, is allowed. */
  anyPort?: boolean;
}

/**
 * Reads `HOST:PORT`, `HOST`, `[IPV6]:PORT` or `[IPV6]`, also behind `morsel://`; behind `morsels://` it is
 * an address for TLS, and `#ca=` may follow with the authority to trust. Throws a UsageError.
 */
export function parseAddress(text: string, options: ParseAddressOptions): Address {
  const [, scheme, place = text, fragment] =
    /^(morsels?):\/\/([^/?#]*)\/?(?:#(.*))?$/is.exec(text) ?? [];
  if (scheme?.toLowerCase() !== "morsels") {
    if (fragment === undefined) return parsePlace(place, options);
    throw new UsageError(
      `${options.source} ${quote(text)} has an authority but no TLS; write it as morsels://…`,
    );
  }
  const ca = fragment === undefined ? undefined : authorityIn(fragment, options);
  return { ...parsePlace(place, options), tls: ca === undefined ? {} : { ca } };
}

/** The certificate in `ca=BASE64URL`, as PEM. */
function authorityIn(fragment: string, { source }: ParseAddressOptions): string {
  // Every certificate begins so: its first byte says that a sequence of over 255 bytes follows.
  const text = /^ca=(MI[\w-]+)=*$/.exec(fragment)?.[1];
  const base64 = text?.replaceAll("-", "+").replaceAll("_", "/");
  if (base64 === undefined || !isWhole(base64)) {
    throw new UsageError(
      `${source} has no whole certificate behind #ca=; copy all of the line that the server prints`,
    );
  }
  const lines = base64.padEnd(Math.ceil(base64.length / 4) * 4, "=").replaceAll(/.{1,64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

/** Whether DER is as long as it says itself (X.690, 8.1.3): the end of a long line is easily left behind. */
function isWhole(base64: string): boolean {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  } catch {
    return false;
  }
  const head = 2 + (bytes[1]! & 0x7f);
  const length = bytes.subarray(2, head).reduce((sum, byte) => sum * 256 + byte, 0);
  return bytes.length === head + length;
}

/** The address that a client is given for TLS, with the authority to trust, in PEM, if it is no public one. */
export function formatTlsAddress(address: Address, ca: string | undefined): string {
  const start = `morsels://${formatAddress(address)}/`;
  if (ca === undefined) return start;
  const base64 = ca.replaceAll(/-----[^-]+-----|\s|=/g, "");
  return `${start}#ca=${base64.replaceAll("+", "-").replaceAll("/", "_")}`;
}

function parsePlace(text: string, options: ParseAddressOptions): Address {
  const wrong = (reason: string) =>
    new UsageError(`${options.source} ${quote(text)} ${reason}; write it as 127.0.0.1:1300`);
  if (/^[^[\]]*:[^[\]]*:/.test(text)) {
    throw new UsageError(
      `${options.source} ${
        quote(text)
      } is an IPv6 address without brackets; write it as [::1]:1300`,
    );
  }
  const match = /^(?:\[([0-9a-f:.]+(?:%\w+)?)\]|([^\s:/[\]@]+))(?::(\d+))?$/i.exec(text);
  if (!match) throw wrong("is not HOST:PORT");
  const host = match[1] ?? match[2]!;
  const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (port > 65535 || (port === 0 && !options.anyPort)) {
    throw wrong("has a port that does not exist");
  }
  return { host, port };
}

/** An address as it is read by {@linkcode parseAddress}. */
export function formatAddress(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** Whether only programs on the same machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return /^(localhost|::1|(::ffff:)?127(\.\d{1,3}){3})$/i.test(host);
}

// HOST:PORT as people write it.

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

/** Reads `HOST:PORT`, `HOST`, `[IPV6]:PORT` or `[IPV6]`. Throws a UsageError. */
export function parseAddress(text: string, options: ParseAddressOptions): Address {
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

// The option --metrics of the server: where its numbers are shown.

import type { Address } from "../runtime/connection.ts";
import { formatAddress, isLoopback, parseAddress } from "./address.ts";
import type { ParsedOptions } from "./arguments.ts";
import { UsageError } from "./failure.ts";

/**
 * Where that is; undefined for nowhere. What the numbers tell is for the operator: beyond loopback only where that is
 * asked for. Throws a UsageError.
 */
export function metricsAddress(given: ParsedOptions): Address | undefined {
  const text = given.value("metrics");
  if (text === undefined) return undefined;
  if (!/:\d+$/.test(text)) {
    throw new UsageError(`--metrics needs a port, as in 127.0.0.1:9130; see morsel-server --help`);
  }
  const address = parseAddress(text, { source: "--metrics", anyPort: true });
  if (isLoopback(address.host) || given.flag("insecure")) return address;
  throw new UsageError(
    `Other machines can reach ${formatAddress(address)}, and metrics have no TLS; show them on ` +
      "127.0.0.1, or add --insecure",
  );
}

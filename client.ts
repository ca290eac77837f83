/**
 * The client: `connect` for programs, and the command line (`deno run client.ts --help`). This is where its
 * parts are put together.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { MorselError } from "./lib/base/errors.ts";
import { RateLimit } from "./lib/base/rate_limit.ts";
import { formatAddress, parseAddress } from "./lib/cli/address.ts";
import { clientProgram } from "./lib/cli/client_program.ts";
import { FileClient } from "./lib/client/file_client.ts";
import type { Reconnecting } from "./lib/client/link.ts";
import { deadlinesOf, DEFAULT_LIMITS } from "./lib/protocol/limits.ts";
import type { Address, Connection } from "./lib/runtime/connection.ts";
import {
  runtimeLocalFiles,
  runtimeNetwork,
  runtimeProcess,
  runtimeTls,
} from "./lib/runtime/runtime.ts";
import { systemClock } from "./lib/runtime/system_clock.ts";

/** What {@linkcode connect} can be told. */
export interface ConnectOptions {
  /** Ends the attempt to connect and to greet. */
  signal?: AbortSignal;
  /** Called with each message in the notation of PROTOCOL.md, marked `C:` or `S:`. */
  trace?: (line: string) => void;
  /**
   * How long to try to connect again, without any progress, when the connection is lost, in
   * milliseconds; 60,000 by default, 0 for not at all.
   */
  retryMs?: number;
  /** Called before the pauses in that, once for each attempt, however many calls wait for it. */
  onReconnecting?: (event: Reconnecting) => void;
  /**
   * Whether to settle as soon as the connection is there, so that the first request goes out without
   * waiting for the server's greeting. It fails then, and not `connect`, when that is no Morsel server. With a
   * token it goes out behind the proof of that over TLS, and without TLS once the server has proven itself.
   */
  early?: boolean;
  /**
   * The token to prove to the server, as it was shown when it was created. The server has to prove that it
   * knows it, too: one that does not, or asks for none, is refused with `authentication`.
   */
  token?: string;
  /** What may be moved, both ways together, in bytes a second, from 16 KiB on; no limit by default. */
  limitBytesPerSecond?: number;
}

/**
 * Connects to the server at `host:port`, or over TLS to the one at `morsels://host:port`, where `#ca=` may
 * follow as the server prints it. Throws a MorselError: `connection` when nobody answers there,
 * `deadline` when nobody does in time, `protocol` when it is not a Morsel server. Close the client, or
 * declare it with `await using`. A connection that is lost later is made again by itself.
 */
export async function connect(
  address: string | Address,
  options: ConnectOptions = {},
): Promise<FileClient> {
  const to = typeof address === "string" ? parseAddress(address, { source: "address" }) : address;
  const { limitBytesPerSecond: rate, ...given } = options;
  const limit = rate === undefined ? undefined : new RateLimit(systemClock, rate);
  return await connectWithin(to, { ...given, limit });
}

/** Connects under a limit that other connections may share. */
async function connectWithin(
  address: Address,
  options: Omit<ConnectOptions, "limitBytesPerSecond"> & { limit?: RateLimit | undefined },
): Promise<FileClient> {
  const { retryMs = 60_000, ...given } = options;
  return await FileClient.connect({
    ...given,
    clock: systemClock,
    retryMs,
    random: Math.random,
    dial: (signal) => dial(address, signal),
  });
}

async function dial(to: Address, signal: AbortSignal | undefined): Promise<Connection> {
  const network = to.tls ? await runtimeTls() : await runtimeNetwork();
  const { silenceMs } = deadlinesOf(DEFAULT_LIMITS).connect;
  const late = new MorselError(
    "deadline",
    `No connection to ${formatAddress(to)} within ${silenceMs / 1000} s`,
  );
  const timeout = new AbortController();
  const stopTimer = systemClock.timer(silenceMs, () => timeout.abort(late));
  const signals = signal ? [signal, timeout.signal] : [timeout.signal];
  try {
    return await network.connect(to, { signal: AbortSignal.any(signals) });
  } finally {
    stopTimer();
  }
}

if (import.meta.main) {
  const host = await runtimeProcess({ files: await runtimeLocalFiles(systemClock) });
  const { version } = config;
  host.exit(
    await clientProgram({
      host,
      clock: systemClock,
      connect: connectWithin,
      version,
    }),
  );
}

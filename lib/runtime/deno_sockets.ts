// Sockets of Deno, before anything is read from them or written.

import { MorselError } from "../base/errors.ts";
import type { Address } from "./connection.ts";
import { OpenSockets } from "./deno_turns.ts";

/** All of this program's: they share one event loop, whoever has opened them. */
export const openSockets = new OpenSockets();

/** A socket that is connected to an address, set up as all of ours are. Throws as `connect` does. */
export async function connectTcp(address: Address, signal?: AbortSignal): Promise<Deno.TcpConn> {
  try {
    const { host: hostname, port } = address;
    return setUp(await Deno.connect({ hostname, port, ...(signal && { signal }) }));
  } catch (cause) {
    signal?.throwIfAborted();
    throw cannot("connect to", address, cause);
  }
}

/** Sets up a socket as all of ours are. */
export function setUp(tcp: Deno.TcpConn): Deno.TcpConn {
  // Small messages must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
  tcp.setNoDelay(true);
  tcp.setKeepAlive(true);
  return tcp;
}

/** The error for what could not be done at an address. */
export function cannot(what: string, { host, port }: Address, cause: unknown): unknown {
  // A denied permission keeps its own name, so that the command line can say which flag to add.
  if (cause instanceof Deno.errors.NotCapable) return cause;
  const reason = cause instanceof Error ? cause.message.replace(/ \(os error \d+\)$/, "") : cause;
  return new MorselError("connection", `Cannot ${what} ${host}:${port}: ${reason}`, { cause });
}

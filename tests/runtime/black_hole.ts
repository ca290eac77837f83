// A place where a connection is neither taken nor refused: a listener that takes none and has no room left.

import type { Address } from "../../lib/runtime/connection.ts";

/** Such a place; dispose it to be rid of it. Undefined on systems that are not known to have one. */
export async function openBlackHole(): Promise<BlackHole | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { hostname, port } = listener.addr;
  // Linux keeps one more than it was told.
  const waiting = [await Deno.connect({ hostname, port }), await Deno.connect({ hostname, port })];
  return {
    address: { host: hostname, port },
    [Symbol.dispose]: () => {
      listener.close();
      for (const connection of waiting) connection.close();
    },
  };
}

/** Where connections never come about. */
export interface BlackHole extends Disposable {
  readonly address: Address;
}

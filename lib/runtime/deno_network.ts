// The network on Deno: `Deno.listen` and `Deno.connect`. Its quirks stay in here.

import type { Address, Connection, Listener, Network } from "./connection.ts";
import { cannot, connectTcp, openSockets, setUp } from "./deno_sockets.ts";

/** TCP as Deno has it. */
export const denoNetwork: Network = {
  async listen(address, { sharesPort = false } = {}) {
    try {
      const { host: hostname, port } = address;
      return new DenoListener(Deno.listen({ hostname, port, reusePort: sharesPort }));
    } catch (cause) {
      throw cannot("listen on", address, cause);
    }
  },
  async connect(address, { signal } = {}) {
    return await connectionOver(await connectTcp(address, signal));
  },
};

/** Deno loads its streams with this, in 5 ms: a server is to listen before. */
async function connectionOver(tcp: Deno.TcpConn): Promise<Connection> {
  const { DenoConnection } = await import("./deno_connection.ts");
  return new DenoConnection(tcp, tcp.remoteAddr);
}

const { NotConnected, ConnectionReset, ConnectionAborted } = Deno.errors;
const GONE = [NotConnected, ConnectionReset, ConnectionAborted] as const;

class DenoListener implements Listener {
  readonly address: Address;
  readonly #listener: Deno.TcpListener;
  #closed = false;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    openSockets.listeners++;
    this.address = { host: listener.addr.hostname, port: listener.addr.port };
  }

  async accept(): Promise<Connection | undefined> {
    for (;;) {
      try {
        return await connectionOver(setUp(await this.#listener.accept()));
      } catch (error) {
        if (this.#closed) return undefined;
        // One that was reset before anybody got to it is no failure of the listener, which others wait at.
        if (!GONE.some((kind) => error instanceof kind)) throw error;
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    openSockets.listeners--;
    this.#listener.close();
  }
}

// A way between a client and a server that is cut once, or lets no more through, after so many bytes.

/** Options of a {@linkcode CuttingProxy}. */
export interface CuttingProxyOptions {
  /** Where the server listens, as `host:port`. */
  readonly to: string;
  /** After how many bytes, both ways together. */
  readonly after: number;
  /** Close all connections, this once, or keep them and pass nothing on. */
  readonly what: "cut" | "hold";
}

/** Listens on loopback; dispose it to close all. */
export class CuttingProxy implements Disposable {
  /** Where clients connect to, as `host:port`. */
  readonly address: string;
  /** Bytes that have passed, both ways. */
  passed = 0;
  readonly #listener: Deno.TcpListener;
  readonly #options: CuttingProxyOptions;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #closed = Promise.withResolvers<void>();
  #isCut = false;

  constructor(options: CuttingProxyOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.address = `127.0.0.1:${this.#listener.addr.port}`;
    void this.#accept();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.#closed.resolve();
    this.#closeAll();
  }

  async #accept(): Promise<void> {
    const [hostname, port] = this.#options.to.split(":");
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: hostname!, port: Number(port) });
      this.#open.add(client).add(server);
      void this.#pass(client, server);
      void this.#pass(server, client);
    }
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const bytes = new Uint8Array(64 * 1024);
    try {
      for (let read = await from.read(bytes); read !== null; read = await from.read(bytes)) {
        for (let sent = 0; sent < read;) sent += await to.write(bytes.subarray(sent, read));
        this.passed += read;
        if (this.passed > this.#options.after) await this.#intervene();
      }
      await to.closeWrite();
    } catch {
      // Closed by either side, or cut.
      this.#close(from);
      this.#close(to);
    }
  }

  async #intervene(): Promise<void> {
    if (this.#options.what === "hold") await this.#closed.promise;
    if (this.#isCut) return;
    this.#isCut = true;
    this.#closeAll();
  }

  #closeAll(): void {
    for (const connection of this.#open) this.#close(connection);
  }

  #close(connection: Deno.TcpConn): void {
    if (this.#open.delete(connection)) connection.close();
  }
}

// A network in memory: one address at which a server may listen, connections with delays, and their faults.

import { MorselError } from "../../lib/base/errors.ts";
import type { Address, Connection, Listener, Network } from "../../lib/runtime/connection.ts";
import type { SimRandom } from "./random.ts";
import type { SimClock, SimProcess } from "./sim_clock.ts";
import { type NetworkWeather, SimPipe } from "./sim_pipe.ts";

/** Where the simulated server listens. */
export const SERVER_ADDRESS: Address = { host: "server", port: 1300 };

/** What a network stands on. */
export interface SimNetworkOptions {
  readonly clock: SimClock;
  readonly random: SimRandom;
  readonly weather: NetworkWeather;
}

/** All connections of a simulated world. */
export class SimNetwork {
  /** Whether packets to the server's machine vanish, as its power is off. */
  serverIsDark = false;
  readonly #options: SimNetworkOptions;
  readonly #links = new Set<SimLink>();
  #listener: SimListener | undefined;
  #lastPort = 40000;

  constructor(options: SimNetworkOptions) {
    this.#options = options;
  }

  /** Connections that one of its living ends has not closed. */
  get links(): SimLink[] {
    return [...this.#links];
  }

  /** The network as a process sees it. */
  host(process: SimProcess): Network {
    return {
      listen: () => {
        this.serverIsDark = false;
        this.#listener = new SimListener(process);
        return Promise.resolve(this.#listener);
      },
      connect: (_, { signal } = {}) => this.#connect(process, signal),
    };
  }

  /** What the system does when a process dies: its connections end, or fall silent with the machine. */
  abandon(process: SimProcess, how: "reset" | "silence"): void {
    if (how === "silence") this.serverIsDark = true;
    for (const link of this.#links) link.abandon(process, how);
  }

  async #connect(process: SimProcess, signal?: AbortSignal): Promise<Connection> {
    const { random, weather, clock } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const onAbort = () => reject(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    clock.at(random.between(...weather.latencyMs), () => {
      if (this.serverIsDark || signal?.aborted) return;
      const listener = this.#listener;
      const link = listener?.isOpen ? this.#link(process, listener.process) : undefined;
      if (link) listener!.admit(link.server);
      clock.at(random.between(...weather.latencyMs), () => {
        if (!process.alive || signal?.aborted) return link?.client.close();
        if (link) return resolve(link.client);
        reject(new MorselError("connection", "Cannot connect to server:1300: Connection refused"));
      });
    });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #link(client: SimProcess, server: SimProcess): SimLink {
    const link = new SimLink({
      ...this.#options,
      processes: [client, server],
      port: ++this.#lastPort,
      isDark: (process) => this.serverIsDark && process === server,
      onDone: () => this.#links.delete(link),
    });
    this.#links.add(link);
    return link;
  }
}

class SimListener implements Listener {
  readonly address = SERVER_ADDRESS;
  readonly process: SimProcess;
  readonly #waiting: Connection[] = [];
  #accept: ((connection: Connection | undefined) => void) | undefined;
  #closed = false;

  constructor(process: SimProcess) {
    this.process = process;
  }

  get isOpen(): boolean {
    return !this.#closed && this.process.alive;
  }

  admit(connection: Connection): void {
    if (!this.#accept) return void this.#waiting.push(connection);
    this.#accept(connection);
    this.#accept = undefined;
  }

  async accept(): Promise<Connection | undefined> {
    const waiting = this.#waiting.shift();
    if (waiting || this.#closed) return waiting;
    return await new Promise((resolve) => this.#accept = resolve);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#waiting.splice(0)) connection.close();
    this.#accept?.(undefined);
  }
}

/** What a link needs. */
interface SimLinkOptions extends SimNetworkOptions {
  readonly processes: readonly [client: SimProcess, server: SimProcess];
  readonly port: number;
  readonly isDark: (process: SimProcess) => boolean;
  readonly onDone: () => void;
}

/** A connection with both of its ends. */
export class SimLink {
  /** For the log. */
  readonly name: string;
  readonly client: SimEnd;
  readonly server: SimEnd;
  /** Bytes from client to server, and back. */
  readonly pipes: readonly [SimPipe, SimPipe];
  readonly #options: SimLinkOptions;

  constructor(options: SimLinkOptions) {
    const { processes: [client, server], port } = options;
    this.#options = options;
    this.name = `${client.name}:${port}`;
    const there = this.#pipe(client, server, () => this.server);
    const back = this.#pipe(server, client, () => this.client);
    this.pipes = [there, back];
    const onClose = () => this.#closeWhenDone();
    const { random } = options;
    this.client = new SimEnd({ process: client, incoming: back, outgoing: there, random, onClose });
    this.server = new SimEnd({ process: server, incoming: there, outgoing: back, random, onClose });
  }

  /** Breaks the connection for both sides. */
  cut(): void {
    for (const pipe of this.pipes) pipe.sendReset();
  }

  /** Whether a process has not closed its end. */
  isOpenAt(process: SimProcess): boolean {
    return [this.client, this.server].some((end) => end.process === process && !end.isClosed);
  }

  /** The process at one end has died. */
  abandon(process: SimProcess, how: "reset" | "silence"): void {
    for (const end of [this.client, this.server]) {
      if (end.process === process && !end.isClosed) end.abandon(how);
    }
  }

  #pipe(from: SimProcess, to: SimProcess, end: () => SimEnd): SimPipe {
    return new SimPipe({
      ...this.#options,
      from,
      to,
      onRefused: () => {
        const receiver = end();
        if (!this.#options.isDark(receiver.process)) receiver.outgoing.sendReset();
      },
      onReset: () => end().reset(),
      onCut: () => this.cut(),
    });
  }

  #closeWhenDone(): void {
    if (this.client.isClosed && this.server.isClosed) this.#options.onDone();
  }
}

/** What an end of a connection needs. */
interface SimEndOptions {
  readonly process: SimProcess;
  readonly incoming: SimPipe;
  readonly outgoing: SimPipe;
  readonly random: SimRandom;
  readonly onClose: () => void;
}

/** One end of a connection, in the hands of a process. */
class SimEnd implements Connection {
  readonly remote = "simulated";
  readonly process: SimProcess;
  readonly incoming: SimPipe;
  readonly outgoing: SimPipe;
  /** Whether its process has closed it, or died. */
  isClosed = false;
  readonly #random: SimRandom;
  readonly #onClose: () => void;

  constructor({ process, incoming, outgoing, random, onClose }: SimEndOptions) {
    this.process = process;
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.#random = random;
    this.#onClose = onClose;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.incoming.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.outgoing.writable;
  }

  get bytesWritten(): number {
    return this.outgoing.bytesWritten;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#leave();
    this.outgoing.breakSender(new Error("The connection is closed"));
    this.#onClose();
  }

  /** The other side, or the line, has broken it. */
  reset(): void {
    if (this.isClosed) return;
    const error = new Error("Connection reset by peer");
    this.outgoing.breakSender(error);
    // Systems differ in whether what had arrived can still be read.
    this.incoming.breakReceiver(error, this.#random.chance(0.5));
  }

  abandon(how: "reset" | "silence"): void {
    this.isClosed = true;
    if (how === "reset") this.#leave();
    else this.incoming.closeReceiver();
    this.#onClose();
  }

  /** Bytes that nobody will read make the system say so; otherwise the other side sees an orderly end. */
  #leave(): void {
    const unread = this.incoming.unread > 0;
    this.incoming.closeReceiver();
    if (unread) this.outgoing.sendReset();
    else this.outgoing.end();
  }
}

// What Morsel needs of a network: places to listen at and to connect to. Types only.

import type { Connection } from "../base/connection.ts";

export type { Connection };

/** A place that connections arrive at. */
export interface Listener {
  /** Where it listens, with the real port if any free one was asked for. */
  readonly address: Address;
  /** The next connection; undefined once the listener is closed. */
  accept(): Promise<Connection | undefined>;
  /** Takes no more connections; those accepted live on. */
  close(): void;
}

/** A host name or address, and a TCP port. */
export interface Address {
  /** A name, or an IPv4 or IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65535; 0 asks for any free one when listening. */
  readonly port: number;
}

/** The network of a runtime. */
export interface Network {
  /** Starts to listen. Throws `connection` when the address is taken or not allowed. */
  listen(address: Address): Promise<Listener>;
  /** Connects. Throws `connection` when nobody answers; `signal` ends the attempt. */
  connect(address: Address, options?: { signal?: AbortSignal }): Promise<Connection>;
}

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
  /** How to connect over TLS 1.3; plain TCP without it. Listening does not look at it. */
  readonly tls?: ClientTls | undefined;
}

/** Whom a client trusts over TLS, and what it shows of itself; all in PEM. */
export interface ClientTls {
  /** The only authorities it trusts; those of the system without any. */
  readonly ca?: string | undefined;
  /** Its own certificate with the ones between, for a server that asks for it. */
  readonly cert?: string | undefined;
  /** The private key of that. */
  readonly key?: string | undefined;
}

/** What a server shows over TLS, and whom it lets in; all in PEM. */
export interface ServerTls {
  /** Its certificate, and then the ones between it and the authority. */
  readonly cert: string;
  /** The private key of that. */
  readonly key: string;
  /** The authorities one of which must have signed a certificate of the client; none is asked for without. */
  readonly clientCa?: string | undefined;
}

/** A listener over TLS, whose certificate can be exchanged while it works. */
export interface TlsListener extends Listener {
  /** Shows other certificates to the connections to come. Throws where they cannot be used. */
  renew(tls: ServerTls): void;
}

/** How a listener listens. */
export interface ListenOptions {
  /**
   * Whether other processes of the same user may listen at the same address, where each gets its share of the
   * connections; all of them have to say so.
   */
  readonly sharesPort?: boolean | undefined;
}

/** How a {@linkcode TlsNetwork} listens, beside what it shows. */
export interface TlsListenOptions extends ListenOptions {
  /** Told of each connection that never got as far as `accept`: its `host:port`, and why, for people. */
  readonly onRefusal?: ((remote: string, why: string) => void) | undefined;
}

/** TLS 1.3 over the network of a runtime. Only a client on Deno cannot refuse 1.2, of what is no server of ours. */
export interface TlsNetwork {
  /** Starts to listen. Throws `connection` when the address is taken, the runtime's error for bad PEM. */
  listen(address: Address, tls: ServerTls, options?: TlsListenOptions): Promise<TlsListener>;
  /** Connects and makes sure who answers; never falls back to plain TCP. Throws `connection`. */
  connect(address: Address, options?: { signal?: AbortSignal }): Promise<Connection>;
}

/** The network of a runtime. */
export interface Network {
  /** Starts to listen. Throws `connection` when the address is taken or not allowed. */
  listen(address: Address, options?: ListenOptions): Promise<Listener>;
  /** Connects. Throws `connection` when nobody answers; `signal` ends the attempt. */
  connect(address: Address, options?: { signal?: AbortSignal }): Promise<Connection>;
}

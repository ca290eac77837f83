// Where a server listens, plain or over TLS, alone or on one port with its workers.

import { formatTlsAddress } from "../cli/address.ts";
import type { Address, Listener, ServerTls } from "../runtime/connection.ts";
import { runtimeNetwork, runtimeTls } from "../runtime/runtime.ts";
import type { ServerTlsOptions } from "../runtime/server_tls.ts";
import { systemClock } from "../runtime/system_clock.ts";
import type { Notice } from "../server/server_event.ts";

/** How a server listens. */
export interface ListeningOptions {
  /** `127.0.0.1:1300` by default. */
  readonly address: Partial<Address>;
  /** Where certificates of its own are kept. */
  readonly dataFolder: string;
  /** How to speak TLS; plain TCP without it. */
  readonly tls?: ServerTlsOptions | undefined;
  /** Whether workers of the same server are to listen there too. */
  readonly sharesPort: boolean;
  readonly notice: Notice;
  /** Told of what is shown over TLS from then on, each time that it has changed. */
  readonly onRenewal: (tls: ServerTls) => void;
  readonly onError: (error: unknown) => void;
}

/** A server's place. */
export interface Listening {
  readonly listener: Listener;
  /** What clients connect to over TLS, with the authority to trust; undefined on plain TCP. */
  readonly tlsAddress: string | undefined;
  /** What is shown over TLS at first. */
  readonly shown: ServerTls | undefined;
  /** Looks for renewed certificates no more. */
  readonly stopTls: () => void;
}

/** Starts to listen. Throws `connection`, or `invalid` when the certificates cannot be used. */
export async function listen(options: ListeningOptions): Promise<Listening> {
  const { address, dataFolder, tls, sharesPort, notice, onRenewal, onError } = options;
  const { host = "127.0.0.1", port = 1300 } = address;
  const place = sharesPort ? await addressToShare({ host, port }) : { host, port };
  if (!tls) {
    const listener = await (await runtimeNetwork({ sharesPort })).listen(place, { sharesPort });
    return { listener, tlsAddress: undefined, shown: undefined, stopTls: () => {} };
  }
  // Loaded here, so that a server without TLS starts as fast as ever.
  const { keepTls, loadTls } = await import("../runtime/server_tls.ts");
  const load = () => loadTls(tls, { host, folder: `${dataFolder}/tls`, nowMs: systemClock.now() });
  const shown = await load();
  const listener = await (await runtimeTls()).listen(place, shown, {
    sharesPort,
    onRefusal: (remote, why) => notice({ type: "handshakeFailed", remote, why }),
  });
  return {
    listener,
    tlsAddress: formatTlsAddress(
      { host: shown.reachedAs, port: listener.address.port },
      shown.ca,
    ),
    shown,
    stopTls: keepTls(listener, { load, shown, clock: systemClock, onRenewal, onError }),
  };
}

/**
 * An address at which nobody else listens, to be shared by the processes of one server: sharing would let them
 * join those of another one unseen. Throws `connection`.
 */
async function addressToShare({ host, port }: Address): Promise<Address> {
  const listener = await (await runtimeNetwork()).listen({ host, port });
  listener.close();
  return { host, port: listener.address.port };
}

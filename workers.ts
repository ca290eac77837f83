/**
 * The workers of a server, from the server's side (`server.ts --workers N`): where its parts are put together.
 *
 * @module
 */

import { toHex } from "./lib/base/hex.ts";
import { WORKER_WORD } from "./lib/cli/server_workers.ts";
import type { Limits } from "./lib/protocol/limits.ts";
import type { Address, ServerTls } from "./lib/runtime/connection.ts";
import { runtimeChild, runtimeNetwork } from "./lib/runtime/runtime.ts";
import { systemClock } from "./lib/runtime/system_clock.ts";
import { OwnerDoor } from "./lib/server/owner_door.ts";
import type { ServerMetrics } from "./lib/server/server_metrics.ts";
import { WorkerPool } from "./lib/server/worker_pool.ts";
import type { DataFolder } from "./lib/store/data_folder.ts";
import type { TokenStore } from "./lib/store/token_store.ts";

/** What workers are started with. */
export interface StartWorkersOptions {
  /** How many, beside the server itself. */
  readonly count: number;
  /** Where the server listens, with the real port. */
  readonly address: Address;
  readonly tls?: ServerTls | undefined;
  /** Where the folder is. */
  readonly dataFolder: string;
  readonly folder: DataFolder;
  readonly tokens: TokenStore;
  readonly limits: Limits;
  readonly bootId: Uint8Array;
  /** Of each. */
  readonly maxConnections: number;
  readonly graceMs: number;
  /** Of each; undefined for no limit. */
  readonly limitBytesPerSecond?: number | undefined;
  readonly isTraced: boolean;
  readonly metrics: ServerMetrics;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Workers at work. */
export interface Workers {
  /** How many listen now. */
  readonly size: number;
  /** Shows other certificates from now on. */
  renew(tls: ServerTls): void;
  /** Ends them, and what is under way after the grace. */
  close(): Promise<void>;
}

/**
 * An address at which nobody else listens, to be shared by the processes of one server: sharing would let them
 * join those of another one unseen. Throws `connection`.
 */
export async function addressToShare({ host, port }: Address): Promise<Address> {
  const listener = await (await runtimeNetwork()).listen({ host, port });
  listener.close();
  return { host, port: listener.address.port };
}

/** Starts them; settles once all listen. Throws what keeps one of them from it, with none left. */
export async function startWorkers(options: StartWorkersOptions): Promise<Workers> {
  const { folder, tokens, limits, bootId, metrics, onError, isTraced, ...rest } = options;
  const { count, address, tls, dataFolder, maxConnections, graceMs, limitBytesPerSecond } = rest;
  const secret = toHex(crypto.getRandomValues(new Uint8Array(32)));
  const listener = await (await runtimeNetwork()).listen({ host: "127.0.0.1", port: 0 });
  const { host, port } = listener.address;
  const clock = systemClock;
  const { store, held, catalog } = folder;
  const shared = { store, clock, onError };
  const door = new OwnerDoor({ listener, secret, tokens, limits, bootId, metrics, ...shared });
  const pool = await WorkerPool.start({
    count,
    start: () => runtimeChild({ program: PROGRAM, args: [WORKER_WORD] }),
    orders: {
      address,
      tls,
      dataFolder,
      owner: { host, port, secret },
      limits,
      bootId: toHex(bootId),
      maxConnections,
      graceMs,
      limitBytesPerSecond,
      isTraced,
    },
    held,
    catalog,
    ...shared,
  }).catch(async (thrown) => {
    await door.close();
    throw thrown;
  });
  return {
    get size() {
      return pool.size;
    },
    renew: (shown) => pool.renew(shown),
    close: async () => {
      await pool.stop();
      await door.close();
    },
  };
}

const PROGRAM = new URL("./server.ts", import.meta.url).href;

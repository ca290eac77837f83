// The workers of a server, from the server's side (`server.ts --workers N`): where its parts are put together.

import { toHex } from "../base/hex.ts";
import { WORKER_WORD } from "../cli/server_workers.ts";
import type { Principal } from "../base/principal.ts";
import type { Figures } from "../protocol/figures.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Address, ServerTls } from "../runtime/connection.ts";
import { runtimeChild, runtimeNetwork } from "../runtime/runtime.ts";
import { systemClock } from "../runtime/system_clock.ts";
import { OwnerDoor } from "../server/owner_door.ts";
import type { LogRecord } from "../server/server_log.ts";
import type { ServerMetrics } from "../server/server_metrics.ts";
import { WorkerPool } from "../server/worker_pool.ts";
import type { DataFolder } from "../store/data_folder.ts";
import type { TokenStore } from "../store/token_store.ts";

/** What workers are started with. */
export interface StartWorkersOptions {
  /** The URL of the server's program, which workers are started from. */
  readonly program: string;
  /** How many processes there are to be, the server itself included. */
  readonly sharedBy: number;
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
  readonly bytesPerSecond?: number | undefined;
  readonly isTraced: boolean;
  /** Where what they count is added. */
  readonly metrics: ServerMetrics;
  /** Called with what happens in them; without it they do not tell. */
  readonly log?: ((record: LogRecord) => void) | undefined;
  /** What their clients may be told of the server. */
  readonly figures: (principal: Principal) => Promise<Figures>;
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

/** Starts them; settles once all listen. Throws what keeps one of them from it, with none left. */
export async function startWorkers(options: StartWorkersOptions): Promise<Workers> {
  const { program, folder, tokens, limits, bootId, metrics, log, figures, ...given } = options;
  const { onError, ...orders } = given;
  const secret = toHex(crypto.getRandomValues(new Uint8Array(32)));
  const listener = await (await runtimeNetwork()).listen({ host: "127.0.0.1", port: 0 });
  const { host, port } = listener.address;
  const clock = systemClock;
  const { store, held, catalog } = folder;
  const shared = { store, clock, onError };
  const door = new OwnerDoor({ ...shared, listener, secret, tokens, limits, bootId, figures });
  const pool = await WorkerPool.start({
    ...shared,
    count: orders.sharedBy - 1,
    start: () => runtimeChild({ program, args: [WORKER_WORD] }),
    orders: {
      ...orders,
      owner: { host, port, secret },
      limits,
      bootId: toHex(bootId),
      isLogged: log !== undefined,
    },
    held,
    catalog,
    log,
    onCounts: (worker, counts) => metrics.addWorker(worker, counts),
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

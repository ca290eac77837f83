// A whole server without network and disk: sessions over in-memory connections on an in-memory store.

import type { Clock } from "../../lib/base/clock.ts";
import type { RateLimit } from "../../lib/base/rate_limit.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import type { ChannelBinding, Connection } from "../../lib/base/connection.ts";
import type { Reconnecting } from "../../lib/client/link.ts";
import { DEFAULT_LIMITS, type Limits } from "../../lib/protocol/limits.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { figuresFor, type FigureSources } from "../../lib/server/figures.ts";
import { ServerMetrics } from "../../lib/server/server_metrics.ts";
import { AddressCounts } from "../../lib/base/address_counts.ts";
import { Penalties } from "../../lib/server/penalties.ts";
import { Place } from "../../lib/server/place.ts";
import { serveSession } from "../../lib/server/session.ts";
import { TokenRates } from "../../lib/server/token_rates.ts";
import { TokenWatch } from "../../lib/server/token_watch.ts";
import type { TokenStore } from "../../lib/store/token_store.ts";
import type { Blobs } from "../../lib/store/blobs.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import type { Quota } from "../../lib/store/quota.ts";
import { newId } from "./content.ts";
import { MemoryBlobs } from "./memory_blobs.ts";
import { MemoryCatalog } from "./memory_catalog.ts";
import { memoryPair, type MemoryPairOptions } from "./memory_connection.ts";

/** What a test can make different. */
export interface MemoryServerOptions {
  clock?: Clock;
  limits?: Partial<Limits>;
  /** The time the client lives by, where it is not the server's. */
  clientClock?: Clock;
  pair?: MemoryPairOptions;
  catalog?: Catalog;
  blobs?: Blobs;
  /** Who is let in. */
  tokens?: TokenStore;
  /** What all files together may have. */
  quota?: Quota;
  /** What all sessions keep to. */
  limit?: RateLimit;
  /** Of the server's end of each connection. */
  binding?: ChannelBinding;
}

/** How a lasting client is connected. */
export interface LastingOptions {
  /** Wraps each connection, counted from 0, to make it fail; throws to refuse it. */
  wrap?: (connection: Connection, index: number) => Connection;
  /** How long to try again, in milliseconds; a minute by default. */
  retryMs?: number;
  onReconnecting?: (event: Reconnecting) => void;
  /** To prove on each of them. */
  token?: string;
}

/** A server for a test; disposing it ends all sessions. */
export interface MemoryServer extends AsyncDisposable {
  readonly store: FileStore;
  /** What the sessions told their operator. */
  readonly errors: unknown[];
  /** Each message of all sessions, in notation. */
  readonly trace: string[];
  /** A new session; its other end. */
  open(): Connection;
  /** A new session and a client on it, which ends with it. */
  connect(token?: string): Promise<FileClient>;
  /** A client that connects anew when its connection is lost. */
  connectLasting(options?: LastingOptions): Promise<FileClient>;
  /** Tells the sessions that the server is about to stop. */
  drain(): void;
  /** Settles when all sessions so far have ended. */
  ended(): Promise<void>;
}

/** Starts a server. */
export async function memoryServer(options: MemoryServerOptions = {}): Promise<MemoryServer> {
  const clock = options.clock ?? systemClock;
  const { store } = await FileStore.open({
    catalog: options.catalog ?? new MemoryCatalog(clock),
    blobs: options.blobs ?? new MemoryBlobs(),
    clock,
    newId,
    quota: options.quota,
  });
  const metrics = new ServerMetrics();
  const sources: FigureSources = {
    store,
    clock,
    begunMs: clock.monotonicMs(),
    facts: { version: "test", quota: options.quota },
    metrics,
    admission: () => ({ sessions: sessions.length, penalised: 0 }),
  };
  const door = {
    penalties: new Penalties(clock),
    served: new AddressCounts(),
    unproven: new AddressCounts(),
  };
  const drain = new AbortController();
  const closed = new AbortController();
  const errors: unknown[] = [];
  const trace: string[] = [];
  const sessions: { connection: Connection; ended: Promise<void> }[] = [];
  const rates = new TokenRates(clock);
  const tokens = options.tokens && new TokenWatch(options.tokens, { clock });
  const open = () => {
    const [near, far] = memoryPair(options.pair);
    if (options.binding) Object.assign(far, { channelBinding: options.binding });
    const visitor = new Place(door, {
      id: sessions.length + 1,
      remote: "memory:1",
      address: "memory",
      begunMs: clock.monotonicMs(),
      mustProve: false,
      notice: metrics.notice,
    });
    const session = serveSession(far, {
      visitor,
      tokens,
      rates,
      limit: options.limit,
      closed: closed.signal,
      store,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      clock,
      bootId: new Uint8Array(16).fill(7),
      drain: drain.signal,
      graceMs: 5000,
      trace: (line) => trace.push(line),
      figures: (principal) => figuresFor(principal, sources),
      onError: (error) => errors.push(error),
    });
    const ended = session.finally(() => visitor.leave());
    sessions.push({ connection: near, ended });
    return near;
  };
  const ended = async () => void await Promise.all(sessions.map(({ ended }) => ended));
  return {
    store,
    errors,
    trace,
    open,
    connectLasting: (lasting: LastingOptions = {}) => {
      const { wrap = (connection: Connection) => connection, ...given } = lasting;
      let index = 0;
      return FileClient.connect({
        retryMs: 60_000,
        random: () => 0,
        ...given,
        clock: options.clientClock ?? clock,
        dial: async () => wrap(open(), index++),
      });
    },
    connect: (token) => FileClient.open(open(), { clock: options.clientClock ?? clock, token }),
    drain: () => drain.abort(),
    ended,
    [Symbol.asyncDispose]: async () => {
      closed.abort(new Error("The server was closed"));
      for (const { connection } of sessions) connection.close();
      await ended();
      tokens?.stop();
      await store[Symbol.asyncDispose]();
    },
  };
}

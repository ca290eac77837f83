// A whole server in memory whose clients come from any address, with all that its log keeps and its numbers.

import { SCRAM, ScramClient } from "../../lib/base/scram_exchange.ts";
import { parseToken } from "../../lib/base/token.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import type { Connection } from "../../lib/base/connection.ts";
import { DEFAULT_LIMITS, type Limits } from "../../lib/protocol/limits.ts";
import { FileServer } from "../../lib/server/file_server.ts";
import { type LogRecord, serverLog } from "../../lib/server/server_log.ts";
import type { Notice } from "../../lib/server/server_event.ts";
import { ServerMetrics } from "../../lib/server/server_metrics.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import type { TokenStore } from "../../lib/store/token_store.ts";
import { newId } from "./content.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryBlobs } from "./memory_blobs.ts";
import { MemoryCatalog } from "./memory_catalog.ts";
import { queueListener } from "./queue_listener.ts";
import { RawPeer } from "./raw_peer.ts";
import { memoryTokens } from "./tokens.ts";

/** What a test can make different. */
export interface WatchedServerOptions {
  readonly limits?: Partial<Limits>;
  readonly maxConnections?: number;
}

/** A server for a test, which it stops. */
export interface WatchedServer extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly tokens: TokenStore;
  readonly metrics: ServerMetrics;
  readonly records: LogRecord[];
  /** The records of one event. */
  of(event: string): LogRecord[];
  dial(remote: string): Connection;
  peer(remote: string): RawPeer;
  /** A peer that has proven a token. */
  proven(remote: string, token: string): Promise<RawPeer>;
  connect(remote: string, token?: string): Promise<FileClient>;
  /** Stops it. */
  stop(): Promise<void>;
}

/** Starts one. */
export async function watchedServer(options: WatchedServerOptions = {}): Promise<WatchedServer> {
  const clock = new FakeClock();
  const tokens = memoryTokens(clock);
  const catalog = new MemoryCatalog(clock);
  const { store } = await FileStore.open({ catalog, blobs: new MemoryBlobs(), clock, newId });
  const listener = queueListener();
  const metrics = new ServerMetrics();
  const records: LogRecord[] = [];
  const keep = serverLog((record) => records.push(record), clock);
  const notice: Notice = (event) => {
    metrics.notice(event);
    keep(event);
  };
  const server = new FileServer({
    listener,
    store,
    tokens,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    clock,
    bootId: new Uint8Array(16),
    maxConnections: options.maxConnections ?? 1000,
    graceMs: 0,
    notice,
    metrics,
    facts: { version: "test" },
  });
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    const closed = server.close();
    await clock.advance(5000);
    await closed;
    await store[Symbol.asyncDispose]();
    tokens[Symbol.dispose]();
  };
  return {
    clock,
    tokens,
    metrics,
    records,
    of: (event) => records.filter((record) => record.event === event),
    dial: (remote) => listener.dial(remote),
    peer: (remote) => new RawPeer(listener.dial(remote)),
    proven: async (remote, token) => {
      const peer = new RawPeer(listener.dial(remote));
      await peer.greet();
      const scram = new ScramClient(parseToken(token), "n");
      const [type, tag] = ["Authenticate", 0] as const;
      await peer.send({ type, tag, mechanism: SCRAM, data: scram.first() });
      const { data } = await peer.expect("Challenge");
      await peer.send({ type: "Response", tag: 0, data: await scram.final(data) });
      await peer.expect("Authenticated");
      return peer;
    },
    connect: (remote, token) => FileClient.open(listener.dial(remote), { clock, token }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

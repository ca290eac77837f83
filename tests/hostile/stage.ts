// Where an attack takes place: a whole server, in memory under a clock that the test moves, or over TCP on a
// real data folder. The same attacks run on both.

import type { Clock } from "../../lib/base/clock.ts";
import { RIGHTS } from "../../lib/base/principal.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { DEFAULT_LIMITS, type Limits } from "../../lib/protocol/limits.ts";
import type { Connection, Listener } from "../../lib/runtime/connection.ts";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { nodeTls } from "../../lib/runtime/node_tls.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FileServer } from "../../lib/server/file_server.ts";
import { openDataFolder } from "../../lib/store/data_folder.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import type { TokenStore } from "../../lib/store/token_store.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { newId } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { queueListener } from "../support/queue_listener.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

/** Short, so that an attack over TCP is over soon. */
export const STAGE_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  window: 1024 * 1024,
  // More than a session may have watches, so that both bounds can be reached.
  maxRequests: 20,
  maxUploads: 8,
  maxSessions: 24,
  idleMs: 2000,
  stallMs: 1000,
};
/** Connections of a stage's server, in all. */
export const STAGE_CONNECTIONS = 32;

/** A peer on a stage. */
export interface Guest {
  readonly peer: RawPeer;
  /** Settles when the server has let go of the connection. */
  readonly gone: Promise<void>;
}

/** A server to be attacked; disposing it ends everything. */
export interface Stage extends AsyncDisposable {
  readonly kind: "memory" | "tcp";
  readonly clock: Clock;
  readonly limits: Limits;
  /** Whether a token is asked for, which the client that behaves has and nobody else. */
  readonly asksForToken: boolean;
  /** What the server told its operator. */
  readonly faults: unknown[];
  /** Connections the server has not let go of. */
  readonly sessions: number;
  /** A new connection that the server has accepted. */
  open(): Promise<Guest>;
  /** A client that behaves. */
  connect(): Promise<FileClient>;
  /** Waits for `work` while time goes by. */
  during<T>(work: Promise<T>): Promise<T>;
}

/** A server without network and disk, whose time runs as fast as it can. */
export async function memoryStage(changes: Partial<Limits> = {}): Promise<Stage> {
  const clock = new FakeClock();
  const listener = queueListener();
  const dial = () => Promise.resolve(listener.dial("127.0.0.1:1"));
  const catalog = new MemoryCatalog(clock);
  const { store } = await FileStore.open({ catalog, blobs: new MemoryBlobs(), clock, newId });
  const close = () => store[Symbol.asyncDispose]();
  return stageOf({ kind: "memory", clock, listener, dial, store, close }, changes);
}

/** A server on loopback with its data in a temporary folder, over TLS and with a token if asked to. */
export async function tcpStage(
  changes: Partial<Limits> = {},
  { tls = false, strangers = false } = {},
): Promise<Stage> {
  const path = await Deno.makeTempDir({ prefix: "morsel-hostile-" });
  const parts = { files: nodeFiles, openSql: openNodeSql, clock: systemClock, newId };
  const folder = await openDataFolder(path, parts);
  const { listener, dial } = tls ? await overTls() : await overTcp();
  const { store } = folder;
  const tokens = strangers ? memoryTokens(systemClock) : undefined;
  const token = tokens && await makeToken(tokens, "honest", RIGHTS);
  const close = async () => {
    tokens?.[Symbol.dispose]();
    await folder[Symbol.asyncDispose]();
    await Deno.remove(path, { recursive: true });
  };
  const wire = { listener, dial, tokens, token };
  return stageOf({ kind: "tcp", clock: systemClock, ...wire, store, close }, changes);
}

interface Wire {
  readonly listener: Listener;
  readonly dial: () => Promise<Connection>;
}

async function overTcp(): Promise<Wire> {
  const listener = await denoNetwork.listen({ host: "127.0.0.1", port: 0 });
  return { listener, dial: () => denoNetwork.connect(listener.address) };
}

async function overTls(): Promise<Wire> {
  const authority = await makeAuthority();
  const certificate = await makeCertificate(authority, "127.0.0.1");
  const listener = await nodeTls.listen({ host: "127.0.0.1", port: 0 }, certificate);
  const tls = { ca: authority.cert };
  return { listener, dial: () => nodeTls.connect({ ...listener.address, tls }) };
}

interface StageParts {
  readonly kind: "memory" | "tcp";
  readonly clock: Clock;
  readonly listener: Listener;
  readonly dial: () => Promise<Connection>;
  readonly store: FileStore;
  readonly tokens?: TokenStore | undefined;
  readonly token?: string | undefined;
  readonly close: () => Promise<void>;
}

function stageOf(parts: StageParts, changes: Partial<Limits>): Stage {
  const { kind, clock, dial, tokens, token } = parts;
  const limits = { ...STAGE_LIMITS, ...changes };
  const faults: unknown[] = [];
  const accepted = new AcceptedConnections(parts.listener);
  const server = new FileServer({
    listener: accepted,
    store: parts.store,
    limits,
    clock,
    bootId: new Uint8Array(16),
    maxConnections: STAGE_CONNECTIONS,
    graceMs: 0,
    tokens,
    facts: { version: "test" },
    onError: (error) => faults.push(error),
  });
  const during = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false;
    const end = () => void (isOver = true);
    work.then(end, end);
    while (clock instanceof FakeClock && !isOver) await clock.advance(50);
    return await work;
  };
  const dialled: Connection[] = [];
  const open = async () => {
    const arriving = accepted.next();
    const connection = await dial();
    dialled.push(connection);
    return { connection, gone: (await arriving).gone };
  };
  return {
    kind,
    clock,
    limits,
    asksForToken: tokens !== undefined,
    faults,
    get sessions() {
      return accepted.open;
    },
    open: async () => {
      const { connection, gone } = await open();
      return { peer: new RawPeer(connection), gone };
    },
    connect: async () => FileClient.open((await open()).connection, { clock, token }),
    during,
    [Symbol.asyncDispose]: async () => {
      for (const connection of dialled) connection.close();
      await during(server.close());
      await parts.close();
    },
  };
}

/** A listener that knows which of its connections the server still holds. */
class AcceptedConnections implements Listener {
  readonly #listener: Listener;
  #next = Promise.withResolvers<{ gone: Promise<void> }>();
  #open = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  get address(): Listener["address"] {
    return this.#listener.address;
  }

  /** Connections the server has not closed. */
  get open(): number {
    return this.#open;
  }

  /** The next connection that is accepted. */
  next(): Promise<{ gone: Promise<void> }> {
    return this.#next.promise;
  }

  async accept(): Promise<Connection | undefined> {
    const connection = await this.#listener.accept();
    if (!connection) return undefined;
    const gone = Promise.withResolvers<void>();
    this.#open++;
    gone.promise.then(() => this.#open--);
    this.#next.resolve({ gone: gone.promise });
    this.#next = Promise.withResolvers();
    return {
      readable: connection.readable,
      writable: connection.writable,
      get bytesWritten() {
        return connection.bytesWritten;
      },
      remote: connection.remote,
      channelBinding: connection.channelBinding,
      close: () => {
        connection.close();
        gone.resolve();
      },
    };
  }

  close(): void {
    this.#listener.close();
  }
}

// A worker of a server (`server.ts --workers N`): serves on its port, reads its data folder, and asks it for
// whatever changes something. This is where the parts of a worker are put together.

import { fromHex, toHex } from "../base/hex.ts";
import { JsonLines, readJsonLines } from "../base/json_lines.ts";
import { RateLimit } from "../base/rate_limit.ts";
import type { Listener, TlsListener } from "../runtime/connection.ts";
import { openNodeSql } from "../runtime/node_sql.ts";
import type { HostProcess } from "../runtime/process.ts";
import { runtimeFiles, runtimeNetwork, runtimeTls } from "../runtime/runtime.ts";
import { systemClock } from "../runtime/system_clock.ts";
import { FileServer } from "../server/file_server.ts";
import { OwnerLinks } from "../server/owner_links.ts";
import type { Notice } from "../server/server_event.ts";
import { watchers } from "../server/watchers.ts";
import { tellCounts } from "../server/worker_counts.ts";
import { WorkerFiles } from "../server/worker_files.ts";
import { workerLog } from "../server/worker_log.ts";
import type { FromWorker, ToWorker, WorkerOrders } from "../server/worker_words.ts";
import { readDataFolder } from "../store/read_folder.ts";
import { TokenStore } from "../store/token_store.ts";

/** What {@linkcode work} tells besides. */
export interface WorkOptions {
  /** Told of what went wrong with no client to tell. */
  readonly onError: (error: unknown) => void;
  /** Called with each message in notation, where the orders say so. */
  readonly trace: (line: string) => void;
}

/**
 * Works until the server says that it is to stop, which lets what is under way end; where the server itself has
 * ended, it ends at once. Returns the exit code.
 */
export async function work(host: HostProcess, options: WorkOptions): Promise<0 | 1> {
  // Ctrl-C reaches all processes of a terminal: it is for the server to say when to stop.
  const stopListening = host.onSignal(() => {});
  const { promise: stopped, resolve: stop } = Promise.withResolvers<0 | 1>();
  const words = new JsonLines((bytes) => host.stdout.write(bytes), () => stop(1));
  // What became of a change that was under way nobody knows: the clients find out when they connect again.
  const onLost = () => stop(1);
  const listen = async () => {
    let worker: Worker | undefined;
    for await (const line of readJsonLines(host.stdin)) {
      const heard = line as ToWorker;
      if (heard.type === "orders") {
        worker = await start(heard.orders, { ...options, words, onLost });
      } else if (heard.type === "stop") void worker?.close().then(() => stop(0));
      else worker?.take(heard);
    }
    return 1 as const;
  };
  try {
    return await Promise.race([stopped, listen()]);
  } catch (thrown) {
    options.onError(thrown);
    return 1;
  } finally {
    stopListening();
  }
}

interface Worker {
  take(heard: Exclude<ToWorker, { type: "orders" | "stop" }>): void;
  /** Takes no new work and lets what is under way end within the grace. */
  close(): Promise<void>;
}

async function start(
  orders: WorkerOrders,
  { words, onLost, ...options }: WorkOptions & { words: JsonLines; onLost: () => void },
): Promise<Worker> {
  const { dataFolder, limits, maxConnections, graceMs, sharedBy, owner, bytesPerSecond } = orders;
  const clock = systemClock;
  const say = (said: FromWorker) => words.send(said);
  const { metrics, notice, onError } = watchers({
    clock,
    log: orders.isLogged ? workerLog(words, clock) : undefined,
    onError: options.onError,
  });
  const parts = { files: await runtimeFiles(), openSql: openNodeSql, clock };
  const tokens = await TokenStore.open(dataFolder, parts);
  const folder = readDataFolder(dataFolder, {
    ...parts,
    onLetGo: (id) => say({ type: "letGo", id }),
    onDamage: ({ digest, place }, damage) => {
      const blob = place.kind === "blob" ? place.id : undefined;
      say({ type: "damage", digest: toHex(digest), blob, damage });
    },
  });
  const network = await runtimeNetwork();
  const links = new OwnerLinks({
    connect: () => network.connect(owner),
    secret: owner.secret,
    clock,
    onLost,
  });
  const { listener, renew } = await listenShared(orders, notice);
  const files = new WorkerFiles(folder.files, links);
  const server = new FileServer({
    listener,
    store: files,
    figures: (principal) => files.figures(principal),
    tokens,
    limits,
    clock,
    bootId: fromHex(orders.bootId),
    maxConnections,
    graceMs,
    limit: bytesPerSecond === undefined ? undefined : new RateLimit(clock, bytesPerSecond),
    sharedBy,
    ...(orders.isTraced && { trace: options.trace }),
    notice,
    onError,
  });
  say({ type: "listening" });
  const stopTelling = tellCounts(() => metrics.counts(), {
    clock,
    tell: (counts) => say({ type: "counts", counts }),
  });
  return {
    take: (heard) => {
      if (heard.type === "changed") folder.changed();
      else if (heard.type === "letGo") folder.letGo(heard.id);
      else if (heard.type === "damage") folder.damage(heard.id, heard.damage);
      else if (heard.type === "tls") renew(heard.tls);
      else heard satisfies never;
    },
    close: async () => {
      await server.close();
      stopTelling();
      links.close();
      await folder[Symbol.asyncDispose]();
      tokens[Symbol.dispose]();
      await words.flush();
    },
  };
}

async function listenShared(
  { address, tls }: WorkerOrders,
  notice: Notice,
): Promise<{ listener: Listener; renew: TlsListener["renew"] }> {
  if (!tls) {
    const shared = { sharesPort: true };
    const listener = await (await runtimeNetwork(shared)).listen(address, shared);
    return { listener, renew: () => {} };
  }
  const listener = await (await runtimeTls()).listen(address, tls, {
    sharesPort: true,
    onRefusal: (remote, why) => notice({ type: "handshakeFailed", remote, why }),
  });
  return { listener, renew: (shown) => listener.renew(shown) };
}

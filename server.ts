/**
 * The server: `serve` for programs, and the program itself (`deno run -A server.ts --help`). This is where
 * its parts are put together.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { toHex } from "./lib/base/hex.ts";
import { RateLimit } from "./lib/base/rate_limit.ts";
import { serverProgram } from "./lib/cli/server_program.ts";
import { DEFAULT_LIMITS, type Limits } from "./lib/protocol/limits.ts";
import type { Address, ServerTls } from "./lib/runtime/connection.ts";
import type { MeasuredFiles } from "./lib/runtime/files.ts";
import { openNodeSql } from "./lib/runtime/node_sql.ts";
import { runtimeFiles, runtimeLocalFiles, runtimeProcess } from "./lib/runtime/runtime.ts";
import type { ServerTlsOptions } from "./lib/runtime/server_tls.ts";
import { systemClock } from "./lib/runtime/system_clock.ts";
import { FileServer } from "./lib/server/file_server.ts";
import { operatorPage } from "./lib/server/operator_pages.ts";
import type { LogRecord } from "./lib/server/server_log.ts";
import { type Watchers, watchers } from "./lib/server/watchers.ts";
import { checkDataFolder } from "./lib/store/check_folder.ts";
import { damageLines } from "./lib/store/damage.ts";
import { type DataFolder, type DataFolderParts, openDataFolder } from "./lib/store/data_folder.ts";
import { TokenStore } from "./lib/store/token_store.ts";
import { timedSyncs } from "./lib/store/timed_syncs.ts";
import type { Recovery } from "./lib/store/file_store.ts";
import { startBackground } from "./lib/program/background.ts";
import { listen } from "./lib/program/listening.ts";
import type { Workers } from "./lib/program/workers.ts";

/** What {@linkcode serve} can be told. */
export interface ServeOptions {
  /** Where to listen; `127.0.0.1:1300` by default. Port 0 takes any free port. */
  address?: Partial<Address>;
  /** The folder with all data, made if it is not there; `./morsel-data` by default. */
  dataFolder?: string;
  /** How to speak TLS 1.3 and nothing else; without it the server speaks plain TCP. */
  tls?: ServerTlsOptions;
  /** Limits other than the default ones; announced to every client. */
  limits?: Partial<Omit<Limits, "durability">>;
  /**
   * How many processes serve, this one included; 1 by default. The others read and pass on whatever changes
   * something, as only this one has the data folder. On systems where processes can share a port: Linux, FreeBSD.
   */
  workers?: number;
  /** Connections served at a time; 1000 by default. One more is told `busy`. Each process takes its share. */
  maxConnections?: number;
  /** How long running requests have when the server stops, in milliseconds; 5000 by default. */
  graceMs?: number;
  /**
   * How fast stored data is read again in the background to find damage, in bytes a second; 8 MiB by
   * default, 0 for not at all. Damage is told to `onError`.
   */
  scrubBytesPerSecond?: number;
  /**
   * What all connections together may move, both ways, in bytes a second, from 16 KiB on; no limit by
   * default. Each connection gets 2 KiB a second at least, however many there are.
   */
  limitBytesPerSecond?: number;
  /** What all files together may have, those under way included; no limit by default. */
  quota?: { readonly bytes?: number | undefined; readonly files?: number | undefined };
  /**
   * Bytes of the disk that stay free, beyond which uploads get `no_space`; 0 for none. By default
   * 256 MiB, or none where the runtime may not tell what is free (Deno: `--allow-sys=statfs`), which `onError` is
   * told.
   */
  reserveBytes?: number;
  /**
   * Where to show numbers for Prometheus, at /metrics, and whether all is well, at /healthz, over HTTP to whoever
   * can reach it; nowhere by default.
   */
  metrics?: Address;
  /**
   * Called with each connect, authentication, commit, delete, refusal and the like, as docs/operating.md lists them;
   * without tokens, proofs, contents and metadata. It is to return at once.
   */
  log?: (record: LogRecord) => void;
  /** Called with each message in the notation of PROTOCOL.md, marked `C:` or `S:`. */
  trace?: (line: string) => void;
  /** Told of the server's own faults, such as a failing disk; clients are told as well. */
  onError?: (error: unknown) => void;
}

/** A server at work. */
export interface RunningServer extends AsyncDisposable {
  /** Where it listens, with the real port. */
  readonly address: Address;
  /** What clients connect to over TLS, with the authority to trust; undefined on plain TCP. */
  readonly tlsAddress: string | undefined;
  /** Where it shows its numbers, with the real port; undefined when nowhere. */
  readonly metricsAddress: Address | undefined;
  /** What was found and mended at the start. */
  readonly recovered: Recovery;
  /** Whether whoever connects needs a token: from the first one on that was made for the data folder. */
  readonly hasTokens: boolean;
  /** Takes no new work, lets running requests finish within the grace, and lets the data folder go. */
  close(): Promise<void>;
}

/**
 * Starts a server. Throws a MorselError: `connection` when it cannot listen there, `busy` when another
 * server has the data folder, `storage` or `no_space` when the folder cannot be used, `invalid` when the
 * certificates cannot be.
 */
export async function serve(options: ServeOptions = {}): Promise<RunningServer> {
  const { dataFolder = "./morsel-data" } = options;
  const watching = watchers({ ...options, clock: systemClock });
  const { metrics, onError } = watching;
  const parts = await dataFolderParts();
  const { files } = parts;
  const folder = await openDataFolder(dataFolder, {
    ...parts,
    ...(options.metrics && {
      files: timedSyncs(files, systemClock, (ms) => metrics.synced(ms)),
    }),
    quota: options.quota,
    reserve: options.reserveBytes === undefined
      ? { bytes: DEFAULT_RESERVE, onUnknown: onError }
      : { bytes: options.reserveBytes },
  });
  let tokens: TokenStore | undefined;
  try {
    tokens = await TokenStore.open(dataFolder, parts);
    return await serveFolder({ ...options, dataFolder }, { ...watching, files, folder, tokens });
  } catch (thrown) {
    tokens?.[Symbol.dispose]();
    await folder[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** What is open, and is closed with the server once that has started. */
interface Opened extends Watchers {
  readonly files: MeasuredFiles;
  readonly folder: DataFolder;
  readonly tokens: TokenStore;
}

async function serveFolder(
  options: ServeOptions & { dataFolder: string },
  opened: Opened,
): Promise<RunningServer> {
  const { dataFolder, address = {}, workers = 1, graceMs = 5000, trace } = options;
  const { files, folder, tokens, metrics, notice, log, onError } = opened;
  const { store, recovered } = folder;
  const [clock, all] = [systemClock, options.limitBytesPerSecond];
  const limit = all === undefined ? undefined : new RateLimit(clock, all / workers);
  let others: Workers | undefined;
  let renewed: ServerTls | undefined;
  const { listener, tlsAddress, shown, stopTls } = await listen({
    address,
    dataFolder,
    tls: options.tls,
    sharesPort: workers > 1,
    notice,
    onRenewal: (tls) => {
      notice({ type: "certificateChanged" });
      renewed = tls;
      others?.renew(tls);
    },
    onError,
  });
  const shared = {
    tokens,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    bootId: crypto.getRandomValues(new Uint8Array(16)),
    maxConnections: Math.ceil((options.maxConnections ?? 1000) / workers),
    graceMs,
    sharedBy: workers,
    metrics,
    onError,
  };
  const facts = {
    version: config.version,
    quota: options.quota,
    get reserveBytes() {
      return folder.reserveBytes;
    },
    freeSpace: () => files.freeSpace(dataFolder),
  };
  const server = new FileServer({ ...shared, listener, store, clock, limit, trace, notice, facts });
  const stop = async () => {
    stopTls();
    await Promise.all([server.close(), others?.close()]);
  };
  try {
    if (workers > 1) {
      others = await (await import("./lib/program/workers.ts")).startWorkers({
        program: import.meta.url,
        ...shared,
        address: server.address,
        tls: shown,
        dataFolder,
        folder,
        bytesPerSecond: limit?.bytesPerSecond,
        isTraced: trace !== undefined,
        log,
        figures: (principal) => server.figures(principal),
      });
      // While they were starting.
      if (renewed) others.renew(renewed);
    }
    const shownThere = { server, store, metrics, workers: () => others?.size };
    // Loaded here, as node:http alone takes a twentieth of the whole start.
    const pages = options.metrics &&
      await (await import("./lib/runtime/node_http.ts"))
        .serveHttp(options.metrics, (path) => operatorPage(path, shownThere));
    const stopBackground = startBackground({
      folder,
      scrubBytesPerSecond: options.scrubBytesPerSecond,
      notice,
      onDamage: options.onError,
      onError,
    });
    const close = async () => {
      await stop();
      pages?.close();
      await stopBackground();
      tokens[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    };
    return {
      address: server.address,
      tlsAddress,
      metricsAddress: pages?.address,
      recovered,
      get hasTokens() {
        return !tokens.isEmpty;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

const DEFAULT_RESERVE = 256 * 1024 * 1024;

async function dataFolderParts(): Promise<DataFolderParts> {
  return {
    files: await runtimeFiles(),
    openSql: openNodeSql,
    clock: systemClock,
    newId: () => toHex(crypto.getRandomValues(new Uint8Array(16))),
  };
}

if (import.meta.main) {
  const host = await runtimeProcess({ files: await runtimeLocalFiles(systemClock) });
  const exitCode = await serverProgram({
    host,
    work: async (options) => (await import("./lib/program/worker.ts")).work(host, options),
    serve: async (options) => {
      const { recovered, ...server } = await serve(options);
      return { ...server, recovered: describeRecovery(recovered) };
    },
    hasTokens: async (dataFolder) => {
      const parts = await dataFolderParts();
      if (!await parts.files.stat(`${dataFolder}/tokens.db`)) return false;
      using tokens = await TokenStore.open(dataFolder, parts);
      return !tokens.isEmpty;
    },
    openTokens: async (dataFolder, how) =>
      await TokenStore.open(dataFolder, await dataFolderParts(), how),
    check: async ({ dataFolder, signal, onDamage }) =>
      await checkDataFolder(dataFolder, await dataFolderParts(), {
        signal,
        onDamage: (damage) => [...damageLines(damage)].forEach(onDamage),
      }),
    log: {
      clock: systemClock,
      open: async (path) => await (await import("./lib/runtime/log_file.ts")).openLogFile(path),
    },
    version: config.version,
  });
  host.exit(exitCode);
}

/** What the start has set right, in one line; undefined when there was nothing. */
function describeRecovery(recovered: Recovery): string | undefined {
  const { uploads, droppedUploads, removedBlobs } = recovered;
  if (uploads + droppedUploads + removedBlobs === 0) return undefined;
  const kept = uploads === 1 ? "1 unfinished upload" : `${uploads} unfinished uploads`;
  const blobs = removedBlobs === 1 ? "1 blob" : `${removedBlobs} blobs`;
  return `Recovered: ${kept} kept, ${droppedUploads} dropped, ${blobs} removed that nothing needed`;
}

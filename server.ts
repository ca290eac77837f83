/**
 * The server: `serve` for programs, and the program itself (`deno run -A server.ts --help`). This is where
 * its parts are put together.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { MorselError } from "./lib/base/errors.ts";
import { RateLimit } from "./lib/base/rate_limit.ts";
import { toHex } from "./lib/base/hex.ts";
import { formatTlsAddress } from "./lib/cli/address.ts";
import { serverProgram } from "./lib/cli/server_program.ts";
import { DEFAULT_LIMITS, type Limits } from "./lib/protocol/limits.ts";
import type { Address, Listener } from "./lib/runtime/connection.ts";
import { serveHttp } from "./lib/runtime/node_http.ts";
import { openLogFile } from "./lib/runtime/log_file.ts";
import { nodeFiles } from "./lib/runtime/node_files.ts";
import { openNodeSql } from "./lib/runtime/node_sql.ts";
import {
  runtimeLocalFiles,
  runtimeNetwork,
  runtimeProcess,
  runtimeTls,
} from "./lib/runtime/runtime.ts";
import type { ServerTlsOptions } from "./lib/runtime/server_tls.ts";
import { systemClock } from "./lib/runtime/system_clock.ts";
import { FileServer } from "./lib/server/file_server.ts";
import { operatorPage } from "./lib/server/operator_pages.ts";
import type { Notice } from "./lib/server/server_event.ts";
import { type LogRecord, serverLog } from "./lib/server/server_log.ts";
import { ServerMetrics } from "./lib/server/server_metrics.ts";
import { checkDataFolder } from "./lib/store/check_folder.ts";
import { damageLines } from "./lib/store/damage.ts";
import { type DataFolderParts, openDataFolder } from "./lib/store/data_folder.ts";
import { TokenStore } from "./lib/store/token_store.ts";
import { startScrub } from "./lib/store/scrub.ts";
import { timedSyncs } from "./lib/store/timed_syncs.ts";
import type { Recovery } from "./lib/store/file_store.ts";

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
  /** Connections served at a time; 1000 by default. One more is told `busy`. */
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
  const { address = {}, dataFolder = "./morsel-data", trace } = options;
  const { maxConnections = 1000, graceMs = 5000 } = options;
  const { metrics, notice, onError } = watchers(options);
  const parts = DATA_FOLDER_PARTS;
  const folder = await openDataFolder(dataFolder, {
    ...parts,
    ...(options.metrics && {
      files: timedSyncs(parts.files, systemClock, (ms) => metrics.synced(ms)),
    }),
    quota: options.quota,
    reserve: options.reserveBytes === undefined
      ? { bytes: DEFAULT_RESERVE, onUnknown: onError }
      : { bytes: options.reserveBytes },
  });
  let tokens: TokenStore | undefined;
  try {
    const opened = tokens = await TokenStore.open(dataFolder, parts);
    const { host = "127.0.0.1", port = 1300 } = address;
    const { listener, tlsAddress, stopTls } = options.tls
      ? await listenTls({ host, port }, { dataFolder, tls: options.tls, onError, notice })
      : await listenPlain({ host, port });
    const server = new FileServer({
      listener,
      store: folder.store,
      tokens,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      clock: systemClock,
      bootId: crypto.getRandomValues(new Uint8Array(16)),
      maxConnections,
      graceMs,
      limit: options.limitBytesPerSecond === undefined
        ? undefined
        : new RateLimit(systemClock, options.limitBytesPerSecond),
      trace,
      notice,
      metrics,
      facts: {
        version: config.version,
        quota: options.quota,
        reserveBytes: folder.reserveBytes,
        freeSpace: () => parts.files.freeSpace(dataFolder),
      },
      onError,
    });
    const pages = options.metrics && await serveHttp(options.metrics, (path) =>
      operatorPage(path, {
        server,
        store: folder.store,
        metrics,
      })).catch(async (thrown) => {
        await server.close();
        throw thrown;
      });
    const scrub = startScrub(folder.store, {
      clock: systemClock,
      rateBytesPerSecond: options.scrubBytesPerSecond,
      onDamage: (damage) => {
        const lines = [...damageLines(damage)];
        notice({ type: "damaged", why: lines.join("; ") });
        for (const line of lines) options.onError?.(new MorselError("integrity", line));
      },
      onError,
    });
    const close = async () => {
      stopTls();
      await server.close();
      pages?.close();
      await scrub.stop();
      opened[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    };
    const { recovered } = folder;
    return {
      address: server.address,
      tlsAddress,
      metricsAddress: pages?.address,
      recovered,
      get hasTokens() {
        return !opened.isEmpty;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    tokens?.[Symbol.dispose]();
    await folder[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** Who is told of what happens: the numbers, the log, and whoever wants to know of faults. */
function watchers({ log, onError }: ServeOptions) {
  const metrics = new ServerMetrics();
  const keep = log && serverLog((record) => {
    try {
      log(record);
    } catch (error) {
      onError?.(error); // it is not to end the session that it was told of
    }
  }, systemClock);
  const notice: Notice = (event) => {
    metrics.notice(event);
    keep?.(event);
  };
  return {
    metrics,
    notice,
    onError: (error: unknown) => {
      notice({ type: "fault", error });
      onError?.(error);
    },
  };
}

interface Listening {
  readonly listener: Listener;
  readonly tlsAddress: string | undefined;
  readonly stopTls: () => void;
}

async function listenPlain(address: Address): Promise<Listening> {
  const listener = await (await runtimeNetwork()).listen(address);
  return { listener, tlsAddress: undefined, stopTls: () => {} };
}

async function listenTls(
  { host, port }: Address,
  { dataFolder, tls, onError, notice }: Required<Pick<ServeOptions, "dataFolder" | "tls">> & {
    onError: (error: unknown) => void;
    notice: Notice;
  },
): Promise<Listening> {
  // Loaded here, so that a server without TLS starts as fast as ever.
  const { keepTls, loadTls } = await import("./lib/runtime/server_tls.ts");
  const load = () => loadTls(tls, { host, folder: `${dataFolder}/tls`, nowMs: systemClock.now() });
  const shown = await load();
  const listener = await (await runtimeTls()).listen({ host, port }, shown, {
    onRefusal: (remote, why) => notice({ type: "handshakeFailed", remote, why }),
  });
  const { port: realPort } = listener.address;
  return {
    listener,
    tlsAddress: formatTlsAddress({ host: shown.reachedAs, port: realPort }, shown.ca),
    stopTls: keepTls(listener, {
      load,
      shown,
      clock: systemClock,
      onRenewal: () => notice({ type: "certificateChanged" }),
      onError,
    }),
  };
}

const DEFAULT_RESERVE = 256 * 1024 * 1024;

const DATA_FOLDER_PARTS: DataFolderParts = {
  files: nodeFiles,
  openSql: openNodeSql,
  clock: systemClock,
  newId: () => toHex(crypto.getRandomValues(new Uint8Array(16))),
};

if (import.meta.main) {
  const host = await runtimeProcess({ files: await runtimeLocalFiles(systemClock) });
  const exitCode = await serverProgram({
    host,
    serve: async (options) => {
      const { recovered, ...server } = await serve(options);
      return { ...server, recovered: describeRecovery(recovered) };
    },
    hasTokens: async (dataFolder) => {
      const parts = DATA_FOLDER_PARTS;
      if (!await parts.files.stat(`${dataFolder}/tokens.db`)) return false;
      using tokens = await TokenStore.open(dataFolder, parts);
      return !tokens.isEmpty;
    },
    openTokens: async (dataFolder) => TokenStore.open(dataFolder, DATA_FOLDER_PARTS),
    check: async ({ dataFolder, signal, onDamage }) =>
      await checkDataFolder(dataFolder, DATA_FOLDER_PARTS, {
        signal,
        onDamage: (damage) => [...damageLines(damage)].forEach(onDamage),
      }),
    log: { clock: systemClock, open: openLogFile },
    version: config.version,
  });
  host.exit(exitCode);
}

/** What the start has set right, in one line; undefined when there was nothing. */
function describeRecovery(recovered: Recovery): string | undefined {
  const { uploads, droppedUploads, removedBlobs } = recovered;
  if (uploads + droppedUploads + removedBlobs === 0) return undefined;
  return `Recovered: ${uploads} unfinished uploads kept, ${droppedUploads} dropped, ` +
    `${removedBlobs} blobs removed that nothing needed`;
}

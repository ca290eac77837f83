// The server as a program: its options, its messages, its end. The serving itself, and the checking of a data
// folder, are parameters, which server.ts at the root gives it.

import type { Clock } from "../base/clock.ts";
import { LEAST_RATE_LIMIT } from "../base/rate_limit.ts";
import type { Address } from "../runtime/connection.ts";
import type { HostProcess } from "../runtime/process.ts";
import type { ServerTlsOptions } from "../runtime/server_tls.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { findOperand, parseArguments, type ParsedOptions } from "./arguments.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { describeFailure, UsageError } from "./failure.ts";
import { formatCount, formatSize, printable } from "./format.ts";
import { serverHelp } from "./help.ts";
import { metricsAddress } from "./metrics_address.ts";
import { byteRate, byteSize, wholeNumber } from "./option_values.ts";
import { Screen } from "./screen.ts";
import { type LogParts, openServerLog } from "./server_log_option.ts";
import { SERVER_OPTIONS } from "./server_options.ts";
import { WORKER_WORD, workersOption, type WorkProgramOptions } from "./server_workers.ts";
import { guardOpenAddress, serverTls } from "./server_tls_options.ts";
import { stopOnSignal } from "./stop_on_signal.ts";
import {
  type OpenTokensOptions,
  TOKEN_OPTIONS,
  type TokenAdmin,
  tokenProgram,
} from "./token_program.ts";

/** What the program has served. */
export interface ServeProgramOptions {
  address: Address;
  dataFolder: string;
  maxConnections?: number;
  /** How many processes serve; one by default. */
  workers?: number;
  /** How fast the data is checked in the background, in bytes per second; 0 for not at all. */
  scrubBytesPerSecond: number;
  /** What all connections together may move, both ways, in bytes per second; without it all they can. */
  limitBytesPerSecond?: number;
  /** What all files together may have. */
  quota?: { readonly bytes?: number | undefined; readonly files?: number | undefined };
  /** Bytes of the disk that stay free. */
  reserveBytes?: number;
  /** How to speak TLS; plain TCP without it. */
  tls?: ServerTlsOptions;
  /** Where to show numbers for Prometheus over HTTP. */
  metrics?: Address;
  /** Called with each thing that happens, as an object for the log. */
  log?: (record: object) => void;
  /** Called with one line for each frame that is sent or received. */
  trace?: (line: string) => void;
  /** Told of what went wrong with no caller to tell. */
  onError?: (error: unknown) => void;
}

/** A server that has started. */
export interface RunningServer {
  /** Where it listens, with the real port. */
  readonly address: Address;
  /** What clients are to be given over TLS. */
  readonly tlsAddress?: string | undefined;
  /** Where it shows its numbers, with the real port. */
  readonly metricsAddress?: Address | undefined;
  /** One line on what was set right at the start; undefined when there was nothing. */
  readonly recovered: string | undefined;
  /** Whether whoever connects needs a token. */
  readonly hasTokens?: boolean;
  /** Stops it cleanly: no new work, a short grace for what is under way. */
  close(): Promise<void>;
}

/** What is to be checked. */
export interface CheckProgramOptions {
  dataFolder: string;
  /** Ends the check. */
  signal: AbortSignal;
  /** Called with one line for each thing that is damaged. */
  onDamage: (line: string) => void;
}

/** What was checked. */
export interface CheckReport {
  /** Contents that were read; several files may share one. */
  readonly contents: number;
  /** Bytes that were read. */
  readonly bytes: number;
  /** Things that are damaged. */
  readonly damages: number;
}

/** What {@linkcode serverProgram} works with. */
export interface ServerProgramOptions {
  host: HostProcess;
  /** Starts a server. */
  serve: (options: ServeProgramOptions) => Promise<RunningServer>;
  /** Checks a data folder that no server has open. */
  check?: (options: CheckProgramOptions) => Promise<CheckReport>;
  /** Opens the tokens of a data folder, also beside a server that has it. */
  openTokens?: (dataFolder: string, options: OpenTokensOptions) => Promise<TokenAdmin>;
  /** Whether a token has been made for the data in a folder; without this there are none. */
  hasTokens?: (dataFolder: string) => Promise<boolean>;
  /** Serves as one of the workers of the server that has started this process. Returns the exit code. */
  work?: (options: WorkProgramOptions) => Promise<typeof EXIT.done | typeof EXIT.unexpected>;
  /** How a log is written; without this there is none. */
  log?: LogParts;
  /** What `--version` prints. */
  version: string;
}

// What the errors cannot say, as they know no command line.
const NEXT_STEPS = { connection: "choose another place with --listen" };

const HINT = "see morsel-server --help";
const DEFAULT_FOLDER = "./morsel-data";
/** How long the last messages may take to be read, in milliseconds. */
const PARTING_MS = 1000;
const DEFAULT_SCRUB_RATE = 8 * 1024 * 1024;

/** Runs the program until a signal stops it; never throws. Returns the exit code. */
export async function serverProgram(options: ServerProgramOptions): Promise<ExitCode> {
  const { args, stdout, stderr } = options.host;
  const screen = new Screen({
    stdout,
    stderr,
    debug: args.includes("--debug"),
    nextSteps: NEXT_STEPS,
  });
  try {
    const hint = HINT;
    if (args[0] === WORKER_WORD && options.work) {
      return await options.work({ trace: (line) => screen.trace(line), onError: faults(screen) });
    }
    if (isAboutTokens(args)) return await aboutTokens(screen, options);
    const { operands, options: given } = parseArguments(args, { rules: SERVER_OPTIONS, hint });
    if (given.flag("help")) {
      await screen.results(serverHelp(SERVER_OPTIONS, TOKEN_OPTIONS));
    } else if (given.flag("version")) {
      await screen.results(`morsel-server ${options.version}`);
    } else if (operands[0] === "check" && operands.length === 1) {
      return await checkFolder(given, screen, options);
    } else if (operands.length > 0) {
      const wrong = operands.find((word, index) => word !== "check" || index > 0);
      throw new UsageError(
        `The server takes options, or the word check or token, but not "${wrong}"; ${hint}`,
      );
    } else {
      await serveUntilStopped(given, screen, options);
    }
    return EXIT.done;
  } catch (error) {
    return (await screen.failure(error)).exitCode;
  } finally {
    await flushed(screen, options.log?.clock);
  }
}

/** All is written, or nobody has read it for a second: a log that fills a pipe is not to keep the program from its end. */
async function flushed(screen: Screen, clock: Clock | undefined): Promise<void> {
  const late = Promise.withResolvers<void>();
  const stopTimer = clock?.holdingTimer(PARTING_MS, late.resolve);
  await Promise.race([screen.flush(), late.promise]);
  stopTimer?.();
}

/** Whether the first operand is `token`, which has options of its own. */
function isAboutTokens(args: readonly string[]): boolean {
  const place = findOperand(args, { rules: [...TOKEN_OPTIONS, ...SERVER_OPTIONS], hint: HINT });
  return args[place] === "token";
}

async function aboutTokens(
  screen: Screen,
  { host, openTokens }: ServerProgramOptions,
): Promise<ExitCode> {
  const shared = ["data", "debug", "help"];
  const common = SERVER_OPTIONS.filter(({ name }) => shared.includes(name));
  const rules = [...TOKEN_OPTIONS, ...common];
  const { operands, options } = parseArguments(host.args, { rules, hint: HINT });
  if (options.flag("help")) {
    await screen.results(serverHelp(SERVER_OPTIONS, TOKEN_OPTIONS));
    return EXIT.done;
  }
  if (!openTokens) throw new UsageError(`This server has no tokens; ${HINT}`);
  const open = (how: OpenTokensOptions) => openTokens(options.value("data") ?? DEFAULT_FOLDER, how);
  const words = { operands: operands.slice(1), options };
  await tokenProgram(words, { screen, open, nowMs: Date.now() });
  return EXIT.done;
}

async function serveUntilStopped(
  given: ParsedOptions,
  screen: Screen,
  options: ServerProgramOptions,
): Promise<void> {
  using stop = stopOnSignal(options.host);
  const address = parseAddress(given.value("listen") ?? "127.0.0.1", {
    source: "--listen",
    anyPort: true,
  });
  const dataFolder = given.value("data") ?? DEFAULT_FOLDER;
  const tls = serverTls(given);
  await guardOpenAddress(address, { given, screen, tls, dataFolder, ...options });
  const metrics = metricsAddress(given);
  const maxConnections = wholeNumber(given, "max-connections", { least: 1, most: 1_000_000 });
  const limitBytesPerSecond = byteRate(given, "limit-rate", { least: LEAST_RATE_LIMIT });
  const workers = workersOption(given, { ...options, limitBytesPerSecond });
  const quota = {
    bytes: byteSize(given, "quota", { least: 1 }),
    files: wholeNumber(given, "quota-files", { least: 1, most: Number.MAX_SAFE_INTEGER }),
  };
  const reserveBytes = byteSize(given, "reserve", { least: 1, zero: "off" });
  await using log = await openServerLog(given, { screen, ...options });
  const server = await options.serve({
    address,
    dataFolder,
    ...(tls && { tls }),
    scrubBytesPerSecond: byteRate(given, "scrub", { least: 1, zero: "off" }) ?? DEFAULT_SCRUB_RATE,
    quota,
    ...(reserveBytes !== undefined && { reserveBytes }),
    ...(metrics && { metrics }),
    ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
    onError: faults(screen),
    ...(workers !== undefined && { workers }),
    ...(maxConnections !== undefined && { maxConnections }),
    ...(log && { log: (record) => log.write(record) }),
    ...(given.flag("trace") && { trace: (line) => screen.trace(line) }),
  });
  try {
    if (server.recovered !== undefined) await screen.message(server.recovered);
    if (server.hasTokens) {
      await screen.message(
        "Whoever connects needs a token; morsel-server token ls shows which there are",
      );
    }
    if (server.metricsAddress) {
      await screen.message(`metrics on http://${formatAddress(server.metricsAddress)}/metrics`);
    }
    await screen.results(`listening on ${formatAddress(server.address)}`);
    if (server.tlsAddress) await screen.results(`clients connect to ${server.tlsAddress}`);
    await aborted(stop.signal);
    // Not awaited: nobody may read it.
    void screen.message("Stopping; a second signal ends it at once");
  } finally {
    await server.close();
  }
}

/** Tells of what went wrong with no caller to tell. */
function faults(screen: Screen): (error: unknown) => void {
  return (error) => screen.trace(`morsel: ${describeFailure(error).message}`);
}

/** Reads everything in a data folder again: a line for each damage, and one for the whole. */
async function checkFolder(
  given: ParsedOptions,
  screen: Screen,
  { host, check }: ServerProgramOptions,
): Promise<ExitCode> {
  if (!check) throw new UsageError("This server cannot check; see morsel-server --help");
  for (const { name, value, repeats } of SERVER_OPTIONS) {
    if (value === undefined || name === "data") continue;
    if (repeats ? given.values(name).length === 0 : given.value(name) === undefined) continue;
    throw new UsageError(`check takes --data only, but not --${name}; see morsel-server --help`);
  }
  using stop = stopOnSignal(host);
  let printed = Promise.resolve();
  let report: CheckReport;
  try {
    report = await check({
      dataFolder: given.value("data") ?? DEFAULT_FOLDER,
      signal: stop.signal,
      onDamage: (line) => {
        printed = Promise.all([printed, screen.results(printable(line))]).then(() => {});
        printed.catch(() => {}); // it is awaited below
      },
    });
  } catch (error) {
    if (stop.exitCode === undefined) throw error;
    await screen.message("Stopped before everything was checked");
    return stop.exitCode;
  }
  await printed;
  const { contents, bytes, damages } = report;
  const found = damages === 0 ? "no damage" : `${formatCount(damages)} damaged`;
  await screen.results(
    `Checked ${formatCount(contents)} ${contents === 1 ? "content" : "contents"} of ${
      formatSize(bytes)
    }: ${found}`,
  );
  return damages === 0 ? EXIT.done : EXIT.integrity;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

// The command line client from its arguments to its exit code. It names no runtime and opens no connection
// itself: client.ts at the root gives it a process and a way to connect.

import type { Clock } from "../base/clock.ts";
import type { ErrorCode } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import { LEAST_RATE_LIMIT, RateLimit } from "../base/rate_limit.ts";
import type { HostProcess } from "../runtime/process.ts";
import { findOperand, parseArguments, type ParsedArguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { COMMANDS, COMMON_OPTIONS } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { StoppedMidway, UsageError } from "./failure.ts";
import { clientHelp, commandHelp } from "./help.ts";
import { givenToken } from "./given_token.ts";
import { locate } from "./locate.ts";
import { byteRate, chunkSize } from "./option_values.ts";
import type { ConnectRemote, RemoteFiles } from "./remote_files.ts";
import { Screen } from "./screen.ts";
import { withTlsFiles } from "./tls_files.ts";
import { stopOnSignal } from "./stop_on_signal.ts";
import { tellReconnecting } from "./transfer_events.ts";
import { suggest } from "./suggestion.ts";

/** What {@linkcode clientProgram} works with. */
export interface ClientProgramOptions {
  host: HostProcess;
  clock: Clock;
  /** Connects to a server; called once, by the commands that need one. */
  connect: ConnectRemote;
  /** What `--version` prints. */
  version: string;
}

// What the errors of the client and the server cannot say, as they know no command line.
const NEXT_STEPS: Readonly<Partial<Record<ErrorCode, string>>> = {
  authentication: "a token comes from --token-file, the configuration or MORSEL_TOKEN",
  connection: "see that the server runs, or name another with --server",
  not_found: "morsel ls shows the names",
  gone: "run again for the present version",
  conflict: "morsel stat NAME shows what is there",
  no_space: "make room on the server's disk",
  deadline: "run again",
  draining: "run again when it is back",
  storage: "the server's own messages tell more",
  internal: "the server's own messages tell more",
};

/** Runs the program; never throws. Returns the exit code, to end the process with. */
export async function clientProgram(options: ClientProgramOptions): Promise<ExitCode> {
  const { args, stdout, stderr } = options.host;
  let screen = new Screen({ stdout, stderr, json: args.includes("--json"), nextSteps: NEXT_STEPS });
  try {
    const line = readCommandLine(args);
    const { options: given } = line.parsed;
    screen = new Screen({
      stdout,
      stderr,
      json: given.flag("json"),
      quiet: given.flag("quiet"),
      debug: given.flag("debug"),
      nextSteps: { ...NEXT_STEPS, ...line.command?.nextSteps },
    });
    return await runLine(line, screen, options);
  } catch (error) {
    return (await screen.failure(error)).exitCode;
  } finally {
    await screen.flush();
  }
}

interface CommandLine {
  /** Undefined when there is none. */
  readonly command: Command | undefined;
  readonly parsed: ParsedArguments;
}

function readCommandLine(args: readonly string[]): CommandLine {
  const hint = "see morsel --help";
  // The command may come after options of its own, so all are known until it is found.
  const rules = [...COMMON_OPTIONS, ...COMMANDS.flatMap((command) => command.options)];
  const place = findOperand(args, { rules, hint, elsewhere: tokenInSight });
  if (place === -1) {
    return {
      command: undefined,
      parsed: parseArguments(args, { rules: COMMON_OPTIONS, hint, elsewhere: tokenInSight }),
    };
  }
  const command = findCommand(args[place]!);
  const parsed = parseArguments(args.toSpliced(place, 1), {
    rules: [...command.options, ...COMMON_OPTIONS],
    hint: `see morsel ${command.name} --help`,
    elsewhere: (name) => tokenInSight(name) ?? notHere(name, command),
  });
  return { command, parsed };
}

/** Everybody on the machine can read the command lines of all. */
function tokenInSight(name: string): string | undefined {
  if (name !== "token") return undefined;
  return "A token is not given on the command line, where others see it; put it in a file for " +
    "--token-file, or in MORSEL_TOKEN";
}

/** Says whose option it is that a command does not have. */
function notHere(name: string, { name: here }: Command): string | undefined {
  const owners = COMMANDS.filter(({ options }) => options.some((option) => option.name === name));
  if (owners.length === 0) return undefined;
  const names = owners.map((owner) => owner.name).join(", ").replace(/, (\w+)$/, " and $1");
  return `--${name} is an option of ${names}, not of ${here}`;
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((command) => command.name === name);
  if (command) return command;
  const meant = suggest(name, COMMANDS.map((command) => command.name));
  const next = meant ? `Did you mean ${meant}?` : "See morsel --help";
  throw new UsageError(`Unknown command ${quote(name)}. ${next}`);
}

async function runLine(
  { command, parsed }: CommandLine,
  screen: Screen,
  options: ClientProgramOptions,
): Promise<ExitCode> {
  const { operands, options: given } = parsed;
  if (given.flag("help")) {
    await screen.results(
      command ? commandHelp(command, COMMON_OPTIONS) : clientHelp(COMMANDS, COMMON_OPTIONS),
    );
    return EXIT.done;
  }
  if (given.flag("version")) {
    await screen.results(`morsel ${options.version}`);
    return EXIT.done;
  }
  if (!command) {
    await screen.raw(clientHelp(COMMANDS, COMMON_OPTIONS));
    return EXIT.usage;
  }
  if (operands.length < command.least) {
    throw new UsageError(`morsel ${command.name} needs ${command.operands}; ${see(command)}`);
  }
  if (operands.length > command.most) {
    const extra = quote(operands[command.most]!);
    const taken = command.most === 0 ? "nothing" : command.operands;
    throw new UsageError(
      `morsel ${command.name} takes ${taken}, but not ${extra} as well; ${see(command)}`,
    );
  }
  return await runCommand(command, { parsed, screen, options });
}

function see(command: Command): string {
  return `see morsel ${command.name} --help`;
}

async function runCommand(
  command: Command,
  parts: { parsed: ParsedArguments; screen: Screen; options: ClientProgramOptions },
): Promise<ExitCode> {
  const { parsed, screen, options } = parts;
  const { host, clock } = options;
  const given = parsed.options;
  using stop = stopOnSignal(host);
  const { address: plainOrNot, configured, ...located } = await locate(command, parsed, host);
  const token = command.isLocal ? undefined : await givenToken({
    file: given.value("token-file"),
    configured,
    host,
    warn: (message) => void screen.message(message),
  });
  const address = await withTlsFiles(plainOrNot, given, host);
  const rate = byteRate(given, "limit-rate", { least: LEAST_RATE_LIMIT });
  const limit = rate === undefined ? undefined : new RateLimit(clock, rate);
  const connecting: Promise<RemoteFiles>[] = [];
  const connect = ({ early = false } = {}) => {
    const connection = options.connect(address, {
      signal: stop.signal,
      onReconnecting: (event) => tellReconnecting(screen, event),
      ...(given.flag("trace") && { trace: (line) => screen.trace(line) }),
      ...(limit && { limit }),
      ...(early && { early }),
      ...(token !== undefined && { token }),
    });
    connecting.push(connection);
    return connection;
  };
  const context: CommandContext = {
    ...located,
    host,
    clock,
    screen,
    limit,
    chunkSize: chunkSize(given, "chunk-size", address),
    signal: stop.signal,
    connect: (options) => connecting[0] ?? connect(options),
    connectAnother: () => connect(),
  };
  try {
    return await command.run(context);
  } catch (error) {
    if (stop.exitCode === undefined) throw error;
    await screen.message(error instanceof StoppedMidway ? error.message : "Stopped");
    return stop.exitCode;
  } finally {
    // By now the command is done or has failed, and that is what counts.
    await Promise.allSettled(connecting.map(async (connection) => (await connection).close()));
  }
}

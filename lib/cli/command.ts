// What a command is: a row of the table in commands.ts, and what its handler is given.

import type { Clock } from "../base/clock.ts";
import type { ErrorCode } from "../base/errors.ts";
import type { RateLimit } from "../base/rate_limit.ts";
import type { HostProcess } from "../runtime/process.ts";
import type { OptionRule, ParsedOptions } from "./arguments.ts";
import type { ExitCode } from "./exit_codes.ts";
import type { RemoteFiles } from "./remote_files.ts";
import type { Screen } from "./screen.ts";

/** A command of the client program. */
export interface Command {
  readonly name: string;
  /** How help writes the operands, such as `FILE…`. */
  readonly operands: string;
  /** How few operands it takes. */
  readonly least: number;
  /** How many it takes at most. */
  readonly most: number;
  /** One line for the list of commands. */
  readonly summary: string;
  /** More for the help of the command, one line each. */
  readonly details: readonly string[];
  /**
   * Which operands may begin with the name of a configured server, as in `home:photos/a.jpg`: all of them,
   * the last of several, which then says what `--as` says, or one of two, which is `--down` if it is the
   * first. None by default.
   */
  readonly names?: "all" | "last" | "one";
  /** Whether it asks no server. */
  readonly isLocal?: boolean;
  /** Its own options, beside those of every command. */
  readonly options: readonly OptionRule[];
  /** Command lines without the program's name, each with what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** What a person can do about an error, where it is not what it is for other commands; "" for nothing. */
  readonly nextSteps?: Readonly<Partial<Record<ErrorCode, string>>>;
  /** Does it. What it throws becomes the line of an error and an exit code. */
  readonly run: (context: CommandContext) => Promise<ExitCode>;
}

/** What the handler of a command works with. */
export interface CommandContext {
  readonly operands: readonly string[];
  readonly options: ParsedOptions;
  readonly host: HostProcess;
  readonly clock: Clock;
  readonly screen: Screen;
  /** Is aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Bytes in a chunk, if the user said. */
  readonly chunkSize: number | undefined;
  /** What all connections of the command may move together, if the user said. */
  readonly limit: RateLimit | undefined;
  /**
   * The connection, made by the first call; the program closes it. With `early` the first request need not wait
   * for the greeting, for commands that begin with a small one and tell its failure as their own.
   */
  connect(options?: { early?: boolean }): Promise<RemoteFiles>;
  /** A connection beside it, another with each call; the program closes them. */
  connectAnother(): Promise<RemoteFiles>;
}

/** The options that transfers pass on to the client. */
export function transferOptions(
  context: CommandContext,
): { signal: AbortSignal; chunkSize?: number } {
  const { signal, chunkSize } = context;
  return { signal, ...(chunkSize !== undefined && { chunkSize }) };
}

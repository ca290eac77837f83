// The option --log of the server: where its log goes, and what becomes of faults in writing it.

import type { Clock } from "../base/clock.ts";
import type { ParsedOptions } from "./arguments.ts";
import { describeFailure, LocalFileError, locally, UsageError } from "./failure.ts";
import type { AppendedFile } from "../runtime/log_file.ts";
import { LogWriter } from "./log_writer.ts";
import type { Screen } from "./screen.ts";

/** What logs are written with. */
export interface LogParts {
  readonly clock: Clock;
  /** Opens a file to append to. */
  readonly open: (path: string) => Promise<AppendedFile>;
}

/** The log that the command line asks for; undefined for none. Throws a LocalFileError. */
export async function openServerLog(
  given: ParsedOptions,
  { screen, log }: { readonly screen: Screen; readonly log?: LogParts },
): Promise<LogWriter | undefined> {
  const path = given.value("log");
  if (path === undefined) return undefined;
  if (!log) throw new UsageError("This server keeps no log; see morsel-server --help");
  const target = path === "-"
    ? standardError(screen)
    : await locally("write", path, () => log.open(path));
  const onFault = (error: unknown) => {
    const { message } = describeFailure(new LocalFileError("write", path, error));
    screen.trace(
      `morsel: The server goes on without its log until that can be written again: ${message}`,
    );
  };
  return new LogWriter(target, { clock: log.clock, onFault });
}

/** In turn with the messages of the program, so that no line gets into another one. */
function standardError(screen: Screen): AppendedFile {
  const utf8 = new TextDecoder();
  return {
    append: async (bytes) => {
      await screen.raw(utf8.decode(bytes).trimEnd());
      return bytes.length;
    },
    close: () => Promise.resolve(),
  };
}

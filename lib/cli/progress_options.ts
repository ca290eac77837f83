// Whether and where a command shows progress.

import type { CommandContext } from "./command.ts";
import type { ProgressOptions } from "./progress.ts";

/** Progress for people who watch a terminal, and as events for programs, unless either asked for quiet. */
export function progressOptions(
  context: CommandContext,
): Omit<ProgressOptions, "files" | "total"> {
  const { options, host, screen, clock, limit } = context;
  const { stderr } = host;
  const isUnwanted = options.flag("quiet") || options.flag("trace");
  const audience = isUnwanted
    ? "nobody"
    : options.flag("json")
    ? "program"
    : stderr.isTerminal
    ? "person"
    : "nobody";
  return {
    screen,
    clock,
    columns: () => stderr.columns(),
    rows: () => stderr.rows(),
    limitBytesPerSecond: limit?.bytesPerSecond,
    audience,
  };
}

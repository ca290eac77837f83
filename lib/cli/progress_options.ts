// Whether and where a command shows progress.

import type { CommandContext } from "./command.ts";
import type { ProgressOptions } from "./progress.ts";

/** Progress for people who watch: on a terminal, unless they asked for quiet or for something to parse. */
export function progressOptions(
  context: CommandContext,
): Pick<ProgressOptions, "screen" | "clock" | "columns" | "enabled"> {
  const { options, host, screen, clock } = context;
  const { stderr } = host;
  const unwanted = ["quiet", "json", "trace"].some((name) => options.flag(name));
  return {
    screen,
    clock,
    columns: () => stderr.columns(),
    enabled: stderr.isTerminal && !unwanted,
  };
}

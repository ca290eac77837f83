// watch: a line for each change until Ctrl-C, or until nobody reads any more. Says where to go on.

import type { Change } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { fileJson } from "./file_report.ts";
import { formatSize, formatTime, printable } from "./format.ts";
import { wholeNumber } from "./option_values.ts";

/** Tells of changes as they are made. To be stopped by Ctrl-C is its good end. */
export async function watch(context: CommandContext): Promise<ExitCode> {
  const { operands, options, screen, signal } = context;
  const since = wholeNumber(options, "since", { least: 0, most: Number.MAX_SAFE_INTEGER });
  const client = await context.connect();
  const prefix = operands[0];
  const changes = await client.watch({
    signal,
    // Whoever watches wants to know what comes, and not that there was nothing for a while.
    retryMs: Infinity,
    ...(prefix !== undefined && { prefix }),
    ...(since !== undefined && { since }),
  });
  await tellPlace(context, "watching", changes.sequence);
  let unprinted: Change | undefined;
  try {
    for await (const change of changes) {
      unprinted = change;
      await screen.results(options.flag("json") ? changeJson(change) : changeLine(change));
      if (screen.resultsUnread) break;
      unprinted = undefined;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // Whatever the end was.
    await tellPlace(context, "stopped", unprinted ? unprinted.sequence - 1 : changes.sequence);
  }
  return EXIT.done;
}

async function tellPlace(
  { options, screen }: CommandContext,
  kind: "watching" | "stopped",
  sequence: number,
): Promise<void> {
  if (options.flag("json")) return await screen.results(JSON.stringify({ kind, sequence }));
  await screen.message(
    kind === "watching"
      ? `Watching for changes after ${sequence}; Ctrl-C ends it`
      : `Stopped; go on with --since ${sequence}`,
  );
}

function changeJson(change: Change): string {
  const { kind, sequence, name } = change;
  if (kind === "put") return JSON.stringify({ kind, sequence, ...fileJson(change.file) });
  return JSON.stringify({ kind, sequence, name, removedMs: change.removedMs });
}

function changeLine(change: Change): string {
  const { kind, sequence, name } = change;
  const [atMs, size] = kind === "put"
    ? [change.file.committedMs, formatSize(change.file.size)]
    : [change.removedMs, ""];
  const columns = [
    formatTime(atMs),
    String(sequence).padStart(6),
    kind.padEnd(6),
    size.padStart(8),
    printable(name),
  ];
  return columns.join("  ");
}

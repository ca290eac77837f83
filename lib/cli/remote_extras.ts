// The removal of names that a local folder does not have: the end of `sync --delete`. What only the target has is
// found by taking both listings anew, after all transfers: what has come meanwhile is seen.

import { compareBytes } from "../base/names.ts";
import type { CommandContext } from "./command.ts";
import type { FolderRun } from "./folder_run.ts";
import type { RemoteEntry } from "./remote_tree.ts";
import { removeJob, removeName } from "./remove_name.ts";
import {
  bothSides,
  insistOnSource,
  mayRemove,
  type SyncedSides,
  type SyncSides,
} from "./sync_sides.ts";

/** The names that only the server has now. What may be hidden by what cannot be read is none of them. */
export async function* remoteExtras(
  context: CommandContext,
  sides: SyncSides,
  onFailed: (error: unknown) => void = () => {},
): AsyncGenerator<RemoteEntry> {
  const kept: string[] = [];
  for await (const { left: entry, right: there } of bothSides(context, sides)) {
    const { key } = (entry ?? there)!;
    // All that is in a folder sorts before its name and a "0", which comes next to the slash.
    while (kept.length > 0 && compareBytes(key, `${kept.at(-1)}0`) >= 0) kept.pop();
    if (entry?.kind === "failed") {
      onFailed(entry.error);
      if (key === "") return;
    }
    // A link may lead to what was put when it was there itself, and so may a folder that cannot be read.
    if (entry && entry.kind !== "file") kept.push(key.replace(/\/$/, ""));
    if (entry || !there || !sides.filter.wants(there.name)) continue;
    if (kept.some((above) => key.startsWith(`${above}/`))) continue;
    yield there;
  }
}

/** Removes the names that only the server has, and had before. */
export async function removeRemoteExtras(
  run: FolderRun,
  context: CommandContext,
  sides: SyncedSides,
): Promise<void> {
  if (!await mayRemove(run, context)) return;
  const { client, isDryRun } = sides;
  await run.each(
    extraJobs(context, sides),
    client,
    ({ file }) => removeName(run, context, { client, file, isDryRun }),
  );
}

async function* extraJobs(context: CommandContext, sides: SyncedSides) {
  const throwOn = (error: unknown) => {
    throw error;
  };
  for await (const { key, file } of remoteExtras(context, sides, throwOn)) {
    insistOnSource(sides, sides.path);
    if (sides.extras.has(key)) yield removeJob(file);
  }
}

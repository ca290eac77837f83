// The two sides of `sync --delete`, and when what only the target has may go: as long as there is any doubt it stays.

import { quote } from "../base/names.ts";
import { type Pair, paired } from "../base/paired.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./failure.ts";
import type { FolderOptions } from "./folder_options.ts";
import type { FolderRun } from "./folder_run.ts";
import { formatCount } from "./format.ts";
import { type TreeEntry, walkTree } from "./local_tree.ts";
import type { RemoteFiles } from "./remote_files.ts";
import { type RemoteEntry, remoteTree } from "./remote_tree.ts";

/** Both sides of a `sync`. */
export interface SyncSides extends FolderOptions {
  readonly client: RemoteFiles;
  /** The local folder. */
  readonly path: string;
  /** The folder of names. */
  readonly folder: string;
}

/** What is known once all has come across. */
export interface SyncedSides extends SyncSides {
  /** Whether the source turned out to have no files. */
  readonly isSourceEmpty: boolean;
  /** The keys of what only the target had before: nothing else goes. */
  readonly extras: ReadonlySet<string>;
}

/** So much of a target goes in one run, as its keys are kept in memory. */
export const MOST_EXTRAS = 100_000;

/** Both listings side by side. */
export function bothSides(
  { host: { files }, signal }: CommandContext,
  { client, path, folder, filter }: SyncSides,
): AsyncIterable<Pair<TreeEntry, RemoteEntry>> {
  return paired(walkTree(path, { files, filter, signal }), remoteTree(client, { folder, signal }));
}

/**
 * The keys of what only the target has now, to be taken before anything is transferred: a source of which a disk is
 * unmounted meanwhile, or a server that comes back without its files, must not empty the target.
 */
export async function extraKeys(
  extras: AsyncIterable<{ readonly key: string }>,
  { screen }: CommandContext,
): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const { key } of extras) {
    if (keys.size === MOST_EXTRAS) {
      const most = formatCount(MOST_EXTRAS);
      await screen.message(`No more than ${most} are removed at a time; run again for the rest`);
      break;
    }
    keys.add(key);
  }
  return keys;
}

/** Whether what only the target has may go: all that the source has must have come across. */
export async function mayRemove(run: FolderRun, { screen }: CommandContext): Promise<boolean> {
  if (run.hasFailed) {
    await screen.message("Nothing is removed from the target, as not everything came across");
  }
  return !run.hasFailed;
}

/** Throws a UsageError when the source is empty: a disk that is not mounted, a name mistyped. */
export function insistOnSource({ isSourceEmpty }: SyncedSides, source: string): void {
  if (!isSourceEmpty) return;
  throw new UsageError(
    `${quote(source)} has no files, so --delete would remove all that the target has; ` +
      "remove it yourself if that is wanted",
  );
}

// The removal of local files that a server does not have, and of the folders that are empty after that: the end of
// `sync --down --delete`. A folder is dealt with when all of it has been seen.

import { CaseTwins } from "./case_twins.ts";
import type { CommandContext } from "./command.ts";
import { locally } from "./failure.ts";
import type { FolderRun } from "./folder_run.ts";
import type { TreeFile } from "./local_tree.ts";
import { prefixOf } from "./remote_tree.ts";
import {
  bothSides,
  insistOnSource,
  mayRemove,
  type SyncedSides,
  type SyncSides,
} from "./sync_sides.ts";

/** The files that only the local folder has now; none where there is no such folder. */
export async function* localExtras(
  context: CommandContext,
  sides: SyncSides,
): AsyncGenerator<TreeFile> {
  if (!await context.host.files.stat(sides.path)) return;
  for await (const { left: entry, right: there } of bothSides(context, sides)) {
    if (entry?.kind === "file" && !there) yield entry;
  }
}

/** Removes the files that only the local folder has, and had before. Links, and what is neither file nor folder, stay. */
export async function removeLocalExtras(
  run: FolderRun,
  context: CommandContext,
  sides: SyncedSides,
): Promise<void> {
  if (!await mayRemove(run, context)) return;
  // With a dry run it may not even have been made.
  if (!await context.host.files.stat(sides.path)) return;
  const twins = new CaseTwins(context, sides);
  const open: SeenFolder[] = [newFolder("")];
  const leaveUntil = async (isDone: (folder: SeenFolder) => boolean) => {
    for (let folder = open.at(-1); folder && !isDone(folder); folder = open.at(-1)) {
      open.pop();
      const isGone = await thinOut(folder, run, context, { ...sides, twins });
      const parent = open.at(-1);
      if (isGone && parent) parent.thinned = above(folder.thinned!);
    }
  };
  for await (const { left: entry, right: there } of bothSides(context, sides)) {
    const { key } = (entry ?? there)!;
    await leaveUntil((folder) => key.startsWith(prefixOf(folder.key)));
    if (entry?.kind === "failed") {
      await run.failed(entry.error, entry.path);
      continue;
    }
    const parts = key.slice(prefixOf(open.at(-1)!.key).length).split("/");
    parts.pop();
    for (const part of parts) open.push(newFolder(prefixOf(open.at(-1)!.key) + part));
    if (entry?.kind === "file" && !there) {
      insistOnSource(sides, prefixOf(sides.folder));
      if (sides.extras.has(key)) open.at(-1)!.extras.push(entry);
    }
  }
  await leaveUntil(() => false);
}

interface SeenFolder {
  readonly key: string;
  /** Files in it that the server does not have. */
  readonly extras: TreeFile[];
  /** The path of it, once something has been removed from it. */
  thinned: string | undefined;
}

function newFolder(key: string): SeenFolder {
  return { key, extras: [], thinned: undefined };
}

/** Removes what has to go from a folder, and the folder when nothing is left; whether it is gone. */
async function thinOut(
  folder: SeenFolder,
  run: FolderRun,
  { host: { files }, signal }: CommandContext,
  { isDryRun, folder: names, twins }: SyncedSides & { readonly twins: CaseTwins },
): Promise<boolean> {
  for (const extra of folder.extras) {
    signal.throwIfAborted();
    if (await twins.has(extra)) continue;
    const { name, path, size } = extra;
    if (!isDryRun) await locally("write", path, () => files.remove(path));
    await run.done("removed", { name: prefixOf(names) + name, size }, path);
    folder.thinned = above(path);
  }
  if (folder.thinned === undefined || folder.key === "" || isDryRun) return false;
  // It may hold what is left out, or excluded.
  return await files.removeFolder(folder.thinned).then(() => true, () => false);
}

/** The path of the folder that a path in the tree lies in. */
function above(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

// The removal of names that a local folder does not have: the end of `sync --delete`. What only the target has is
// found by taking both listings anew, after all transfers: what has come meanwhile is seen, and nothing had to be
// remembered. As long as there is any doubt nothing is removed.

import { MorselError } from "../base/errors.ts";
import { compareBytes, quote } from "../base/names.ts";
import { type Pair, paired } from "../base/paired.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./failure.ts";
import type { FolderOptions } from "./folder_options.ts";
import type { FolderRun } from "./folder_run.ts";
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
  /** Whether the source turned out to have no files. */
  readonly isSourceEmpty: boolean;
}

/** Both listings side by side. */
export function bothSides(
  { host: { files }, signal }: CommandContext,
  { client, path, folder, filter }: SyncSides,
): AsyncIterable<Pair<TreeEntry, RemoteEntry>> {
  return paired(walkTree(path, { files, filter, signal }), remoteTree(client, { folder, signal }));
}

/** Whether what only the target has may go: all that the source has must have come across. */
export async function mayRemove(run: FolderRun, { screen }: CommandContext): Promise<boolean> {
  if (run.hasFailed) {
    await screen.message("Nothing is removed from the target, as not everything came across");
  }
  return !run.hasFailed;
}

/** Throws a UsageError when the source is empty: a disk that is not mounted, a name mistyped. */
export function insistOnSource({ isSourceEmpty }: SyncSides, source: string): void {
  if (!isSourceEmpty) return;
  throw new UsageError(
    `${quote(source)} has no files, so --delete would remove all that the target has; ` +
      "remove it by other means if that is wanted",
  );
}

/** Removes the names that only the server has. */
export async function removeRemoteExtras(
  run: FolderRun,
  context: CommandContext,
  sides: SyncSides,
): Promise<void> {
  if (!await mayRemove(run, context)) return;
  await run.each(extraNames(context, sides), sides.client, async ({ file }) => {
    const { name, version: ifVersion } = file;
    try {
      if (!sides.isDryRun) await sides.client.remove(name, { ifVersion, signal: context.signal });
      await run.done("removed", file);
    } catch (error) {
      const code = error instanceof MorselError ? error.code : undefined;
      if (code === "conflict") await run.leftOut(name, "it was replaced meanwhile");
      else if (code !== "not_found") throw error;
    }
  });
}

async function* extraNames(context: CommandContext, sides: SyncSides) {
  const kept: string[] = [];
  for await (const { left: entry, right: there } of bothSides(context, sides)) {
    if (entry?.kind === "failed") throw entry.error;
    const { key } = (entry ?? there)!;
    // All that is in a folder sorts before its name and a "0", which comes next to the slash.
    while (kept.length > 0 && compareBytes(key, `${kept.at(-1)}0`) >= 0) kept.pop();
    // A link may lead to what was put when it was there itself.
    if (entry?.kind === "left out") kept.push(key);
    if (entry || !there || !sides.filter.wants(there.name)) continue;
    if (kept.some((above) => key.startsWith(`${above}/`))) continue;
    insistOnSource(sides, sides.path);
    const { file } = there;
    yield { title: file.name, name: file.name, size: 0, file };
  }
}

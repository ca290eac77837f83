// The removal of one of many names, each only as it was listed: what has been put there since stays.

import { MorselError } from "../base/errors.ts";
import type { FileInfo } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import type { FolderJob, FolderRun } from "./folder_run.ts";
import type { RemoteFiles } from "./remote_files.ts";

/** A file that is to be removed. */
export interface RemoveJob extends FolderJob {
  readonly file: FileInfo;
}

/** The job of removing a file; no bytes move. */
export function removeJob(file: FileInfo): RemoveJob {
  return { title: file.name, name: file.name, size: 0, file };
}

/** Removes a file, and tells so; one that has gone meanwhile is none of ours. */
export async function removeName(
  run: FolderRun,
  { signal }: CommandContext,
  { client, file, isDryRun }: { client: RemoteFiles; file: FileInfo; isDryRun: boolean },
): Promise<void> {
  const { name, version: ifVersion } = file;
  try {
    if (!isDryRun) await client.remove(name, { ifVersion, signal });
    await run.done("removed", file);
  } catch (error) {
    const code = error instanceof MorselError ? error.code : undefined;
    if (code === "conflict") await run.leftOut(name, "it was replaced meanwhile");
    else if (code !== "not_found") throw error;
  }
}

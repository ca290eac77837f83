// Folders that become names on the server: each is walked beside one listing of what the server has, so that only
// what differs is stored.

import { MorselError } from "../base/errors.ts";
import { checkName } from "../base/names.ts";
import { paired } from "../base/paired.ts";
import type { FileInfo, PutOptions } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import type { ExitCode } from "./exit_codes.ts";
import { LocalFileError, RefusedNameError } from "./failure.ts";
import { type FolderOptions, nothingIn, readFolderOptions } from "./folder_options.ts";
import { type FolderJob, FolderRun } from "./folder_run.ts";
import { localDigest } from "./local_digest.ts";
import { type TreeFile, walkTree } from "./local_tree.ts";
import { connectToPut, putFile, type PutTools } from "./put_file.ts";
import { prefixOf, remoteTree } from "./remote_tree.ts";
import { sameFile } from "./same_file.ts";
import type { SourceFile, SourceFolder, Sources } from "./source_files.ts";

/** Stores what is in folders, and files beside them. */
export async function putFolders(
  context: CommandContext,
  sources: Sources,
  putOptions: PutOptions,
): Promise<ExitCode> {
  const options = readFolderOptions(context.options);
  const { isDryRun } = options;
  const whenEmpty = `${nothingIn(options)}, so nothing is stored`;
  await using run = new FolderRun(context, { action: "stored", isDryRun, whenEmpty });
  return await run.conclude(async () => {
    for (const { error, title } of sources.failed) await run.failed(error, title);
    if (sources.files.length + sources.folders.length === 0) return;
    const storing = { ...await connectToPut(context, putOptions), ...options };
    const jobs = async function* () {
      for (const file of sources.files) yield storeJob(file);
      for (const folder of sources.folders) yield* folderJobs(run, context, { folder, storing });
    };
    await store(run, context, { jobs: jobs(), storing });
  });
}

/** What the storing of files rests on. */
export type Storing = Omit<PutTools, "tracker"> & FolderOptions;

/** A file to be stored. */
export interface StoreJob extends SourceFile, FolderJob {
  /** What the server has, where only its digest tells whether it is the same. */
  readonly compare: FileInfo | undefined;
}

/** What in a folder differs from what the server has; what is left out or fails on the way is told. */
export async function* folderJobs(
  run: FolderRun,
  context: CommandContext,
  { folder, storing }: { folder: SourceFolder; storing: Storing },
): AsyncGenerator<StoreJob> {
  const { host: { files }, signal } = context;
  const { filter, client } = storing;
  const entries = walkTree(folder.path, { files, filter, signal });
  const remote = remoteTree(client, { folder: folder.name, signal });
  for await (const pair of paired(entries, remote, { untilLeftEnds: true })) {
    const { left: entry, right: there } = pair;
    if (!entry) continue;
    if (entry.kind === "left out") await run.leftOut(entry.path, entry.reason);
    else if (entry.kind === "failed") await run.failed(entry.error, entry.path);
    else {
      const name = prefixOf(folder.name) + entry.name;
      const refusal = refusalOf(name);
      const same = there ? sameAs(entry, there.file, storing) : "no";
      if (refusal) await run.failed(refusal, entry.path);
      else if (same === "yes") run.equal();
      else yield storeJob({ ...entry, name }, same === "by digest" ? there?.file : undefined);
    }
  }
}

/** Stores what jobs say. Throws what `FolderRun.each` throws. */
export async function store(
  run: FolderRun,
  context: CommandContext,
  { jobs, storing }: { jobs: AsyncIterable<StoreJob>; storing: Storing },
): Promise<void> {
  const { host: { files }, signal } = context;
  await run.each(jobs, storing.client, async (job, tracker) => {
    const { path, compare } = job;
    try {
      if (compare && (await localDigest(path, { files, signal })).digest === compare.digest) {
        return run.equal();
      }
      const file = storing.isDryRun ? job : await putFile(context, job, { ...storing, tracker });
      await run.done("stored", file, path);
    } catch (error) {
      // What is removed while a folder is read was never to be stored.
      const isGone = error instanceof LocalFileError && error.code === "ENOENT";
      if (!isGone) throw error;
      await run.leftOut(path, "it is gone");
    }
  });
}

function storeJob(file: SourceFile, compare?: FileInfo): StoreJob {
  const { path, name, size, modifiedMs } = file;
  return { path, name, size, modifiedMs, title: path, compare };
}

function refusalOf(name: string): RefusedNameError | undefined {
  try {
    checkName(name);
    return undefined;
  } catch (error) {
    if (!(error instanceof MorselError)) throw error;
    return new RefusedNameError(`${error.message}; rename the file`);
  }
}

function sameAs(entry: TreeFile, there: FileInfo, storing: Storing): "yes" | "no" | "by digest" {
  // What is to be stored with the files makes them others.
  for (const [key, value] of Object.entries(storing.putOptions.metadata ?? {})) {
    if (there.metadata[key] !== value) return "no";
  }
  return sameFile(entry, there, storing);
}

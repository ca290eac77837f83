// The command `get --recursive`: all files in a folder of names become local ones, as far as they differ.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { FileInfo } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import type { ExitCode } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";
import { connectSeveral } from "./fetch_missing.ts";
import { type FolderOptions, nothingIn, readFolderOptions } from "./folder_options.ts";
import { type FolderJob, FolderRun } from "./folder_run.ts";
import { localDigest } from "./local_digest.ts";
import { whyNotLocal } from "./local_names.ts";
import type { RemoteFiles } from "./remote_files.ts";
import { prefixOf, type RemoteEntry, remoteTree } from "./remote_tree.ts";
import { sameFile } from "./same_file.ts";
import { saveFile } from "./save_file.ts";
import {
  caseClash,
  InTheWayError,
  RootError,
  type TargetPlace,
  TargetTree,
} from "./target_tree.ts";

/** Fetches what is in a folder of names, its files spread over so many connections. */
export async function getFolder(context: CommandContext, connections: number): Promise<ExitCode> {
  const { operands, options, host: { files, windows } } = context;
  const folder = operands[0]!.replace(/\/+$/, "");
  const { root, under } = chooseRoot(context, folder);
  const tree = new TargetTree({ files, windows, root });
  const given = readFolderOptions(options);
  const client = await context.connect();
  const clients = [client];
  await connectSeveral(context, clients, connections);
  const fetching = { ...given, client, clients, folder, under, tree };
  await using run = new FolderRun(context, { action: "fetched", isDryRun: given.isDryRun });
  return await run.conclude(async () => {
    await fetchTree(run, context, fetching);
    if (!run.isEmpty) return;
    throw new MorselError("not_found", nothingIn(given, quote(prefixOf(folder))));
  });
}

/** Which files are fetched, and where they go. */
export interface Fetching extends FolderOptions {
  readonly client: RemoteFiles;
  /** The connections that take the files in turn; `client` alone when they are not given. */
  readonly clients?: readonly RemoteFiles[];
  /** The folder of names. */
  readonly folder: string;
  /** What goes before the rest of the name in the tree: empty, or the folder's last part and a slash. */
  readonly under: string;
  readonly tree: TargetTree;
  /** The files in the folder; listed when they are not given. */
  readonly entries?: Iterable<RemoteEntry>;
  /** Asked where something of another kind is in the way; true when that is no failure, but dealt with. */
  readonly onInTheWay?: (entry: RemoteEntry) => boolean;
}

/** Fetches what differs; what is left out or fails on the way is told. Throws what `FolderRun.each` throws. */
export async function fetchTree(
  run: FolderRun,
  context: CommandContext,
  fetching: Fetching,
): Promise<void> {
  const { client, clients = [client], tree, isDryRun } = fetching;
  let turn = 0;
  await run.each(fetchJobs(run, context, fetching), client, async (job, tracker) => {
    const { file, place, isToCompare } = job;
    const { name } = file;
    const { path, there, alike } = place;
    if (!await tree.isApart(place)) throw caseClash(alike!);
    if (isToCompare && await matches(context, job, fetching)) return run.equal();
    try {
      const saved = isDryRun ? { name, size: file.size } : await saveFile(context, {
        client: clients[turn++ % clients.length]!,
        name,
        size: file.size,
        target: path,
        replaces: !!there,
        tracker,
      });
      await run.done("fetched", saved, path);
    } catch (error) {
      // What is removed while the server's list is read was never to be fetched.
      if (!(error instanceof MorselError && error.code === "not_found")) throw error;
      await run.leftOut(name, "it is gone");
    }
  });
}

/** A file to be fetched. */
interface FetchJob extends FolderJob {
  readonly file: FileInfo;
  readonly place: TargetPlace;
  /** Whether only the digest of what is there tells whether it is the same. */
  readonly isToCompare: boolean;
}

async function* fetchJobs(
  run: FolderRun,
  context: CommandContext,
  fetching: Fetching,
): AsyncGenerator<FetchJob> {
  const { client, folder, filter } = fetching;
  const { entries = remoteTree(client, { folder, signal: context.signal }) } = fetching;
  for await (const entry of entries) {
    if (!filter.wants(entry.name)) continue;
    const job = await findJob(run, entry, fetching);
    if (job) yield job;
  }
}

async function findJob(
  run: FolderRun,
  entry: RemoteEntry,
  fetching: Fetching,
): Promise<FetchJob | undefined> {
  const { file } = entry;
  const { tree, under, isDryRun, onInTheWay } = fetching;
  try {
    const place = await tree.find(under + entry.name);
    const { there, alike } = place;
    const same = there?.kind === "file" ? sameFile(there, file, fetching) : "no";
    // What has a name that differs in case may be that other file.
    const isAlone = alike !== undefined;
    if (same === "yes" && !isAlone) {
      run.equal();
      return undefined;
    }
    if (!isDryRun) await tree.makeFolders();
    const { name, size } = file;
    return { title: name, name, size, isAlone, file, place, isToCompare: same !== "no" };
  } catch (error) {
    if (error instanceof UsageError || error instanceof RootError) throw error;
    const isDealtWith = error instanceof InTheWayError && onInTheWay?.(entry);
    if (!isDealtWith) await run.failed(error, file.name);
    return undefined;
  }
}

/** Whether what is there has the digest; it is given the time, then, so that the time tells next time. */
async function matches(
  { host: { files }, signal }: CommandContext,
  { file, place: { path, there } }: FetchJob,
  { isDryRun }: Fetching,
): Promise<boolean> {
  const { digest } = await localDigest(path, { files, signal });
  if (digest !== file.digest) return false;
  const { modifiedMs } = file;
  const isTimely = modifiedMs === 0 || modifiedMs === there?.modifiedMs;
  if (!isTimely && !isDryRun) await files.setModified(path, modifiedMs).catch(() => {});
  return true;
}

/** The folder that nothing leaves, and what goes before the names in it: as with a single file. */
function chooseRoot(context: CommandContext, folder: string): { root: string; under: string } {
  const output = context.options.value("output");
  if (output === "-") {
    throw new UsageError("A folder cannot go to standard output; name one with -o");
  }
  if (output !== undefined && !output.endsWith("/")) return { root: output, under: "" };
  const root = output ?? "";
  if (folder === "") return { root, under: "" };
  const last = folder.slice(folder.lastIndexOf("/") + 1);
  const reason = whyNotLocal(last, context.host.windows);
  if (!reason) return { root, under: `${last}/` };
  throw new UsageError(`${quote(last)} cannot be a local folder: ${reason}; choose one with -o`);
}

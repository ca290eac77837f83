// The command `sync`: makes names on a server as a local folder is, or with --down the other way round. The source
// comes first and the target second, as with cp and mv, whichever side they are on.

import { type CommandContext, transferOptions } from "./command.ts";
import type { ExitCode } from "./exit_codes.ts";
import { nothingIn, readFolderOptions } from "./folder_options.ts";
import { FolderRun } from "./folder_run.ts";
import { fetchTree } from "./get_folder.ts";
import { localExtras, removeLocalExtras } from "./local_extras.ts";
import { joinPath } from "./local_path.ts";
import { connectToPut } from "./put_file.ts";
import { folderJobs, store } from "./put_folders.ts";
import { remoteExtras, removeRemoteExtras } from "./remote_extras.ts";
import type { RemoteEntry } from "./remote_tree.ts";
import { extraKeys } from "./sync_sides.ts";
import { TargetTree } from "./target_tree.ts";

/** Mirrors one way. */
export async function sync(context: CommandContext): Promise<ExitCode> {
  const [source, target] = context.operands as [string, string];
  const isDown = context.options.flag("down");
  return isDown ? await syncDown(context, source, target) : await syncUp(context, source, target);
}

async function syncUp(context: CommandContext, path: string, prefix: string): Promise<ExitCode> {
  const options = readFolderOptions(context.options);
  const folder = { path, name: folderName(prefix) };
  const { isDryRun } = options;
  const whenEmpty = nothingIn(options);
  await using run = new FolderRun(context, { action: "stored", isDryRun, whenEmpty });
  return await run.conclude(async () => {
    const storing = { ...await connectToPut(context, transferOptions(context)), ...options };
    const storeAll = async () =>
      await store(run, context, { jobs: folderJobs(run, context, { folder, storing }), storing });
    if (!context.options.flag("delete")) return await storeAll();
    const sides = { ...options, client: storing.client, path, folder: folder.name };
    const extras = await extraKeys(remoteExtras(context, sides), context);
    await storeAll();
    await removeRemoteExtras(run, context, { ...sides, extras, isSourceEmpty: !run.hasFiles });
  });
}

/** What waits for the removal of something in its way, at most; more than that is a failure at once. */
const MOST_IN_THE_WAY = 10_000;

async function syncDown(context: CommandContext, prefix: string, path: string): Promise<ExitCode> {
  const options = readFolderOptions(context.options);
  const { host: { files, windows } } = context;
  const { isDryRun } = options;
  const folder = folderName(prefix);
  const newTree = () => new TargetTree({ files, windows, root: path });
  const client = await context.connect();
  const whenEmpty = nothingIn(options);
  await using run = new FolderRun(context, { action: "fetched", isDryRun, whenEmpty });
  return await run.conclude(async () => {
    const fetching = { ...options, client, folder, under: "" };
    if (!context.options.flag("delete")) {
      return await fetchTree(run, context, { ...fetching, tree: newTree() });
    }
    const sides = { ...options, client, path, folder };
    const extras = await extraKeys(localExtras(context, sides), context);
    const waiting: RemoteEntry[] = [];
    await fetchTree(run, context, {
      ...fetching,
      tree: newTree(),
      onInTheWay: (entry) => waiting.length < MOST_IN_THE_WAY && waiting.push(entry) > 0,
    });
    const isSourceEmpty = !run.hasFiles && waiting.length === 0;
    await removeLocalExtras(run, context, { ...sides, extras, isSourceEmpty });
    if (!isDryRun) {
      return await fetchTree(run, context, { ...fetching, tree: newTree(), entries: waiting });
    }
    for (const { name, file } of waiting) await run.done("fetched", file, joinPath(path, name));
  });
}

/** A slash at the end of a folder's name makes no difference here. */
function folderName(prefix: string): string {
  return prefix.replace(/\/+$/, "");
}

// The command `rm --recursive`: all files in folders of names are removed.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { CommandContext } from "./command.ts";
import type { ExitCode } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";
import { nothingIn, readFolderOptions } from "./folder_options.ts";
import { FolderRun } from "./folder_run.ts";
import type { PathFilter } from "./path_filter.ts";
import type { RemoteFiles } from "./remote_files.ts";
import { removeJob, removeName } from "./remove_name.ts";
import { prefixOf, remoteTree } from "./remote_tree.ts";

/** Removes what is in the folders that the operands name. */
export async function removeFolders(context: CommandContext): Promise<ExitCode> {
  const { isDryRun, filter } = readFolderOptions(context.options);
  const folders = context.operands.map(folderIn);
  const client = await context.connect();
  await using run = new FolderRun(context, { action: "removed", isDryRun });
  return await run.conclude(async () => {
    for (const folder of folders) {
      let isEmpty = true;
      const jobs = async function* () {
        for await (const file of filesIn(context, { client, folder, filter })) {
          isEmpty = false;
          yield removeJob(file);
        }
      };
      await run.each(
        jobs(),
        client,
        ({ file }) => removeName(run, context, { client, file, isDryRun }),
      );
      if (!isEmpty) continue;
      const where = quote(prefixOf(folder));
      await run.failed(new MorselError("not_found", nothingIn({ filter }, where)), where);
    }
  });
}

/** Never the folder that all names are in: a variable that was empty is more likely than that wish. */
function folderIn(operand: string): string {
  const folder = operand.replace(/\/+$/, "");
  if (folder !== "") return folder;
  throw new UsageError(
    "rm --recursive needs the name of a folder, and does not remove all there is",
  );
}

async function* filesIn(
  { signal }: CommandContext,
  { client, folder, filter }: { client: RemoteFiles; folder: string; filter: PathFilter },
) {
  for await (const { name, file } of remoteTree(client, { folder, signal })) {
    if (filter.wants(name)) yield file;
  }
}

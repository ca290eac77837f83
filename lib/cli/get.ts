// The command `get`: a file of the server becomes a local one, or all files in a folder of names do.

import { quote } from "../base/names.ts";
import type { FileInfo } from "../client/types.ts";
import { printDownload } from "./cat.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { locally, UsageError } from "./failure.ts";
import { fileJson, transferredLine } from "./file_report.ts";
import { asFile } from "./folder_hint.ts";
import { refuseFolderOptions } from "./folder_options.ts";
import { getFolder } from "./get_folder.ts";
import { whyNotLocal } from "./local_names.ts";
import { joinPath } from "./local_path.ts";
import { wholeNumber } from "./option_values.ts";
import { ProgressDisplay } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import { saveFile } from "./save_file.ts";

/** Fetches a file. */
export async function get(context: CommandContext): Promise<ExitCode> {
  const name = context.operands[0]!;
  const { options } = context;
  const connections = wholeNumber(options, "connections", { least: 1, most: 16 }) ?? 1;
  if (options.flag("recursive")) return await getFolder(context, connections);
  refuseFolderOptions(options);
  const output = options.value("output");
  if (output === "-") {
    if (connections === 1) return await printDownload(context, name, {});
    throw new UsageError("--connections needs a file to write to, not standard output");
  }
  const target = await chooseTarget(context, name, output);
  const client = await context.connect({ early: true });
  await using progress = new ProgressDisplay({ ...progressOptions(context), files: 1 });
  using tracker = progress.track(name);
  const file = await asFile(
    context,
    { client, name, to: "fetch" },
    () => saveFile(context, { client, connections, name, target, tracker }),
  );
  tracker.done();
  await report(context, file, target);
  return EXIT.done;
}

/** Where the file goes: never out of the folder that the user chose, whatever the name says. */
async function chooseTarget(
  context: CommandContext,
  name: string,
  output: string | undefined,
): Promise<string> {
  if (output === undefined) return await notFolder(context, ownName(context, name));
  const status = await statLocal(context, output);
  if (status?.kind === "other") {
    // A rename would put the file in the place of the device.
    throw new UsageError(`${quote(output)} is not a file; write -o - and redirect it there`);
  }
  if (status?.kind !== "folder" && !output.endsWith("/")) return output;
  return await notFolder(context, joinPath(output, ownName(context, name)));
}

/** The last part of a name, where that is safe as the name of a local file. */
function ownName(context: CommandContext, name: string): string {
  const last = name.slice(name.lastIndexOf("/") + 1);
  const reason = whyNotLocal(last, context.host.windows);
  if (!reason) return last;
  throw new UsageError(`${quote(last)} cannot be a local file name: ${reason}; choose one with -o`);
}

async function notFolder(context: CommandContext, target: string): Promise<string> {
  const status = await statLocal(context, target);
  if (status?.kind !== "folder") return target;
  throw new UsageError(`${quote(target)} is a folder; choose another place with -o`);
}

function statLocal(context: CommandContext, path: string) {
  return locally("read", path, () => context.host.files.stat(path));
}

async function report(
  context: CommandContext,
  file: FileInfo,
  target: string,
): Promise<void> {
  const { options, screen } = context;
  if (options.flag("quiet")) return;
  const json = options.flag("json");
  const path = target;
  const line = json
    ? JSON.stringify({ ...fileJson(file), path })
    : transferredLine(path, file, context.host.stdout);
  await screen.results(line);
}

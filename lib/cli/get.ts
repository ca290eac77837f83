// The command `get`: a file of the server becomes a local one. The target is touched only by the rename at
// the end, when every byte is proven; until then all is in a temporary file beside it.

import { quote } from "../base/names.ts";
import type { ByteSink } from "../client/types.ts";
import type { OpenFile } from "../runtime/files.ts";
import { printDownload } from "./cat.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { locally, UsageError } from "./failure.ts";
import { fileJson, transferredLine } from "./file_report.ts";
import { folderOf, joinPath } from "./local_path.ts";
import { ProgressDisplay } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import type { RemoteDownload } from "./remote_files.ts";

/** Fetches a file. */
export async function get(context: CommandContext): Promise<ExitCode> {
  const name = context.operands[0]!;
  const output = context.options.value("output");
  if (output === "-") return await printDownload(context, name, {});
  const target = await chooseTarget(context, name, output);
  const client = await context.connect();
  await using progress = new ProgressDisplay({ ...progressOptions(context), files: 1 });
  const onProgress = progress.track(name).update;
  const download = await client.get(name, { ...transferOptions(context), onProgress });
  await save(context, download, target);
  await report(context, download, target);
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
  const unsafe = last === "" || last === "." || last === ".." || last.includes("\\") ||
    /^[a-z]:/i.test(last) || (context.host.windows && WINDOWS_UNSAFE.test(last));
  if (!unsafe) return last;
  throw new UsageError(
    `${quote(last)} at the end of the name cannot be a local file name; choose one with -o`,
  );
}

// Characters Windows forbids or reads as something else, and the names of its devices.
const WINDOWS_UNSAFE = /[<>:"|?*]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

async function notFolder(context: CommandContext, target: string): Promise<string> {
  const status = await statLocal(context, target);
  if (status?.kind !== "folder") return target;
  throw new UsageError(`${quote(target)} is a folder; choose another place with -o`);
}

function statLocal(context: CommandContext, path: string) {
  return locally("read", path, () => context.host.files.stat(path));
}

async function save(
  context: CommandContext,
  download: RemoteDownload,
  target: string,
): Promise<void> {
  const { files, windows } = context.host;
  const temporary = temporaryPath(target, windows);
  let open: OpenFile | undefined;
  try {
    open = await locally("write", target, () => files.open(temporary, "create"));
    await download.copyTo(sinkOf(open, target));
    // Where a file is replaced, a crash soon after the rename must not have cost the old content.
    if (await files.stat(target)) await locally("write", target, () => open!.sync());
    await locally("write", target, () => open!.close());
    const { modifiedMs } = download.file;
    // A file without its time is still the file.
    if (modifiedMs !== 0) await files.setModified(temporary, modifiedMs).catch(() => {});
    context.signal.throwIfAborted();
    await locally("write", target, () => files.rename(temporary, target));
  } catch (error) {
    // Whatever fails here is less worth telling than what failed before.
    await download.cancel().catch(() => {});
    await open?.close().catch(() => {});
    if (open) await files.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Beside the target, as a rename does not reach from one file system to another. */
function temporaryPath(target: string, windows: boolean): string {
  const folder = folderOf(target, windows);
  const random = crypto.randomUUID().slice(0, 8);
  // Cut, as a file name may have 255 bytes and this one is longer than the target's.
  const start = [...target.slice(folder.length)].slice(0, 40).join("");
  return `${folder}.${start}.${random}.morsel-part`;
}

function sinkOf(open: OpenFile, target: string): ByteSink {
  return {
    write: (bytes, position) => locally("write", target, () => open.write(bytes, position)),
  };
}

async function report(
  context: CommandContext,
  download: RemoteDownload,
  target: string,
): Promise<void> {
  const { options, screen } = context;
  if (options.flag("quiet")) return;
  const { file } = download;
  const json = options.flag("json");
  const path = target;
  const line = json ? JSON.stringify({ ...fileJson(file), path }) : transferredLine(path, file);
  await screen.results(line);
}

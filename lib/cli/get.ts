// The command `get`: a file of the server becomes a local one. The target is touched only by the rename at
// the end, when every byte is proven; until then all is in a temporary file beside it.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { FileInfo, Progress } from "../client/types.ts";
import { printDownload } from "./cat.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { locally, UsageError } from "./failure.ts";
import { fileJson, transferredLine } from "./file_report.ts";
import { joinPath } from "./local_path.ts";
import { PartialFile } from "./partial_file.ts";
import { ProgressDisplay } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import type { RemoteFiles } from "./remote_files.ts";
import { tellResume } from "./transfer_events.ts";

/** Fetches a file. */
export async function get(context: CommandContext): Promise<ExitCode> {
  const name = context.operands[0]!;
  const output = context.options.value("output");
  if (output === "-") return await printDownload(context, name, {});
  const target = await chooseTarget(context, name, output);
  const client = await context.connect();
  await using progress = new ProgressDisplay({ ...progressOptions(context), files: 1 });
  const onProgress = progress.track(name).update;
  const file = await saveNewest(context, { client, name, target, onProgress });
  await report(context, file, target);
  return EXIT.done;
}

/** Fetches the newest version, begun afresh when the one that was begun is replaced on the way. */
async function saveNewest(context: CommandContext, request: SaveRequest): Promise<FileInfo> {
  for (let attempt = 1;; attempt++) {
    try {
      return await save(context, request);
    } catch (error) {
      const isGone = error instanceof MorselError && error.code === "gone";
      if (!isGone || attempt === MAX_ATTEMPTS) throw error;
      await context.screen.message(
        `${quote(request.name)} was replaced on the way; fetching the new version`,
      );
    }
  }
}

/** A file that is replaced faster than it can be fetched is told as what it is. */
const MAX_ATTEMPTS = 5;

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

/** Fetches into a partial file, behind what an earlier run has left there, and puts that in place. */
async function save(context: CommandContext, request: SaveRequest): Promise<FileInfo> {
  const { client, name, target, onProgress } = request;
  const { files, windows } = context.host;
  const options = { ...transferOptions(context), onProgress };
  let partial: PartialFile | undefined;
  // What is proven before there is a partial file to note it in.
  const early: { end: number; leaves: Uint8Array }[] = [];
  const onProven = (end: number, leaves: Uint8Array) => {
    if (partial) partial.record(end, leaves);
    else early.push({ end, leaves });
  };
  let download = await client.get(name, { ...options, onProven });
  const { file } = download;
  try {
    partial = await PartialFile.open({ files, windows, target, file });
    if (partial.proven > 0) {
      await download.cancel();
      await tellResume(context, { name, offset: partial.proven, total: file.size });
      const rest = { start: partial.proven, version: file.version };
      download = await client.get(name, { ...options, ...rest, onProven });
    } else for (const { end, leaves } of early) partial.record(end, leaves);
    await download.copyTo(partial.sink);
    context.signal.throwIfAborted();
    await partial.finish();
    return file;
  } catch (error) {
    await download.cancel();
    // What was proven stays, unless it is of a version that is gone or the disk has no room for it.
    const isLost = error instanceof MorselError && error.code !== "gone";
    if (isLost || context.signal.aborted) await partial?.keep();
    else await partial?.discard();
    throw error;
  }
}

interface SaveRequest {
  readonly client: RemoteFiles;
  readonly name: string;
  readonly target: string;
  readonly onProgress: (progress: Progress) => void;
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
  const line = json ? JSON.stringify({ ...fileJson(file), path }) : transferredLine(path, file);
  await screen.results(line);
}

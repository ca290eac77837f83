// The command `get`: a file of the server becomes a local one. The target is touched only by the rename at
// the end, when every byte is proven; until then all is in a temporary file beside it.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { TransferCounters } from "../client/transfer_counters.ts";
import type { FileInfo } from "../client/types.ts";
import { printDownload } from "./cat.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { locally, StoppedMidway, UsageError } from "./failure.ts";
import { connectSeveral, fetchMissing, usefulConnections } from "./fetch_missing.ts";
import { fileJson, transferredLine } from "./file_report.ts";
import { joinPath } from "./local_path.ts";
import { wholeNumber } from "./option_values.ts";
import { PartialFile } from "./partial_file.ts";
import { ProgressDisplay, type Tracker } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import type { RemoteFiles } from "./remote_files.ts";
import { tellResume } from "./transfer_events.ts";

/** Fetches a file. */
export async function get(context: CommandContext): Promise<ExitCode> {
  const name = context.operands[0]!;
  const output = context.options.value("output");
  const connections = wholeNumber(context.options, "connections", { least: 1, most: 16 }) ?? 1;
  if (output === "-") {
    if (connections === 1) return await printDownload(context, name, {});
    throw new UsageError("--connections needs a file to write to, not standard output");
  }
  const target = await chooseTarget(context, name, output);
  const clients = [await context.connect()];
  await using progress = new ProgressDisplay({ ...progressOptions(context), files: 1 });
  using tracker = progress.track(name);
  const { counters } = progress;
  const request = { clients, connections, name, target, tracker, counters };
  const file = await saveNewest(context, request);
  tracker.done();
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
  const { clients, connections, name, target, tracker, counters } = request;
  const client = clients[0]!;
  const { files, windows } = context.host;
  const options = { ...transferOptions(context), onProgress: tracker.update, counters };
  let partial: PartialFile | undefined;
  const onProven = (end: number, leaves: Uint8Array) => partial?.record(end, leaves);
  // One connection asks for all at once; several first have to know what there is to share.
  const download = connections === 1 ? await client.get(name, { ...options, onProven }) : undefined;
  const file = download?.file ?? await client.stat(name, { signal: context.signal });
  try {
    partial = await PartialFile.open({ files, windows, target, file, counters });
    if (download && partial.proven === 0) {
      const { sink } = partial;
      await counters.transfer(() => download.copyTo(sink));
    } else {
      await download?.cancel();
      await saveMissing(context, request, { file, partial });
    }
    context.signal.throwIfAborted();
    await partial.finish();
    return file;
  } catch (error) {
    await download?.cancel();
    // What was proven stays, unless it is of a version that is gone or the disk has no room for it.
    const isLost = error instanceof MorselError && error.code !== "gone";
    const isStopped = context.signal.aborted;
    const isKept = isLost || isStopped ? await partial?.keep() : await partial?.discard();
    throw isStopped && isKept ? new StoppedMidway({ cause: error }) : error;
  }
}

async function saveMissing(
  context: CommandContext,
  { clients, connections, tracker, counters }: SaveRequest,
  { file, partial }: { file: FileInfo; partial: PartialFile },
): Promise<void> {
  const { missing, proven } = partial;
  const total = file.size;
  tracker.resumed(proven);
  if (proven > 0) await tellResume(context, { name: file.name, offset: proven, total });
  await connectSeveral(context, clients, usefulConnections(missing, connections));
  await fetchMissing(context, {
    clients,
    file,
    partial,
    counters,
    onReceived: (received) => tracker.update({ received, durable: received, total }),
  });
}

interface SaveRequest {
  /** The connections there are; more are added where there is work for them. */
  readonly clients: RemoteFiles[];
  /** How many may share the work. */
  readonly connections: number;
  readonly name: string;
  readonly target: string;
  readonly tracker: Tracker;
  readonly counters: TransferCounters;
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

// One file of the server, saved under a local path. The target is touched only by the rename at the end, when every
// byte is proven; until then all is in memory, if it is little, or in a partial file beside the target.

import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE } from "../base/merkle.ts";
import { quote } from "../base/names.ts";
import type { FileInfo } from "../client/types.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { isDiskFull, locally, StoppedMidway } from "./failure.ts";
import { connectSeveral, fetchMissing, usefulConnections } from "./fetch_missing.ts";
import { ownDigits } from "./local_names.ts";
import { PartialFile, partialPath } from "./partial_file.ts";
import type { Tracker } from "./progress.ts";
import type { RemoteDownload, RemoteFiles } from "./remote_files.ts";
import { tellResume } from "./transfer_events.ts";

/** What {@linkcode saveFile} is to save, and where. */
export interface SaveRequest {
  readonly client: RemoteFiles;
  /** How many connections may share the work, 1 by default; those beside `client` are made when there is some. */
  readonly connections?: number;
  readonly name: string;
  readonly target: string;
  /** Its size, if it is known already; it may have changed since. */
  readonly size?: number;
  /** Whether there is something at the target; looked for when it is not said. */
  readonly replaces?: boolean;
  readonly tracker: Tracker;
}

/** The largest file that is held in memory until it is all there. */
const WHOLE_SIZE = 256 * 1024;
/** A file that is replaced faster than it can be fetched is told as what it is. */
const MAX_ATTEMPTS = 5;

/** Saves the newest version, begun afresh when the one that was begun is replaced on the way. */
export async function saveFile(context: CommandContext, request: SaveRequest): Promise<FileInfo> {
  const clients = [request.client];
  for (let attempt = 1;; attempt++) {
    try {
      return await saveSmall(context, request) ?? await save(context, { ...request, clients });
    } catch (error) {
      const isGone = error instanceof MorselError && error.code === "gone";
      if (!isGone || attempt === MAX_ATTEMPTS) throw error;
      await context.screen.message(
        `${quote(request.name)} was replaced on the way; fetching the new version`,
      );
    }
  }
}

/** Saves a file that is known to be small in the least time; undefined where that is not to be. */
async function saveSmall(
  context: CommandContext,
  request: SaveRequest,
): Promise<FileInfo | undefined> {
  const { client, name, size = Infinity, tracker: { counters, update: onProgress } } = request;
  if (size > BLOCK_SIZE) return undefined;
  const options = { ...transferOptions(context), onProgress, counters };
  const small = await counters.transfer(() => client.getSmall(name, options));
  if (!small) return undefined;
  const { file, bytes } = small;
  await place(context, request, { file, bytes });
  return file;
}

/** Fetches behind what an earlier run has left in a partial file, if it did, and puts the file in place. */
async function save(context: CommandContext, request: SharedRequest): Promise<FileInfo> {
  const { client, connections = 1, name, target, tracker } = request;
  const { host: { files, windows }, signal } = context;
  const { counters, update: onProgress } = tracker;
  let partial: PartialFile | undefined;
  // What is proven before there is a partial file to note it in.
  const early: { end: number; leaves: Uint8Array }[] = [];
  const onProven = (end: number, leaves: Uint8Array) => {
    if (partial) partial.record(end, leaves);
    else early.push({ end, leaves });
  };
  const options = { ...transferOptions(context), onProgress, onProven, counters };
  // One connection asks for all at once; several first have to know what there is to share.
  const described = connections === 1 ? undefined : await client.stat(name, { signal });
  // That a file is empty is believed only of what is held against the digest: there is nothing to ask for.
  const download = described === undefined || described.size === 0
    ? await counters.transfer(() => client.get(name, options))
    : undefined;
  const file = download?.file ?? described!;
  try {
    if (download && file.size <= WHOLE_SIZE) return await saveWhole(context, download, request);
    partial = await PartialFile.open({ files, windows, target, file, signal, counters });
    if (download && partial.proven === 0) {
      const { sink } = partial;
      for (const { end, leaves } of early) partial.record(end, leaves);
      await counters.transfer(() => download.copyTo(sink));
    } else {
      await download?.cancel();
      await saveMissing(context, request, { file, partial });
    }
    signal.throwIfAborted();
    await partial.finish();
    return file;
  } catch (error) {
    await download?.cancel();
    // What was proven stays, unless it is of a version that is gone or the disk has no room for it.
    const isGone = error instanceof MorselError && error.code === "gone";
    const isUseless = (isGone || isDiskFull(error)) && !signal.aborted;
    const isKept = isUseless ? await partial?.discard() : await partial?.keep();
    throw signal.aborted && isKept ? new StoppedMidway({ cause: error }) : error;
  }
}

interface SharedRequest extends SaveRequest {
  /** The connections there are. */
  readonly clients: RemoteFiles[];
}

async function saveMissing(
  context: CommandContext,
  { clients, connections = 1, tracker }: SharedRequest,
  { file, partial }: { file: FileInfo; partial: PartialFile },
): Promise<void> {
  const { missing, proven } = partial;
  const { counters } = tracker;
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

async function saveWhole(
  context: CommandContext,
  download: RemoteDownload,
  request: SaveRequest,
): Promise<FileInfo> {
  const { file } = download;
  const bytes = await request.tracker.counters.transfer(() => download.bytes());
  await place(context, request, { file, bytes });
  return file;
}

async function place(
  { host: { files, windows }, signal }: CommandContext,
  { target, replaces }: SaveRequest,
  { file, bytes }: { file: FileInfo; bytes: Uint8Array },
): Promise<void> {
  signal.throwIfAborted();
  const temporary = partialPath({ target, windows, digits: ownDigits() });
  await locally("write", target, async () => {
    // Where a file is replaced, a crash soon after the rename must not have cost the old content.
    const sync = replaces ?? await files.look(target) !== undefined;
    await files.place({ bytes, modifiedMs: file.modifiedMs }, { target, temporary, sync });
  });
}

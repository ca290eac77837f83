// One file of the server, saved under a local path. The target is touched only by the rename at the end, when every
// byte is proven; until then all is in memory, if it is little, or in a partial file beside the target.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { FileInfo } from "../client/types.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { locally } from "./failure.ts";
import { PartialFile, partialPath } from "./partial_file.ts";
import type { Tracker } from "./progress.ts";
import type { RemoteDownload, RemoteFiles } from "./remote_files.ts";
import { tellResume } from "./transfer_events.ts";

/** What {@linkcode saveFile} is to save, and where. */
export interface SaveRequest {
  readonly client: RemoteFiles;
  readonly name: string;
  readonly target: string;
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

/** Fetches behind what an earlier run has left in a partial file, if it did, and puts the file in place. */
async function save(context: CommandContext, request: SaveRequest): Promise<FileInfo> {
  const { client, name, target, tracker } = request;
  const { files, windows } = context.host;
  const options = { ...transferOptions(context), onProgress: tracker.update };
  let partial: PartialFile | undefined;
  const onProven = (end: number, leaves: Uint8Array) => partial?.record(end, leaves);
  let download = await client.get(name, { ...options, onProven });
  const { file } = download;
  try {
    if (file.size <= WHOLE_SIZE) return await saveWhole(context, download, request);
    partial = await PartialFile.open({ files, windows, target, file });
    if (partial.proven > 0) {
      await download.cancel();
      await tellResume(context, { name, offset: partial.proven, total: file.size });
      const rest = { start: partial.proven, version: file.version };
      download = await client.get(name, { ...options, ...rest, onProven });
    }
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

async function saveWhole(
  context: CommandContext,
  download: RemoteDownload,
  { target, replaces }: SaveRequest,
): Promise<FileInfo> {
  const { host: { files, windows }, signal } = context;
  const { file } = download;
  const bytes = await download.bytes();
  signal.throwIfAborted();
  const temporary = partialPath({ target, windows, digest: file.digest });
  await locally("write", target, async () => {
    // Where a file is replaced, a crash soon after the rename must not have cost the old content.
    const sync = replaces ?? await files.look(target) !== undefined;
    await files.place({ bytes, modifiedMs: file.modifiedMs }, { target, temporary, sync });
  });
  return file;
}

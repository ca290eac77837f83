// One local file, stored as it is at one moment: one that changes while it is sent is begun again as it is then.

import { MorselError } from "../base/errors.ts";
import type { ByteSource, FileInfo, PutOptions } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import { locally, StoppedMidway } from "./failure.ts";
import type { Tracker } from "./progress.ts";
import type { RemoteFiles } from "./remote_files.ts";
import type { SourceFile } from "./source_files.ts";
import { onTransferEvent } from "./transfer_events.ts";

/** What {@linkcode putFile} works with. */
export interface PutTools {
  readonly client: RemoteFiles;
  /** What is said of every file alike. */
  readonly putOptions: PutOptions;
  readonly tracker: Tracker;
}

/** Connects such that Ctrl-C leaves uploads to a later run, as a lost connection does: to cancel drops them. */
export async function connectToPut(
  context: CommandContext,
  { signal, ...putOptions }: PutOptions,
  { early = false } = {},
): Promise<Pick<PutTools, "client" | "putOptions">> {
  const client = await context.connect({ early });
  signal?.addEventListener("abort", () => void client.close().catch(() => {}), { once: true });
  return { client, putOptions };
}

/** The largest file that is read into memory whole: one system call instead of several. */
const WHOLE_SIZE = 256 * 1024;
/** From this size on what went up before Ctrl-C is worth a word. */
const KEPT_SIZE = 1024 * 1024;
/** A file that changes faster than it can be sent is told as what it is. */
const MAX_ATTEMPTS = 3;

/** Stores a file. Throws a LocalFileError, a StoppedMidway, or what the client throws. */
export async function putFile(
  context: CommandContext,
  source: SourceFile,
  tools: PutTools,
): Promise<FileInfo> {
  try {
    return await tools.tracker.counters.transfer(() => putUnchanged(context, source, tools));
  } catch (error) {
    const isKept = context.signal.aborted && source.size >= KEPT_SIZE;
    throw isKept ? new StoppedMidway({ cause: error }) : error;
  }
}

async function putUnchanged(
  context: CommandContext,
  source: SourceFile,
  tools: PutTools,
): Promise<FileInfo> {
  const { path, name } = source;
  const { files } = context.host;
  const { client, putOptions, tracker } = tools;
  const { counters, update: onProgress } = tracker;
  let now = source;
  for (let attempt = 1; attempt < MAX_ATTEMPTS && now.size <= WHOLE_SIZE; attempt++) {
    const { size } = now;
    const reading = locally("read", path, () => files.readWhole(path, size));
    const { bytes, modifiedMs } = await counters.wait("disk", reading);
    if (bytes.length === size && modifiedMs === now.modifiedMs) {
      const onEvent = onTransferEvent(context, name, tracker);
      const options = { ...putOptions, modifiedMs, onProgress, onEvent, counters };
      return await client.put(name, bytes, options);
    }
    const status = await locally("read", path, () => files.stat(path));
    if (status) now = { ...source, size: status.size, modifiedMs: status.modifiedMs };
  }
  return await putLarge(context, now, tools);
}

async function putLarge(
  context: CommandContext,
  source: SourceFile,
  tools: PutTools,
): Promise<FileInfo> {
  const { path, name } = source;
  const onEvent = onTransferEvent(context, name, tools.tracker);
  let now = source;
  for (let attempt = 1;; attempt++) {
    try {
      return await putOpened(context, now, { ...tools, onEvent });
    } catch (error) {
      const hasChanged = error instanceof MorselError && error.detail.source === "changed";
      if (!hasChanged || attempt === MAX_ATTEMPTS) throw error;
      const status = await locally("read", path, () => context.host.files.stat(path));
      if (!status) throw error;
      onEvent({ kind: "restarted", reason: "it has changed while it was sent" });
      now = { ...source, size: status.size, modifiedMs: status.modifiedMs };
    }
  }
}

/** Opens it anew each time: what was replaced by a rename is another file, though the path is the same. */
async function putOpened(
  context: CommandContext,
  { path, name, size, modifiedMs }: SourceFile,
  { client, putOptions, tracker, onEvent }: PutTools & Required<Pick<PutOptions, "onEvent">>,
): Promise<FileInfo> {
  const { files } = context.host;
  const { counters, update: onProgress } = tracker;
  const open = await locally("read", path, () => files.open(path, "read"));
  try {
    const bytes: ByteSource = {
      read: (into, position) =>
        counters.wait("disk", locally("read", path, () => open.read(into, position))),
      isUnchanged: async () => {
        const now = await locally("read", path, () => files.stat(path));
        return now?.size === size && now.modifiedMs === modifiedMs;
      },
    };
    const options = { ...putOptions, size, modifiedMs, onProgress, onEvent, counters };
    return await client.put(name, bytes, options);
  } finally {
    await open.close();
  }
}

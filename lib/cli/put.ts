// The command `put`: local files, folders or standard input become files on the server.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { ByteSource, FileInfo, PutOptions } from "../client/types.ts";
import { runBatch } from "./batch.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { locally, StoppedMidway, UsageError } from "./failure.ts";
import { reportDone, transferredLine } from "./file_report.ts";
import { keyValues, wholeNumber } from "./option_values.ts";
import { ProgressDisplay, type Tracker } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import type { RemoteFiles } from "./remote_files.ts";
import { standardInput } from "./standard_input.ts";
import { findSources, type SourceFile } from "./source_files.ts";
import { onTransferEvent } from "./transfer_events.ts";

// Small files go 64 at a time, so that a round trip is not waited for with each; four large ones at once
// already fill any link, and more would only share it.
const SMALL_FILE_SIZE = 1024 * 1024;
const LARGE_FILE_WEIGHT = 16;

/** Stores files. */
export async function put(context: CommandContext): Promise<ExitCode> {
  const { operands, options, screen } = context;
  const putOptions = readPutOptions(context);
  if (operands.includes("-")) return await putInput(context, putOptions);
  const sources = await findSources(operands, {
    host: context.host,
    recursive: options.flag("recursive"),
    as: options.value("as"),
    signal: context.signal,
  });
  const { files, failed } = sources;
  if (putOptions.ifVersion !== undefined && files.length > 1) {
    throw new UsageError("--if-version is the version of one file; put the files one by one");
  }
  for (const { path, reason } of sources.skipped) {
    await screen.message(`Skipped ${quote(path)} as ${reason}`);
  }
  if (files.length + failed.length === 0) {
    await screen.message("There are no files in there, so nothing is stored");
    return EXIT.done;
  }
  if (files.length === 0) return await runBatch(context, files, { ...NOTHING_LEFT, failed });
  const client = await context.connect();
  // Ctrl-C leaves the uploads to a later run, as a lost connection does; to cancel them would drop them.
  const { signal, ...keptOptions } = putOptions;
  signal?.addEventListener("abort", () => void client.close().catch(() => {}), { once: true });
  const total = files.reduce((sum, file) => sum + file.size, 0);
  await using progress = new ProgressDisplay({
    ...progressOptions(context),
    files: files.length,
    total,
  });
  return await runBatch(context, files, {
    work: (file) => putFile(context, file, { client, progress, putOptions: keptOptions }),
    title: (file) => file.path,
    weigh: (file) => file.size > SMALL_FILE_SIZE ? LARGE_FILE_WEIGHT : 1,
    failed,
  });
}

const NOTHING_LEFT = { work: () => Promise.resolve(), title: () => "" };

interface PutTools {
  client: RemoteFiles;
  progress: ProgressDisplay;
  putOptions: PutOptions;
}

async function putFile(
  context: CommandContext,
  source: SourceFile,
  tools: PutTools,
): Promise<void> {
  using tracker = tools.progress.track(source.name);
  const file = await putUnchanged(context, source, { ...tools, tracker });
  tracker.done();
  await reportDone(context, file, transferredLine(file.name, file, context.host.stdout));
}

/** Puts a file as it is at one moment: one that changes while it is sent is begun again as it is then. */
async function putUnchanged(
  context: CommandContext,
  source: SourceFile,
  tools: PutTools & { tracker: Tracker },
): Promise<FileInfo> {
  const { path, name } = source;
  const { files } = context.host;
  const { client, progress: { counters }, putOptions, tracker } = tools;
  const open = await locally("read", path, () => files.open(path, "read"));
  try {
    let { size, modifiedMs } = source;
    for (let attempt = 1;; attempt++) {
      const bytes: ByteSource = {
        read: (into, position) =>
          counters.wait("disk", locally("read", path, () => open.read(into, position))),
        isUnchanged: async () => {
          const now = await locally("read", path, () => files.stat(path));
          return now?.size === size && now.modifiedMs === modifiedMs;
        },
      };
      const onEvent = onTransferEvent(context, name, tracker);
      const onProgress = tracker.update;
      const options = { ...putOptions, size, modifiedMs, onProgress, onEvent, counters };
      try {
        return await counters.transfer(() => client.put(name, bytes, options));
      } catch (error) {
        if (isStoppedMidway(context, source)) throw new StoppedMidway({ cause: error });
        const hasChanged = error instanceof MorselError && error.detail.source === "changed";
        const now = await files.stat(path);
        if (!hasChanged || !now || attempt === MAX_ATTEMPTS) throw error;
        onEvent({ kind: "restarted", reason: "it has changed while it was sent" });
        ({ size, modifiedMs } = now);
      }
    }
  } finally {
    await open.close();
  }
}

/** Whether what went up is kept; a batch does not tell so, as its files would all be put again. */
function isStoppedMidway({ operands, signal }: CommandContext, { size }: SourceFile): boolean {
  return signal.aborted && operands.length === 1 && size > SMALL_FILE_SIZE;
}

/** A file that changes faster than it can be sent is told as what it is. */
const MAX_ATTEMPTS = 3;

async function putInput(context: CommandContext, putOptions: PutOptions): Promise<ExitCode> {
  const name = context.options.value("as");
  if (context.operands.length > 1) {
    throw new UsageError('"-" is standard input and stands alone; name a file "-" as ./-');
  }
  if (name === undefined) {
    throw new UsageError("Standard input has no name of its own; give it one with --as NAME");
  }
  if (name.endsWith("/")) {
    throw new UsageError(`--as ${quote(name)} is not the whole name that standard input needs`);
  }
  const client = await context.connect();
  await using progress = new ProgressDisplay({ ...progressOptions(context), files: 1 });
  using tracker = progress.track(name);
  const { counters } = progress;
  const options = { ...putOptions, onProgress: tracker.update, counters };
  const file = await counters.transfer(() => client.put(name, standardInput(context), options));
  tracker.done();
  await reportDone(context, file, transferredLine(file.name, file, context.host.stdout));
  return EXIT.done;
}

function readPutOptions(context: CommandContext): PutOptions {
  const { options } = context;
  const metadata = keyValues(options, "meta");
  const ifVersion = wholeNumber(options, "if-version", {
    least: 1,
    most: Number.MAX_SAFE_INTEGER,
  });
  const ifAbsent = options.flag("if-absent");
  if (ifAbsent && ifVersion !== undefined) {
    throw new UsageError("--if-absent and --if-version rule each other out; keep one");
  }
  return {
    ...transferOptions(context),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(ifAbsent && { ifAbsent }),
    ...(ifVersion !== undefined && { ifVersion }),
  };
}

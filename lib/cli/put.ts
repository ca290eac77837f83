// The command `put`: local files, folders or standard input become files on the server.

import { quote } from "../base/names.ts";
import type { ByteSource, PutOptions } from "../client/types.ts";
import { runBatch } from "./batch.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { locally, UsageError } from "./failure.ts";
import { reportDone, transferredLine } from "./file_report.ts";
import { keyValues, wholeNumber } from "./option_values.ts";
import { ProgressDisplay } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import type { RemoteFiles } from "./remote_files.ts";
import { standardInput } from "./standard_input.ts";
import { findSources, type SourceFile } from "./source_files.ts";

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
  const total = files.reduce((sum, file) => sum + file.size, 0);
  await using progress = new ProgressDisplay({
    ...progressOptions(context),
    files: files.length,
    total,
  });
  return await runBatch(context, files, {
    work: (file) => putFile(context, file, { client, progress, putOptions }),
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
  const { path, name, size, modifiedMs } = source;
  const { client, progress, putOptions } = tools;
  const open = await locally("read", path, () => context.host.files.open(path, "read"));
  try {
    const bytes: ByteSource = {
      read: (into, position) => locally("read", path, () => open.read(into, position)),
    };
    const tracker = progress.track(name);
    const onProgress = tracker.update;
    const file = await client.put(name, bytes, { ...putOptions, size, modifiedMs, onProgress });
    tracker.done();
    await reportDone(context, file, transferredLine(file.name, file));
  } finally {
    await open.close();
  }
}

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
  const onProgress = progress.track(name).update;
  const file = await client.put(name, standardInput(context), { ...putOptions, onProgress });
  await reportDone(context, file, transferredLine(file.name, file));
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

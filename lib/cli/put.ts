// The command `put`: local files, folders or standard input become files on the server.

import { quote } from "../base/names.ts";
import type { PutOptions } from "../client/types.ts";
import { atOnceOver, runBatch } from "./batch.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";
import { reportDone, transferredLine } from "./file_report.ts";
import { refuseFolderOptions } from "./folder_options.ts";
import { keyValues, wholeNumber } from "./option_values.ts";
import { ProgressDisplay } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import { connectToPut, putFile } from "./put_file.ts";
import { putFolders } from "./put_folders.ts";
import { findSources, type Sources } from "./source_files.ts";

/** Stores files. */
export async function put(context: CommandContext): Promise<ExitCode> {
  const { operands, options, host } = context;
  const isRecursive = options.flag("recursive");
  if (!isRecursive) refuseFolderOptions(options);
  const putOptions = readPutOptions(context);
  if (operands.includes("-")) return await putInput(context, putOptions);
  const sources = await findSources(operands, { host, isRecursive, as: options.value("as") });
  const { files, folders } = sources;
  if (putOptions.ifVersion !== undefined && files.length + 2 * folders.length > 1) {
    throw new UsageError("--if-version is the version of one file; put the files one by one");
  }
  return isRecursive
    ? await putFolders(context, sources, putOptions)
    : await putFiles(context, sources, putOptions);
}

async function putFiles(
  context: CommandContext,
  { files, failed }: Sources,
  putOptions: PutOptions,
): Promise<ExitCode> {
  if (files.length === 0) return await runBatch(context, files, { ...NOTHING_LEFT, failed });
  // How many of several go at once depends on the round trip, which the greeting tells.
  const tools = await connectToPut(context, putOptions, { early: files.length === 1 });
  const total = files.reduce((sum, file) => sum + file.size, 0);
  await using progress = new ProgressDisplay({
    ...progressOptions(context),
    files: files.length,
    total,
  });
  return await runBatch(context, files, {
    work: async (source) => {
      using tracker = progress.track(source.name);
      const file = await putFile(context, source, { ...tools, tracker });
      tracker.done();
      await reportDone(context, file, transferredLine(file.name, file, context.host.stdout));
    },
    title: (file) => file.path,
    atOnce: atOnceOver(tools.client, { isPut: true }),
    failed,
  });
}

const NOTHING_LEFT = { work: () => Promise.resolve(), title: () => "" };

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
  const { counters, update: onProgress } = tracker;
  const options = { ...putOptions, onProgress, counters };
  const file = await counters.transfer(() => client.put(name, context.host.stdin, options));
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

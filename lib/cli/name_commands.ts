// The commands on names that move no bytes: stat, rm, mv, cp.

import { quote } from "../base/names.ts";
import { runBatch } from "./batch.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { factLines, fileJson, reportDone } from "./file_report.ts";
import { asFile } from "./folder_hint.ts";
import { refuseFolderOptions } from "./folder_options.ts";
import { formatSize } from "./format.ts";
import { removeFolders } from "./remove_folders.ts";

/** Shows what is known of a file. */
export async function stat(context: CommandContext): Promise<ExitCode> {
  const { operands, options, screen, signal } = context;
  const client = await context.connect({ early: true });
  const file = await client.stat(operands[0]!, { signal });
  const lines = options.flag("json") ? [JSON.stringify(fileJson(file))] : factLines(file);
  await screen.results(...lines);
  return EXIT.done;
}

/** Removes files. */
export async function rm(context: CommandContext): Promise<ExitCode> {
  const { operands, options, signal } = context;
  if (options.flag("recursive")) return await removeFolders(context);
  refuseFolderOptions(options);
  const client = await context.connect();
  return await runBatch(context, operands, {
    title: (name) => name,
    work: async (name) => {
      const about = { client, name, to: "remove" };
      const file = await asFile(context, about, () => client.remove(name, { signal }));
      const what = `version ${file.version}, ${formatSize(file.size)}`;
      await reportDone(context, file, `removed ${quote(file.name)} (${what})`);
    },
  });
}

/** Gives a file another name. */
export async function mv(context: CommandContext): Promise<ExitCode> {
  const { from, to } = fromAndTo(context);
  const client = await context.connect({ early: true });
  const file = await client.move(from, to, { signal: context.signal });
  const sentence = `moved ${quote(from)} to ${quote(file.name)} (version ${file.version})`;
  await reportDone(context, file, sentence);
  return EXIT.done;
}

/** Gives the content of a file a second name. */
export async function cp(context: CommandContext): Promise<ExitCode> {
  const { from, to } = fromAndTo(context);
  const client = await context.connect({ early: true });
  const file = await client.copy(from, to, { signal: context.signal });
  const sentence = `copied ${quote(from)} to ${quote(file.name)} (version ${file.version})`;
  await reportDone(context, file, sentence);
  return EXIT.done;
}

/** With a slash at its end the second name is a place for the last part of the first. */
function fromAndTo(context: CommandContext): { from: string; to: string } {
  const [from, to] = context.operands as [string, string];
  return { from, to: to.endsWith("/") ? to + from.slice(from.lastIndexOf("/") + 1) : to };
}

// The command `ls`: the names on a server, or one level of them with what lies deeper as folders. It prints while
// the listing comes, so that a million names take no more memory than the first two hundred thousand.

import { MAX_NAME_SIZE } from "../base/names.ts";
import type { FileInfo } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";
import { fileJson, folderLine, longLine } from "./file_report.ts";
import { printable } from "./format.ts";
import type { RemoteFiles } from "./remote_files.ts";

// Lines that are written together: a system call for each would be most of the time of a listing.
const LINES_AT_ONCE = 256;
// Names of a folder that are read over before the rest of them is jumped. They are to come in one page with the first one, as
// behind each page that is used another has been asked for.
const JUMP_AFTER = 500;
const PAGE_SIZE = JUMP_AFTER + 1;
// It sorts after all others.
const LAST_CHARACTER = "\u{10ffff}";

/** Names that begin alike, up to a delimiter. */
interface Folder {
  readonly folder: string;
}

/** Lists files, in the order of their names. */
export async function ls(context: CommandContext): Promise<ExitCode> {
  const { operands, options, screen } = context;
  const delimiter = options.value("delimiter");
  if (delimiter !== undefined && options.flag("recursive")) {
    throw new UsageError("--recursive and --delimiter rule each other out; keep one");
  }
  const client = await context.connect({ early: true });
  const prefix = operands[0] ?? "";
  const entries = delimiter === undefined
    ? client.list({ signal: context.signal, prefix })
    : oneLevel(client, { prefix, delimiter, signal: context.signal });
  let lines: string[] = [];
  for await (const entry of entries) {
    lines.push(lineOf(entry, context));
    if (lines.length < LINES_AT_ONCE) continue;
    await screen.results(...lines);
    lines = [];
    if (screen.resultsUnread) break;
  }
  await screen.results(...lines);
  return EXIT.done;
}

function lineOf(entry: FileInfo | Folder, { options }: CommandContext): string {
  const isLong = options.flag("long");
  const exact = options.flag("bytes");
  if ("folder" in entry) {
    const { folder } = entry;
    if (options.flag("json")) return JSON.stringify({ folder });
    return isLong ? folderLine(folder, { exact }) : printable(folder);
  }
  if (options.flag("json")) return JSON.stringify(fileJson(entry));
  return isLong ? longLine(entry, { exact }) : printable(entry.name);
}

/** The names without a delimiter behind the prefix, and of the others once what stands before it. */
async function* oneLevel(
  client: RemoteFiles,
  { delimiter, signal, ...given }: { prefix: string; delimiter: string; signal: AbortSignal },
): AsyncGenerator<FileInfo | Folder> {
  // Names sort and match in this form, in whichever they were given.
  const prefix = given.prefix.normalize("NFC");
  let folder: string | undefined;
  let after: string | undefined;
  for (let isOver = false; !isOver;) {
    isOver = true;
    let inFolder = 0;
    const page = { prefix, signal, pageSize: PAGE_SIZE, ...(after && { after }) };
    for await (const file of client.list(page)) {
      const name = file.name.normalize("NFC");
      const end = name.indexOf(delimiter, prefix.length);
      if (end === -1) yield file;
      else if (folder === undefined || !name.startsWith(folder)) {
        folder = name.slice(0, end + delimiter.length);
        inFolder = 0;
        yield { folder };
      } else if (++inFolder >= JUMP_AFTER && after !== lastIn(folder)) {
        after = lastIn(folder);
        isOver = false;
        break;
      }
    }
  }
}

/** A name that sorts after those in a folder. */
function lastIn(folder: string): string {
  const room = MAX_NAME_SIZE - new TextEncoder().encode(folder).length;
  return folder + LAST_CHARACTER.repeat(Math.max(0, Math.floor(room / 4)));
}

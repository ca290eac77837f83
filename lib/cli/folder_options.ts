// The options that all commands for folders share: which files they are about, and when two are equal.

import type { OptionRule, ParsedOptions } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import { PathFilter } from "./path_filter.ts";

/** The rules, for the table of commands. */
export const FOLDER_OPTIONS: readonly OptionRule[] = [
  { name: "dry-run", letter: "n", summary: "Of a folder: say what would be done, and do nothing" },
  {
    name: "checksum",
    letter: "c",
    summary: "Of a folder: skip files of equal digest, whatever their times",
  },
  {
    name: "include",
    value: "GLOB",
    repeats: true,
    summary: "Of a folder: only what matches; repeat it for more",
  },
  {
    name: "exclude",
    value: "GLOB",
    repeats: true,
    summary: "Of a folder: not what matches; repeat it for more",
  },
];

/** How globs are read, for the help of the commands that take them. */
export const FOLDER_DETAILS: readonly string[] = [
  "",
  "Files that are equal already are skipped: by size and time of last change, with --checksum by",
  "digest. So the same command, run again, goes on where it was interrupted. Links, devices,",
  "empty folders and permissions are not transferred.",
  "",
  "A GLOB is held against the path below the folder: * and ? stand for anything but a slash, **",
  "for any folders, [a-z] and {a,b} for one of them. One that begins with a slash is held against",
  "the whole path, any other against each end of it as well: *.jpg is a jpg in any folder, /*.jpg",
  "one at the top. One that matches a folder stands for all in it; with a slash at its end it",
  "matches folders only. With --include only what matches one of them is transferred; what",
  "matches an --exclude never is.",
  "",
  'With --json each file is an object whose "event" is stored, fetched, removed or skipped; the',
  'last one is the "total".',
];

/** The options of a command for folders. */
export interface FolderOptions {
  readonly isDryRun: boolean;
  /** Whether files are equal by their digests rather than by size and time. */
  readonly byDigest: boolean;
  readonly filter: PathFilter;
}

/** What was given of them. Throws a UsageError. */
export function readFolderOptions(options: ParsedOptions): FolderOptions {
  return {
    isDryRun: options.flag("dry-run"),
    byDigest: options.flag("checksum"),
    filter: new PathFilter(options.values("include"), options.values("exclude")),
  };
}

/** What to tell of a place in which there was nothing. */
export function nothingIn({ filter }: Pick<FolderOptions, "filter">, where = "there"): string {
  const which = filter.wantsAll ? "" : " that --include and --exclude leave";
  return `There are no files in ${where}${which}`;
}

/** Throws a UsageError where one of them was given to a command that is not to deal with folders. */
export function refuseFolderOptions(options: ParsedOptions): void {
  for (const { name, value } of FOLDER_OPTIONS) {
    if (value ? options.values(name).length === 0 : !options.flag(name)) continue;
    throw new UsageError(`--${name} is for folders; add --recursive`);
  }
}

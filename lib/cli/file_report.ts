// A file of the server as the commands show it.

import type { FileInfo } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import { formatCount, formatShortDigest, formatSize, formatTime, printable } from "./format.ts";

/** The object that `--json` prints for a file: these fields and no others, whatever the client knows. */
export function fileJson(file: FileInfo): FileInfo {
  const { name, version, size, digest, committedMs, modifiedMs, metadata } = file;
  return { name, version, size, digest, committedMs, modifiedMs, metadata };
}

/** Tells of a change that was made: the object with `--json`, else `sentence`; nothing with `--quiet`. */
export async function reportDone(
  context: CommandContext,
  file: FileInfo,
  sentence: string,
): Promise<void> {
  if (context.options.flag("quiet")) return;
  const json = context.options.flag("json");
  await context.screen.results(json ? JSON.stringify(fileJson(file)) : sentence);
}

/** The line of `put` and `get`: where it is now, version, size, digest. */
export function transferredLine(place: string, file: FileInfo): string {
  return `${printable(place)}  v${file.version}  ${formatSize(file.size)}  ${file.digest}`;
}

/** The line of `ls -l`: size, time, version, short digest, name. */
export function longLine(file: FileInfo): string {
  const size = formatSize(file.size).padStart(8);
  const version = `v${file.version}`.padStart(6);
  const digest = formatShortDigest(file.digest);
  return `${size}  ${formatTime(file.committedMs)}  ${version}  ${digest}  ${printable(file.name)}`;
}

/** The lines of `stat`, one fact each. */
export function factLines(file: FileInfo): string[] {
  const facts: [string, string][] = [
    ["name", printable(file.name)],
    ["version", String(file.version)],
    [
      "size",
      `${formatCount(file.size)} bytes${file.size < 1024 ? "" : ` (${formatSize(file.size)})`}`,
    ],
    ["digest", file.digest],
    ["committed", formatTime(file.committedMs)],
    ["modified", file.modifiedMs === 0 ? "unknown" : formatTime(file.modifiedMs)],
    ...Object.entries(file.metadata).map(([key, value]): [string, string] => [
      "metadata",
      printable(`${key}=${value}`),
    ]),
  ];
  return facts.map(([what, value]) => `${what.padEnd(10)} ${value}`);
}

// A file of the server as the commands show it.

import type { FileInfo } from "../client/types.ts";
import type { Output } from "../runtime/process.ts";
import type { CommandContext } from "./command.ts";
import { formatCount, formatShortDigest, formatSize, formatTime, printable } from "./format.ts";
import { textWidth } from "./text_width.ts";

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

/**
 * The line of `put` and `get`: where it is now, version, size, digest. Of the digest it shows the beginning
 * only where the whole would not fit the terminal that `output` is.
 */
export function transferredLine(place: string, file: FileInfo, output?: Output): string {
  const start = `${printable(place)}  v${file.version}  ${formatSize(file.size)}  `;
  const isWide = output?.isTerminal &&
    textWidth(start) + file.digest.length > (output.columns() || 80);
  return start + (isWide ? formatShortDigest(file.digest) : file.digest);
}

/** The line of `ls -l`: size, in bytes where it is to be exact, time, version, short digest, name. */
export function longLine(file: FileInfo, { exact }: { exact: boolean }): string {
  const size = exact ? String(file.size) : formatSize(file.size);
  return longColumns(exact, [
    size,
    formatTime(file.committedMs),
    `v${file.version}`,
    formatShortDigest(file.digest),
    printable(file.name),
  ]);
}

/** The line of `ls -l` for names that begin alike: no more than that. */
export function folderLine(folder: string, { exact }: { exact: boolean }): string {
  return longColumns(exact, ["folder", "", "", "", printable(folder)]);
}

function longColumns(exact: boolean, columns: readonly string[]): string {
  const [size, time, version, digest, name] = columns as [string, string, string, string, string];
  return `${size.padStart(exact ? 13 : 8)}  ${time.padEnd(20)}  ${version.padStart(6)}  ` +
    `${digest.padEnd(12)}  ${name}`;
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

// How Deno looks at small files and reads them: its own calls take a third of the time of those of node:fs.

import type { LocalStatus, WholeFile } from "./files.ts";
import type { SmallFileCalls } from "./local_files.ts";

/** The calls of Deno. */
export const denoSmallFiles: SmallFileCalls = { look, readWhole };

function look(path: string): LocalStatus {
  const status = Deno.lstatSync(path);
  const kind = status.isFile
    ? "file"
    : status.isDirectory
    ? "folder"
    : status.isSymlink
    ? "link"
    : "other";
  const inode = status.ino ?? undefined;
  return { kind, size: status.size, modifiedMs: modifiedMsOf(status), inode };
}

function readWhole(path: string, most: number): WholeFile {
  const into = new Uint8Array(most + 1);
  using file = Deno.openSync(path);
  let size = 0;
  for (let count: number | null = 0; count !== null && size < into.length; size += count ?? 0) {
    count = file.readSync(into.subarray(size));
  }
  return { bytes: into.subarray(0, size), modifiedMs: modifiedMsOf(file.statSync()) };
}

function modifiedMsOf({ mtime }: Deno.FileInfo): number {
  return mtime?.getTime() ?? 0;
}

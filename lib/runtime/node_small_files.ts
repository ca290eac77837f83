// How node:fs looks at small files, reads and writes them.

import fs, { type Dirent } from "node:fs";
import fsp from "node:fs/promises";
import type { FolderEntry, LocalStatus, Placement, WholeFile } from "./files.ts";
import type { SmallFiles } from "./local_files.ts";
import { nodeFiles, statusFrom } from "./node_files.ts";

/** The calls of node:fs. */
export const nodeSmallFiles: SmallFiles = {
  blocking: {
    look,
    entries: (path) => fs.readdirSync(path, { withFileTypes: true }).map(entryOf),
    readWhole,
    place,
  },
  patient: {
    look: async (path) => localStatus(await fsp.lstat(path)),
    entries: async (path) => (await fsp.readdir(path, { withFileTypes: true })).map(entryOf),
    readWhole: readWholePatiently,
    place: placePatiently,
  },
  removeFolder: (path) => fsp.rmdir(path),
};

function look(path: string): LocalStatus | undefined {
  const status = fs.lstatSync(path, { throwIfNoEntry: false });
  return status && localStatus(status);
}

function localStatus(status: fs.Stats): LocalStatus {
  const { kind, size, modifiedMs } = statusFrom(status);
  const inode = status.ino;
  return { kind: status.isSymbolicLink() ? "link" : kind, size, modifiedMs, inode };
}

function entryOf(entry: Dirent): FolderEntry {
  const kind = entry.isSymbolicLink()
    ? "link"
    : entry.isFile()
    ? "file"
    : entry.isDirectory()
    ? "folder"
    : "other";
  return { name: entry.name, kind };
}

function readWhole(path: string, most: number): WholeFile {
  const into = new Uint8Array(most + 1);
  const file = fs.openSync(path, "r");
  try {
    let size = 0;
    for (let count = -1; count !== 0 && size < into.length; size += count) {
      count = fs.readSync(file, into, size, into.length - size, size);
    }
    const { modifiedMs } = statusFrom(fs.fstatSync(file));
    return { bytes: into.subarray(0, size), modifiedMs };
  } finally {
    fs.closeSync(file);
  }
}

async function readWholePatiently(path: string, most: number): Promise<WholeFile> {
  const into = new Uint8Array(most + 1);
  const file = await nodeFiles.open(path, "read");
  try {
    const size = await file.read(into, 0);
    const { modifiedMs } = statusFrom(await fsp.stat(path));
    return { bytes: into.subarray(0, size), modifiedMs };
  } finally {
    await file.close();
  }
}

function place({ bytes, modifiedMs }: WholeFile, { target, temporary }: Placement): void {
  const file = fs.openSync(temporary, "wx");
  try {
    try {
      for (let done = 0; done < bytes.length;) {
        done += fs.writeSync(file, bytes, done, bytes.length - done, done);
      }
    } finally {
      fs.closeSync(file);
    }
    if (modifiedMs > 0) setTime(temporary, modifiedMs);
    fs.renameSync(temporary, target);
  } catch (thrown) {
    fs.rmSync(temporary, { force: true });
    throw thrown;
  }
}

function setTime(path: string, modifiedMs: number): void {
  try {
    fs.utimesSync(path, modifiedMs / 1000, modifiedMs / 1000);
  } catch {
    // A file without its time is still the file.
  }
}

async function placePatiently(whole: WholeFile, placement: Placement): Promise<void> {
  const { bytes, modifiedMs } = whole;
  const { target, temporary, sync } = placement;
  const { remove, setModified, rename } = nodeFiles;
  const file = await nodeFiles.open(temporary, "create");
  try {
    await file.write(bytes, 0);
    if (sync) await file.sync();
    await file.close();
    if (modifiedMs > 0) await setModified(temporary, modifiedMs).catch(() => {});
    await rename(temporary, target);
  } catch (thrown) {
    await file.close().catch(() => {});
    await remove(temporary).catch(() => {});
    throw thrown;
  }
}

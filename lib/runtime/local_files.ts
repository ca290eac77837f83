// The file system for programs with many small files, through node:fs: as few calls for each as it takes, and
// blocking ones while they are quick. Everything else is node_files.ts.

import fs, { type Dirent } from "node:fs";
import fsp from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import type { Files, FolderEntry, LocalFiles, LocalStatus, Placement, WholeFile } from "./files.ts";
import { isMissing, nodeFiles, statusFrom } from "./node_files.ts";
import { QuickCalls } from "./quick_calls.ts";

/** The blocking calls that a runtime may have better ones for. */
export interface SmallFileCalls {
  /** What is at a path, which may be a link; undefined, or the system's error, when nothing is. */
  look(path: string): LocalStatus | undefined;
  /** As `LocalFiles.readWhole`. */
  readWhole(path: string, most: number): WholeFile;
}

/** What a runtime may have better than node:fs. */
export interface LocalFilesParts {
  /** For large files. */
  files?: Files;
  calls?: SmallFileCalls;
}

/** The file system of the runtime. The clock tells which calls are quick. */
export function localFiles(
  clock: Pick<Clock, "monotonicMs">,
  { files = nodeFiles, calls = { look, readWhole } }: LocalFilesParts = {},
): LocalFiles {
  const [looks, lists, reads] = [1, 2, 4].map((calls) => new QuickCalls(clock, { calls }));
  // Many at once in one folder wait for its lock, and burn time while they do: they had better be slow in a row.
  const writes = new QuickCalls(clock, { calls: 8 });
  return {
    ...files,
    look: (path) =>
      present(looks!.make(() => calls.look(path), async () => localStatus(await fsp.lstat(path)))),
    entries: async (path) => {
      const found = await lists!.make(
        () => fs.readdirSync(path, { withFileTypes: true }),
        () => fsp.readdir(path, { withFileTypes: true }),
      );
      return found.map(entryOf);
    },
    readWhole: (path, most) =>
      reads!.make(() => calls.readWhole(path, most), () => readWholePatiently(path, most)),
    place: (file, placement) =>
      // To wait for stable storage is slow by its nature.
      placement.sync
        ? placePatiently(file, placement)
        : writes.make(() => place(file, placement), () => placePatiently(file, placement)),
    removeFolder: (path) => fsp.rmdir(path),
  };
}

function look(path: string): LocalStatus | undefined {
  const status = fs.lstatSync(path, { throwIfNoEntry: false });
  return status && localStatus(status);
}

function localStatus(status: fs.Stats): LocalStatus {
  const { kind, size, modifiedMs } = statusFrom(status);
  const inode = status.ino;
  return { kind: status.isSymbolicLink() ? "link" : kind, size, modifiedMs, inode };
}

async function present<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
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

// The file system of every runtime, through node:fs, which Deno, Bun and Node all have.
// No policy: what is durable when is decided by the store and the client.

import { constants, fstatSync, lstatSync, readSync, type Stats, writeSync } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  statfs,
  unlink,
  utimes,
} from "node:fs/promises";
import process from "node:process";
import type { FileStatus, MeasuredFiles, OpenFile } from "./files.ts";
import { unlessMissing } from "./missing.ts";
import { QuickCalls } from "./quick_calls.ts";
import { systemClock } from "./system_clock.ts";

/** Writes to one file that may take long, and leave the rest of the program alone meanwhile. */
export interface PatientWriter {
  /** Writes the first of `bytes` at `position`; settles with how many that were. They may be reused then. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Closes what it has opened. */
  close(): void;
}

/** Makes the writer of a file that is open at this path; asked once a file, when blocking has become slow. */
export type MakePatientWriter = (path: string, handle: FileHandle) => PatientWriter;

/** The file system of the runtime, all of it through node:fs. */
export const nodeFiles: MeasuredFiles = {
  open: (path, mode) => openFile(path, mode, nodeWriter),
  stat: statusOf,
  rename: (from, to) => rename(from, to),
  remove,
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  syncFolder,
  list: (path) => readdir(path),
  freeSpace: async (path) => {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
  setModified: (path, modifiedMs) => utimes(path, modifiedMs / 1000, modifiedMs / 1000),
};

/** The same with a writer of the runtime's own for files whose disk is slow. */
export function nodeFilesWith(makeWriter: MakePatientWriter): MeasuredFiles {
  return { ...nodeFiles, open: (path, mode) => openFile(path, mode, makeWriter) };
}

function nodeWriter(_path: string, handle: FileHandle): PatientWriter {
  return {
    write: async (bytes, position) =>
      (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    close() {},
  };
}

async function openFile(
  path: string,
  mode: keyof typeof FLAGS,
  makeWriter: MakePatientWriter,
): Promise<OpenFile> {
  const permissions = mode === "createPrivate" ? 0o600 : 0o666;
  const handle = await open(path, FLAGS[mode], permissions);
  return new NodeFile(handle, path, () => makeWriter(path, handle));
}

// "wx" and not "wx+", so that a program that only creates needs no permission to read.
const FLAGS = {
  read: "r",
  create: "wx",
  createPrivate: "wx",
  // Windows has no O_NOFOLLOW, and links there need rights of their own.
  update: constants.O_RDWR | (constants.O_NOFOLLOW ?? 0),
} as const;

/**
 * Bytes of one write, which ends at a multiple of them: Linux caches it in one large page then, and a GiB takes 0.23 s and
 * not 0.26. Where memory is in pieces it takes longer than all else to find larger ones: 1 MiB at a time went into new
 * files at a sixth of the rate.
 */
const MOST_WRITTEN = 256 * 1024;

// A large file is mostly in memory, or on its way there: a call that blocks then takes half the processor time
// of one through a promise, on both sides of a transfer.
class NodeFile implements OpenFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  // On a virtual machine whose host has its free memory a write of 256 KiB to the cache takes 0.25 ms, and not 0.04.
  readonly #reads = new QuickCalls(systemClock, { calls: 4 });
  readonly #writes = new QuickCalls(systemClock, { calls: 4 });
  readonly #looks = new QuickCalls(systemClock);
  readonly #makeWriter: () => PatientWriter;
  #writer: PatientWriter | undefined;
  #closed: Promise<void> | undefined;

  constructor(handle: FileHandle, path: string, makeWriter: () => PatientWriter) {
    this.#handle = handle;
    this.#path = path;
    this.#makeWriter = makeWriter;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const left = into.length - done;
      const place = [into, done, left, position + done] as const;
      const bytesRead = await this.#reads.make(
        () => readSync(this.#descriptor, ...place),
        async () => (await this.#handle.read(...place)).bytesRead,
      );
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      // The position must be a number: a bigint is ignored and the bytes land at the file's cursor.
      const count = Math.min(bytes.length - done, MOST_WRITTEN - (position + done) % MOST_WRITTEN);
      const place = [bytes, done, count, position + done] as const;
      done += await this.#writes.make(
        () => writeSync(this.#descriptor, ...place),
        () => this.#patientWriter.write(bytes.subarray(done, done + count), position + done),
      );
    }
  }

  /** None of a file that is closed: its number may belong to another one already. */
  get #descriptor(): number {
    return this.#closed ? -1 : this.#handle.fd;
  }

  get #patientWriter(): PatientWriter {
    if (this.#closed) throw new TypeError("Cannot write to a file that is closed");
    return this.#writer ??= this.#makeWriter();
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async isInPlace(): Promise<boolean> {
    const own = fstatSync(this.#descriptor, EXACT);
    const there = await this.#looks.make(
      () => lstatSync(this.#path, { ...EXACT, throwIfNoEntry: false }),
      () => unlessMissing(lstat(this.#path, EXACT)),
    );
    return there !== undefined && there.dev === own.dev && there.ino === own.ino;
  }

  close(): Promise<void> {
    if (!this.#closed) this.#writer?.close();
    return this.#closed ??= this.#handle.close();
  }
}

// Numbers of files go beyond 2^53 on some file systems.
const EXACT = { bigint: true } as const;

async function statusOf(path: string): Promise<FileStatus | undefined> {
  const status = await unlessMissing(stat(path));
  return status && statusFrom(status);
}

/** What the system's status says. */
export function statusFrom(status: Stats): FileStatus {
  const kind = status.isFile() ? "file" : status.isDirectory() ? "folder" : "other";
  return { kind, size: status.size, modifiedMs: Math.trunc(status.mtimeMs), mode: status.mode };
}

async function remove(path: string): Promise<void> {
  // Not `rm`, which looks first and so needs permission to read.
  await unlessMissing(unlink(path));
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and its file systems keep a journal of their entries anyway.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

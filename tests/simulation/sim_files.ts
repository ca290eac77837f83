// `Files` on a simulated disk, as one process has them: each call takes time and may fail as disks do.

import type { Files, FileStatus, OpenFile } from "../../lib/runtime/files.ts";
import type { SimRandom } from "./random.ts";
import type { SimClock, SimProcess } from "./sim_clock.ts";
import { DiskFile, DiskFolder, type DiskNode, foldersOf } from "./sim_disk.ts";

/** A folder that is there from the beginning. */
export const DATA_FOLDER = "/data";

/** How long a disk takes, in milliseconds: from, to. */
export interface DiskWeather {
  readonly callMs: readonly [number, number];
  readonly syncMs: readonly [number, number];
}

/** A disk that outlives the processes that use it. */
export class SimDisk {
  /** How many times slower than usual it is. */
  slowness = 1;
  /** Nothing can be added. */
  isFull = false;
  /** How likely a write or a sync fails, and loses what it was for. */
  failing = 0;
  readonly root = new DiskFolder();
  readonly #clock: SimClock;
  readonly #random: SimRandom;
  readonly #weather: DiskWeather;

  constructor(
    { clock, random, weather }: { clock: SimClock; random: SimRandom; weather: DiskWeather },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#weather = weather;
    this.root.change(DATA_FOLDER.slice(1), new DiskFolder());
    this.root.beginSync()();
  }

  /** Changes that the process may or may not have lived to hear of are done, in part; the rest is lost. */
  losePower(): void {
    const folders = foldersOf(this.root);
    for (const folder of folders) folder.losePower(this.#random);
    this.root.restore(this.#random);
  }

  /** Paths of all files, in order. */
  paths(): string[] {
    const below = (folder: DiskFolder, path: string): string[] =>
      [...folder.entries].flatMap(([name, node]) =>
        node.kind === "folder" ? below(node, `${path}/${name}`) : [`${path}/${name}`]
      );
    return below(this.root, "").sort();
  }

  /** Does `work` for a process, after a while; it may be done a while before the process hears of it. */
  async perform<T>(process: SimProcess, kind: "call" | "sync", work: () => T): Promise<T> {
    const { callMs, syncMs } = this.#weather;
    const ms = this.#random.between(...(kind === "call" ? callMs : syncMs)) * this.slowness;
    const beforeMs = this.#random.chance(0.5) ? ms : this.#random.between(0, ms);
    await process.wait(beforeMs);
    let result: T | undefined;
    let failure: unknown;
    try {
      result = work();
      // A promise that fails is looked at only when the process hears of it.
      if (result instanceof Promise) result.catch(() => {});
    } catch (thrown) {
      failure = thrown;
    }
    if (beforeMs < ms) await process.wait(ms - beforeMs);
    if (failure) throw failure;
    return result as T;
  }

  /** Fails a call that adds something, when the disk is full or failing. */
  insistOnHealth(call: string): void {
    if (this.isFull && call !== "sync") throw systemError("ENOSPC", call);
    if (this.#random.chance(this.failing)) throw systemError("EIO", call);
  }

  /** Now, milliseconds since 1970. */
  get dateMs(): number {
    return this.#clock.dateMs;
  }
}

/** The files of a disk as one process sees them. */
export class SimFiles implements Files {
  readonly #disk: SimDisk;
  readonly #process: SimProcess;
  #open = 0;

  constructor(disk: SimDisk, process: SimProcess) {
    this.#disk = disk;
    this.#process = process;
  }

  /** Files that are open: none may be left when the process has ended. */
  get openFiles(): number {
    return this.#open;
  }

  open(path: string, mode: "read" | "create" | "update"): Promise<OpenFile> {
    return this.#call(() => {
      const { folder, name } = this.#parent(path);
      let node = folder.entries.get(name);
      if (mode === "create") {
        if (node) throw systemError("EEXIST", path);
        this.#disk.insistOnHealth("open");
        node = new DiskFile(this.#disk.dateMs);
        folder.change(name, node);
      }
      if (node?.kind !== "file") throw systemError(node ? "EISDIR" : "ENOENT", path);
      this.#open++;
      return new SimOpenFile(node, {
        disk: this.#disk,
        process: this.#process,
        onClose: () => void this.#open--,
        isInPlace: () => this.#find(path) === node,
      });
    });
  }

  stat(path: string): Promise<FileStatus | undefined> {
    return this.#call(() => {
      const node = this.#find(path);
      return node && { kind: node.kind, size: node.size, modifiedMs: node.modifiedMs };
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call(() => {
      const [source, target] = [this.#parent(from), this.#parent(to)];
      const node = source.folder.entries.get(source.name);
      if (!node) throw systemError("ENOENT", from);
      this.#disk.insistOnHealth("rename");
      // As POSIX says of two names of one file: nothing is done, and both stay.
      if (target.folder.entries.get(target.name) === node) return;
      const arrival = target.folder.change(target.name, node);
      source.folder.change(source.name, undefined, arrival);
    });
  }

  remove(path: string): Promise<void> {
    return this.#call(() => {
      const { folder, name } = this.#parent(path);
      if (folder.entries.has(name)) folder.change(name, undefined);
    });
  }

  makeFolder(path: string): Promise<void> {
    return this.#call(() => {
      let folder = this.#disk.root;
      for (const name of namesOf(path)) {
        let next = folder.entries.get(name);
        if (!next) {
          this.#disk.insistOnHealth("mkdir");
          folder.change(name, next = new DiskFolder());
        }
        if (next.kind !== "folder") throw systemError("ENOTDIR", path);
        folder = next;
      }
    });
  }

  syncFolder(path: string): Promise<void> {
    const node = this.#find(path);
    const finish = node?.kind === "folder" ? node.beginSync() : undefined;
    return this.#disk.perform(this.#process, "sync", () => {
      if (!finish) throw systemError("ENOENT", path);
      this.#disk.insistOnHealth("sync");
      finish();
    });
  }

  list(path: string): Promise<string[]> {
    return this.#call(() => {
      const node = this.#find(path);
      if (node?.kind !== "folder") throw systemError("ENOENT", path);
      return [...node.entries.keys()];
    });
  }

  setModified(path: string, modifiedMs: number): Promise<void> {
    return this.#call(() => {
      const node = this.#find(path);
      if (node?.kind !== "file") throw systemError("ENOENT", path);
      node.modifiedMs = modifiedMs;
    });
  }

  #call<T>(work: () => T): Promise<T> {
    return this.#disk.perform(this.#process, "call", work);
  }

  #find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.#disk.root;
    for (const name of namesOf(path)) {
      node = node?.kind === "folder" ? node.entries.get(name) : undefined;
    }
    return node;
  }

  #parent(path: string): { folder: DiskFolder; name: string } {
    const names = namesOf(path);
    const folder = this.#find(names.slice(0, -1).join("/"));
    if (folder?.kind !== "folder") throw systemError("ENOENT", path);
    return { folder, name: names.at(-1)! };
  }
}

class SimOpenFile implements OpenFile {
  readonly #file: DiskFile;
  readonly #disk: SimDisk;
  readonly #process: SimProcess;
  readonly #onClose: () => void;
  readonly #isInPlace: () => boolean;
  #closed = false;

  constructor(
    file: DiskFile,
    options: {
      disk: SimDisk;
      process: SimProcess;
      onClose: () => void;
      isInPlace: () => boolean;
    },
  ) {
    this.#file = file;
    this.#disk = options.disk;
    this.#process = options.process;
    this.#onClose = options.onClose;
    this.#isInPlace = options.isInPlace;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#call(() => {
      const bytes = this.#file.bytes.subarray(position, position + into.length);
      into.set(bytes);
      return bytes.length;
    });
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#call(() => {
      try {
        this.#disk.insistOnHealth("write");
      } catch (thrown) {
        this.#file.write(bytes.subarray(0, bytes.length >> 1), position); // a short write, then the error
        throw thrown;
      }
      this.#file.write(bytes, position);
    });
  }

  sync(): Promise<void> {
    this.#insistOnOpen();
    // When it fails, systems count these pages as clean all the same: they are never written.
    const finish = this.#file.beginSync();
    return this.#disk.perform(this.#process, "sync", () => {
      this.#disk.insistOnHealth("sync");
      finish();
    });
  }

  truncate(size: number): Promise<void> {
    return this.#call(() => this.#file.truncate(size));
  }

  size(): Promise<number> {
    return this.#call(() => this.#file.size);
  }

  isInPlace(): Promise<boolean> {
    return this.#call(this.#isInPlace);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }

  #call<T>(work: () => T): Promise<T> {
    this.#insistOnOpen();
    return this.#disk.perform(this.#process, "call", work);
  }

  #insistOnOpen(): void {
    if (this.#closed) throw systemError("EBADF", "a file that is closed");
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

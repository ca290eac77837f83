// `Files` on a disk with a volatile cache. Every call that changes something is told before and after, so that
// a test can let the power go, or a call fail, at each of them.

import type { Files, FileStatus, OpenFile } from "../../lib/runtime/files.ts";
import {
  type VolatileDisk,
  VolatileFile,
  VolatileFolder,
  type VolatileNode,
} from "./volatile_disk.ts";

/** A call that changes the disk. */
export interface DiskCall {
  readonly name:
    | "open"
    | "create"
    | "write"
    | "truncate"
    | "sync"
    | "rename"
    | "remove"
    | "makeFolder"
    | "syncFolder";
  readonly path: string;
}

/** What a test does at each call. */
export interface VolatileFilesOptions {
  /** Runs before a call, which it may let fail. */
  readonly before?: (call: DiskCall) => void;
  /** Runs when a call has done its work and before its caller hears of that. */
  readonly after?: (call: DiskCall) => void;
  /** Calls that say they are done and do nothing: `sync`, `syncFolder`. */
  readonly forgets?: ReadonlySet<DiskCall["name"]>;
}

/** The files of a {@linkcode VolatileDisk}. */
export class VolatileFiles implements Files {
  readonly disk: VolatileDisk;
  /** Files whose sync was tried again after it had failed: what it says then is worth nothing. */
  readonly retriedSyncs: string[] = [];
  readonly #options: VolatileFilesOptions;

  constructor(disk: VolatileDisk, options: VolatileFilesOptions = {}) {
    this.disk = disk;
    this.#options = options;
  }

  async open(path: string, mode: "read" | "create" | "update"): Promise<OpenFile> {
    return this.#call({ name: mode === "create" ? "create" : "open", path }, () => {
      const { folder, name } = this.#parent(path);
      const known = folder.entries.get(name);
      if (mode === "create" && known) throw systemError("EEXIST", path);
      if (mode !== "create" && known?.kind !== "file") throw systemError("ENOENT", path);
      const file = known?.kind === "file" ? known : new VolatileFile();
      if (!known) folder.change(name, file);
      return this.#openFile(file, path);
    });
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    const node = this.#find(path);
    const size = node?.kind === "file" ? node.bytes.length : 0;
    return node && { kind: node.kind, size, modifiedMs: 0 };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call({ name: "rename", path: to }, () => {
      const [source, target] = [this.#parent(from), this.#parent(to)];
      const node = source.folder.entries.get(source.name);
      if (!node) throw systemError("ENOENT", from);
      // As POSIX says of two names of one file: nothing is done, and both stay.
      if (target.folder.entries.get(target.name) === node) return;
      const arrival = target.folder.change(target.name, node);
      source.folder.change(source.name, undefined, arrival);
    });
  }

  async remove(path: string): Promise<void> {
    this.#call({ name: "remove", path }, () => {
      const { folder, name } = this.#parent(path);
      if (folder.entries.has(name)) folder.change(name, undefined);
    });
  }

  async makeFolder(path: string): Promise<void> {
    this.#call({ name: "makeFolder", path }, () => {
      let folder = this.disk.root;
      for (const name of partsOf(path)) {
        const next = folder.entries.get(name) ?? new VolatileFolder();
        if (next.kind !== "folder") throw systemError("ENOTDIR", path);
        if (!folder.entries.has(name)) folder.change(name, next);
        folder = next;
      }
    });
  }

  async syncFolder(path: string): Promise<void> {
    this.#call({ name: "syncFolder", path }, () => this.#folder(path).sync());
  }

  async list(path: string): Promise<string[]> {
    return [...this.#folder(path).entries.keys()];
  }

  async setModified(): Promise<void> {}

  #openFile(file: VolatileFile, path: string): OpenFile {
    return {
      read: async (into, position) => {
        const part = file.bytes.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      write: async (bytes, start) => {
        const change = { kind: "write", start, bytes: bytes.slice() } as const;
        this.#call({ name: "write", path }, () => file.change(change));
      },
      truncate: async (size) => {
        this.#call({ name: "truncate", path }, () => file.change({ kind: "cut", size }));
      },
      sync: async () => {
        if (file.syncFailed) this.retriedSyncs.push(path);
        this.#call({ name: "sync", path }, () => file.sync(), () => file.failSync());
      },
      size: async () => file.bytes.length,
      isInPlace: async () => this.#find(path) === file,
      close: async () => {},
    };
  }

  #call<T>(call: DiskCall, work: () => T, onFailure = () => {}): T {
    try {
      this.#options.before?.(call);
    } catch (thrown) {
      onFailure();
      throw thrown;
    }
    const result = this.#options.forgets?.has(call.name) ? undefined as T : work();
    this.#options.after?.(call);
    return result;
  }

  #find(path: string): VolatileNode | undefined {
    let node: VolatileNode | undefined = this.disk.root;
    for (const name of partsOf(path)) {
      node = node?.kind === "folder" ? node.entries.get(name) : undefined;
    }
    return node;
  }

  #folder(path: string): VolatileFolder {
    const node = this.#find(path);
    if (node?.kind !== "folder") throw systemError(node ? "ENOTDIR" : "ENOENT", path);
    return node;
  }

  #parent(path: string): { folder: VolatileFolder; name: string } {
    const end = path.lastIndexOf("/");
    return { folder: this.#folder(path.slice(0, end)), name: path.slice(end + 1) };
  }
}

/** An error as a runtime throws it. */
export function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

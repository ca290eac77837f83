// The file system on Deno: node_files.ts, but for new files. `Deno.FsFile` writes on another thread, where
// node:fs, also through promises, writes on this one, which has bytes to hash and to take from the network.

import type { MeasuredFiles, OpenFile } from "./files.ts";
import { nodeFiles } from "./node_files.ts";
import { WriteBehind } from "./write_behind.ts";

/** The file system of Deno. */
export const denoFiles: MeasuredFiles = {
  ...nodeFiles,
  open: async (path, mode) =>
    mode === "create"
      ? new NewFile(await Deno.open(path, { write: true, createNew: true }))
      : await nodeFiles.open(path, mode),
};

/** A file that is written, mostly in order. A write may fail at a later call, at the latest at sync or close. */
class NewFile implements OpenFile {
  readonly #file: Deno.FsFile;
  readonly #behind = new WriteBehind((bytes, position) => this.#writeAll(bytes, position));
  #cursor = 0;
  #closed: Promise<void> | undefined;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  read(): Promise<number> {
    return Promise.reject(new TypeError("Cannot read a file that was created for writing only"));
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    if (this.#closed) return Promise.reject(new TypeError("Cannot write to a file that is closed"));
    return this.#behind.write(bytes, position);
  }

  async sync(): Promise<void> {
    await this.#behind.flush();
    await this.#file.syncData();
  }

  async truncate(size: number): Promise<void> {
    await this.#behind.flush();
    await this.#file.truncate(size);
  }

  async size(): Promise<number> {
    await this.#behind.flush();
    return (await this.#file.stat()).size;
  }

  close(): Promise<void> {
    return this.#closed ??= this.#flushAndClose();
  }

  async #flushAndClose(): Promise<void> {
    try {
      await this.#behind.end();
    } finally {
      this.#file.close();
    }
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    if (position !== this.#cursor) await this.#file.seek(position, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += await this.#file.write(bytes.subarray(done));
    this.#cursor = position + bytes.length;
  }
}

// Blobs as files in a folder: `uploads/ID` while unfinished, `blobs/ab/ID` once published, where `ab` is
// the beginning of the id. What is durable when is written at each method that promises it.

import { MorselError } from "../base/errors.ts";
import type { Files, OpenFile } from "../runtime/files.ts";
import type { BlobReader, Blobs, BlobWriter } from "./blobs.ts";
import { storageError } from "./storage_error.ts";

// What else lies in the folders, such as lost+found, is left alone.
const ID = /^[0-9a-f]{32}$/;

/** A {@linkcode Blobs} in a folder of one disk. */
export class FolderBlobs implements Blobs {
  readonly #files: Files;
  readonly #uploads: string;
  readonly #blobs: string;
  // The folders `blobs/ab` that are known to be on stable storage: 256 at most.
  readonly #durableFolders = new Set<string>();

  private constructor(folder: string, files: Files) {
    this.#files = files;
    this.#uploads = `${folder}/uploads`;
    this.#blobs = `${folder}/blobs`;
  }

  /** Opens the blobs in `folder`, which exists; its folders within are made if they are missing. */
  static async open(folder: string, files: Files): Promise<FolderBlobs> {
    const blobs = new FolderBlobs(folder, files);
    await attempt(`Cannot make the folders of blobs in ${folder}`, async () => {
      await files.makeFolder(blobs.#uploads);
      await files.makeFolder(blobs.#blobs);
      await files.syncFolder(folder);
    });
    return blobs;
  }

  /** The blobs in a folder of another process; nothing is made. */
  static read(folder: string, files: Files): FolderBlobs {
    return new FolderBlobs(folder, files);
  }

  async create(id: string): Promise<BlobWriter> {
    const file = await attempt(
      `Cannot create blob ${id}`,
      () => this.#files.open(this.#unfinishedPath(id), "create"),
    );
    return this.#writer(id, file);
  }

  reopen(id: string, size: number): Promise<BlobWriter | undefined> {
    return attempt(`Cannot open unfinished blob ${id}`, async () => {
      const file = await this.#openThere(this.#unfinishedPath(id), "update");
      if (!file) return undefined;
      try {
        await cutTo(size, file, id);
      } catch (thrown) {
        await file.close();
        throw thrown;
      }
      return this.#writer(id, file);
    });
  }

  publish(id: string): Promise<void> {
    return attempt(`Cannot publish blob ${id}`, async () => {
      const folder = await this.#publishedFolder(id);
      await this.#files.rename(this.#unfinishedPath(id), this.#publishedPath(id));
      // The new entry first: a crash between the two may show the blob twice, never nowhere.
      await this.#files.syncFolder(folder);
      // After such a crash the rename has done nothing, as both names were of one file.
      await this.#files.remove(this.#unfinishedPath(id));
      await this.#files.syncFolder(this.#uploads);
    });
  }

  withdraw(id: string): Promise<boolean> {
    return attempt(`Cannot withdraw blob ${id}`, async () => {
      if (!await this.#files.stat(this.#publishedPath(id))) return false;
      await this.#files.rename(this.#publishedPath(id), this.#unfinishedPath(id));
      await this.#files.syncFolder(this.#uploads);
      await this.#files.syncFolder(this.#folderOf(id));
      return true;
    });
  }

  open(id: string): Promise<BlobReader | undefined> {
    return attempt(`Cannot open blob ${id}`, async () => {
      const file = await this.#openThere(this.#publishedPath(id), "read");
      return file && new FolderBlobReader(id, file, await sizeOrClose(file));
    });
  }

  async remove(id: string): Promise<void> {
    await this.removeUnfinished(id);
    await attempt(`Cannot remove blob ${id}`, async () => {
      const folder = this.#folderOf(id);
      if (!await this.#files.stat(folder)) return;
      await this.#files.remove(this.#publishedPath(id));
      // Also where it has gone already: whoever removed it may have been killed before this.
      await this.#files.syncFolder(folder);
    });
  }

  removeUnfinished(id: string): Promise<void> {
    // One that a crash brings back is removed on the next start, as no row names it.
    return attempt(
      `Cannot remove unfinished blob ${id}`,
      () => this.#files.remove(this.#unfinishedPath(id)),
    );
  }

  published(beginning: string): Promise<string[]> {
    const folder = this.#folderOf(beginning);
    return attempt("Cannot list the blobs", async () => {
      const names = await this.#files.stat(folder) ? await this.#files.list(folder) : [];
      return names.filter((name) => ID.test(name) && name.startsWith(beginning));
    });
  }

  unfinished(): Promise<string[]> {
    return attempt("Cannot list the unfinished blobs", async () => {
      return (await this.#files.list(this.#uploads)).filter((name) => ID.test(name));
    });
  }

  #writer(id: string, file: OpenFile): BlobWriter {
    return new FolderBlobWriter(id, file, () => this.#files.syncFolder(this.#uploads));
  }

  /** Makes `blobs/ab`; settles when its own entry is durable. */
  async #publishedFolder(id: string): Promise<string> {
    const folder = this.#folderOf(id);
    if (!this.#durableFolders.has(folder)) {
      await this.#files.makeFolder(folder);
      await this.#files.syncFolder(this.#blobs);
      this.#durableFolders.add(folder);
    }
    return folder;
  }

  async #openThere(path: string, mode: "read" | "update"): Promise<OpenFile | undefined> {
    try {
      return await this.#files.open(path, mode);
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code === "ENOENT") return undefined;
      throw thrown;
    }
  }

  #unfinishedPath(id: string): string {
    return `${this.#uploads}/${id}`;
  }

  #publishedPath(id: string): string {
    return `${this.#folderOf(id)}/${id}`;
  }

  #folderOf(id: string): string {
    return `${this.#blobs}/${id.slice(0, 2)}`;
  }
}

class FolderBlobWriter implements BlobWriter {
  readonly #id: string;
  readonly #file: OpenFile;
  readonly #syncEntry: () => Promise<void>;
  #entryIsDurable = false;

  constructor(id: string, file: OpenFile, syncEntry: () => Promise<void>) {
    this.#id = id;
    this.#file = file;
    this.#syncEntry = syncEntry;
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return attempt(`Cannot write blob ${this.#id}`, () => this.#file.write(bytes, offset));
  }

  sync(): Promise<void> {
    return attempt(`Cannot sync blob ${this.#id}`, async () => {
      await this.#file.sync();
      // Bytes are safe only in a file that is found again.
      if (!this.#entryIsDurable) await this.#syncEntry();
      this.#entryIsDurable = true;
    });
  }

  close(): Promise<void> {
    return attempt(`Cannot close blob ${this.#id}`, () => this.#file.close());
  }
}

class FolderBlobReader implements BlobReader {
  readonly size: number;
  readonly #id: string;
  // The open file keeps the bytes of a removed blob.
  readonly #file: OpenFile;

  constructor(id: string, file: OpenFile, size: number) {
    this.#id = id;
    this.#file = file;
    this.size = size;
  }

  read(into: Uint8Array, offset: number): Promise<number> {
    return attempt(`Cannot read blob ${this.#id}`, () => this.#file.read(into, offset));
  }

  close(): Promise<void> {
    return attempt(`Cannot close blob ${this.#id}`, () => this.#file.close());
  }
}

async function cutTo(size: number, file: OpenFile, id: string): Promise<void> {
  const found = await file.size();
  if (found < size) {
    throw new MorselError(
      "integrity",
      `The unfinished blob ${id} has ${found} bytes, and ${size} were on stable storage`,
    );
  }
  if (found > size) await file.truncate(size);
}

async function sizeOrClose(file: OpenFile): Promise<number> {
  try {
    return await file.size();
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

async function attempt<T>(doing: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    throw storageError(thrown, doing);
  }
}

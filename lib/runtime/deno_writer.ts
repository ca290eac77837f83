// Writes on Deno that leave the rest of the program alone while a disk is slow: whatever node:fs has for that makes the
// system's call on the main thread there, and a server would serve nobody meanwhile.

import type { FileHandle } from "node:fs/promises";
import type { PatientWriter } from "./node_files.ts";

/** Writes to the file that is open at a path, whose handle stays its caller's. */
export class DenoWriter implements PatientWriter {
  readonly #path: string;
  readonly #handle: FileHandle;
  #file: Promise<Deno.FsFile | undefined> | undefined;
  /** A file of Deno has one position: who writes elsewhere has to wait. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    const written = this.#last.then(() => this.#write(bytes, position));
    this.#last = written.catch(() => {}); // its own caller sees it
    return written;
  }

  close(): void {
    void this.#file?.then((file) => file?.close());
  }

  async #write(bytes: Uint8Array, position: number): Promise<number> {
    const file = await (this.#file ??= this.#open());
    if (!file) return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten;
    await file.seek(position, Deno.SeekMode.Start);
    return await file.write(bytes);
  }

  /** The same file once more; undefined where another one is at its path now, or it cannot be told. Never rejects. */
  async #open(): Promise<Deno.FsFile | undefined> {
    const file = await Deno.open(this.#path, { write: true }).catch(() => undefined);
    if (file && await this.#isSame(file).catch(() => false)) return file;
    file?.close();
    return undefined;
  }

  async #isSame(file: Deno.FsFile): Promise<boolean> {
    const [known, found] = [await this.#handle.stat(), await file.stat()];
    return found.ino !== null && found.ino === known.ino && found.dev === known.dev;
  }
}

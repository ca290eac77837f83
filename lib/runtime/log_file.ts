// A file that lines are appended to, for as long as a server runs, on every runtime. When it has been renamed or
// removed the next lines begin a new one, so that logs can be rotated without a word to the server.

import { type FileHandle, open, stat } from "node:fs/promises";

/** Its owner writes it, and those who look after the machine may read it: names of files are in it. */
const PERMISSIONS = 0o640;
const LINE_END = 10;

/** A file that grows at its end. */
export interface AppendedFile {
  /**
   * Appends lines and returns how many of their bytes were taken: all, or whole lines where it fails on the way. Throws
   * the runtime's error when none were.
   */
  append(bytes: Uint8Array): Promise<number>;
  /** Closes it. */
  close(): Promise<void>;
}

/** Opens a file to append to, and makes it where there is none. Throws the runtime's error. */
export async function openLogFile(path: string): Promise<AppendedFile> {
  const file = new LogFile(path);
  await file.reach();
  return file;
}

class LogFile implements AppendedFile {
  readonly #path: string;
  #handle: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async append(bytes: Uint8Array): Promise<number> {
    const handle = await this.reach();
    const { size } = await handle.stat();
    try {
      for (let taken = 0; taken < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, taken);
        if (bytesWritten === 0) throw new Error("Nothing more can be written");
        taken += bytesWritten;
      }
      return bytes.length;
    } catch (error) {
      const whole = await wholeLines(handle, { bytes, size });
      if (whole === 0) throw error;
      return whole;
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** The file that is at the path now. */
  async reach(): Promise<FileHandle> {
    if (this.#handle && await isAt(this.#path, this.#handle)) return this.#handle;
    const next = await open(this.#path, "a", PERMISSIONS);
    await this.close();
    return this.#handle = next;
  }
}

async function isAt(path: string, handle: FileHandle): Promise<boolean> {
  const [there, here] = await Promise.all([stat(path).catch(() => undefined), handle.stat()]);
  return there !== undefined && there.ino === here.ino && there.dev === here.dev;
}

/**
 * Removes the beginning of a line whose end found no room behind the `size` bytes that were there, and returns what is
 * left of `bytes`. How much a failed write has written only the size of the file tells on Deno.
 */
async function wholeLines(
  handle: FileHandle,
  { bytes, size }: { bytes: Uint8Array; size: number },
): Promise<number> {
  const taken = Math.min((await handle.stat()).size - size, bytes.length);
  if (taken <= 0) return 0;
  const whole = bytes.lastIndexOf(LINE_END, taken - 1) + 1;
  if (whole < taken) await handle.truncate(size + whole);
  return whole;
}

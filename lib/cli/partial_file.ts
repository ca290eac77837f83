// A file that is arriving, beside its target: under a name made of the target's and of the digest, so that what
// an earlier run has fetched is found again, and two runs at once write the same bytes or different files. A
// second file has the hash of each block that was proven, to check what is there before it is built upon.

import { equals } from "@std/bytes";
import { BLOCK_SIZE, DIGEST_SIZE, leafHash } from "../base/merkle.ts";
import type { ByteSink, FileInfo } from "../client/types.ts";
import type { LocalFiles, OpenFile } from "../runtime/files.ts";
import { locally } from "./failure.ts";
import { partialName } from "./local_names.ts";
import { folderOf } from "./local_path.ts";

/** What a {@linkcode PartialFile} is part of. */
export interface PartialFileOptions {
  readonly files: LocalFiles;
  readonly windows: boolean;
  /** Where the file goes in the end, as the user wrote it. */
  readonly target: string;
  /** The version that is arriving. */
  readonly file: FileInfo;
}

/** An open partial file. End it with `finish`, `keep` or `discard`. */
export class PartialFile {
  /** Bytes from the start that are there and match: where a download goes on. */
  readonly proven: number;
  readonly #options: PartialFileOptions;
  readonly #path: string;
  readonly #data: OpenFile;
  readonly #leaves: OpenFile;
  #recording: Promise<void> = Promise.resolve();
  #recorded: number;

  private constructor(options: PartialFileOptions, parts: Parts, proven: number) {
    this.#options = options;
    this.#path = parts.path;
    this.#data = parts.data;
    this.#leaves = parts.leaves;
    this.proven = this.#recorded = proven;
  }

  /** Opens what an earlier run has left, if it did, and checks it block by block. */
  static async open(options: PartialFileOptions): Promise<PartialFile> {
    const { files, target, windows, file } = options;
    const path = partialPath({ target, windows, digest: file.digest });
    const data = await locally("write", target, () => openOrCreate(files, path));
    const leaves = await locally("write", target, () => openOrCreate(files, leavesPath(path)));
    const parts = { path, data, leaves };
    const proven = await locally("read", target, () => check(parts, options.file));
    return new PartialFile(options, parts, proven);
  }

  /** Where the bytes go. */
  get sink(): ByteSink {
    const { target } = this.#options;
    return {
      write: (bytes, position) => locally("write", target, () => this.#data.write(bytes, position)),
    };
  }

  /** Notes that the bytes up to `end` are proven, the last of them by these hashes of blocks. */
  record(end: number, leaves: Uint8Array): void {
    const count = Math.ceil(end / BLOCK_SIZE);
    const position = count * DIGEST_SIZE - leaves.length;
    this.#recorded = end;
    this.#recording = this.#recording.then(() => this.#leaves.write(leaves, position));
    this.#recording.catch(() => {}); // what is not noted is fetched again
  }

  /** All has arrived and is proven: it takes the place of the target. */
  async finish(): Promise<void> {
    const { files, target, file } = this.#options;
    await this.#recording.catch(() => {});
    await this.#leaves.close();
    // Where a file is replaced, a crash soon after the rename must not have cost the old content.
    if (await files.stat(target)) await locally("write", target, () => this.#data.sync());
    await locally("write", target, () => this.#data.close());
    // A file without its time is still the file.
    if (file.modifiedMs > 0) await files.setModified(this.#path, file.modifiedMs).catch(() => {});
    await locally("write", target, () => files.rename(this.#path, target));
    await files.remove(leavesPath(this.#path)).catch(() => {}); // of no harm to anybody
  }

  /** Leaves it for a later run, if there is anything in it that such a run could use. */
  async keep(): Promise<void> {
    if (this.#recorded === 0) return await this.discard();
    await this.#close();
  }

  /** Removes it. */
  async discard(): Promise<void> {
    await this.#close();
    const { files } = this.#options;
    await files.remove(this.#path).catch(() => {}); // less worth telling than what failed before
    await files.remove(leavesPath(this.#path)).catch(() => {});
  }

  async #close(): Promise<void> {
    await this.#recording.catch(() => {});
    await this.#data.close().catch(() => {});
    await this.#leaves.close().catch(() => {});
  }
}

interface Parts {
  readonly path: string;
  readonly data: OpenFile;
  readonly leaves: OpenFile;
}

/** Beside the target, as a rename does not reach from one file system to another. */
export function partialPath(
  { target, windows, digest }: { target: string; windows: boolean; digest: string },
): string {
  const folder = folderOf(target, windows);
  return folder + partialName(target.slice(folder.length), digest);
}

function leavesPath(path: string): string {
  return `${path}-hashes`;
}

async function openOrCreate(files: LocalFiles, path: string): Promise<OpenFile> {
  // A link is not of our making, and would be written through.
  const status = await files.look(path);
  if (status && status.kind !== "file") await files.remove(path);
  try {
    return await files.open(path, "create");
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    return await files.open(path, "update");
  }
}

/** How many bytes from the start are there and hash to what was proven. */
async function check({ data, leaves }: Parts, { size }: FileInfo): Promise<number> {
  const count = Math.floor(await leaves.size() / DIGEST_SIZE);
  const present = await data.size();
  const block = new Uint8Array(BLOCK_SIZE);
  const expected = new Uint8Array(DIGEST_SIZE);
  let proven = 0;
  for (let index = 0; index < count && proven < size; index++) {
    const end = Math.min(size, proven + BLOCK_SIZE);
    if (end > present) break;
    const bytes = block.subarray(0, end - proven);
    await data.read(bytes, proven);
    await leaves.read(expected, index * DIGEST_SIZE);
    if (!equals(leafHash(bytes), expected)) break;
    proven = end;
  }
  return proven;
}

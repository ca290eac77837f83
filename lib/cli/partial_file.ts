// A file that is arriving, beside its target: under a name made of the target's and of the digest, so that what
// an earlier run has fetched is found again, and two runs at once write the same bytes or different files. A
// second file has the hash of each block that was proven, to check what is there before it is built upon.

import { equals } from "@std/bytes";
import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE, DIGEST_SIZE, leafHash } from "../base/merkle.ts";
import { quote } from "../base/names.ts";
import type { TransferCounters } from "../client/transfer_counters.ts";
import type { ByteSink, FileInfo } from "../client/types.ts";
import type { LocalFiles, OpenFile } from "../runtime/files.ts";
import { locally } from "./failure.ts";
import { localDigest } from "./local_digest.ts";
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
  readonly signal: AbortSignal;
  /** Counts the time that writing takes. */
  readonly counters: TransferCounters;
}

/** The bytes from `start` up to, not including, `end`. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** An open partial file. End it with `finish`, `keep` or `discard`. */
export class PartialFile {
  /** What is not there, or does not match: ranges of whole blocks, in order. */
  readonly missing: readonly FileRange[];
  /** How many bytes are there and match. */
  readonly proven: number;
  readonly #options: PartialFileOptions;
  readonly #path: string;
  readonly #data: OpenFile;
  readonly #leaves: OpenFile;
  #recording: Promise<void> = Promise.resolve();
  #isOfUse: boolean;
  #wasOurs = true;
  /** What is at the path as long as it is ours; to look is cheaper than to ask the file itself. */
  readonly #inode: number | undefined;

  private constructor(options: PartialFileOptions, parts: Parts, missing: FileRange[]) {
    this.#options = options;
    this.#path = parts.path;
    this.#data = parts.data;
    this.#leaves = parts.leaves;
    this.missing = missing;
    this.proven = options.file.size - missing.reduce((sum, { start, end }) => sum + end - start, 0);
    this.#inode = parts.inode;
    this.#isOfUse = this.proven > 0;
  }

  /** Opens what an earlier run has left, if it did, and checks it block by block. */
  static async open(options: PartialFileOptions): Promise<PartialFile> {
    const { files, target, windows, file } = options;
    const path = partialPath({ target, windows, digits: file.digest });
    const data = await locally("write", target, () => openOrCreate(files, path));
    const leaves = await locally("write", target, () => openOrCreate(files, leavesPath(path)));
    const inode = (await files.look(path))?.inode;
    const parts = { path, data, leaves, inode };
    const missing = await locally("read", target, () => findMissing(parts, options));
    return new PartialFile(options, parts, missing);
  }

  /** Where the bytes go. */
  get sink(): ByteSink {
    const { target, counters } = this.#options;
    return {
      write: (bytes, position) =>
        counters.wait("disk", locally("write", target, () => this.#write(bytes, position))),
    };
  }

  /** Notes that the blocks up to `end` that have these hashes are proven. */
  record(end: number, leaves: Uint8Array): void {
    const count = Math.ceil(end / BLOCK_SIZE);
    const position = count * DIGEST_SIZE - leaves.length;
    this.#isOfUse = true;
    this.#recording = this.#recording.then(() => this.#leaves.write(leaves, position));
    this.#recording.catch(() => {}); // what is not noted is fetched again
  }

  /** All has arrived and is proven: it takes the place of the target. */
  async finish(): Promise<void> {
    const { files, target, file } = this.#options;
    await this.#recording.catch(() => {});
    if (!await this.#isOurs()) return await this.#insistOnOther();
    // Of a version that was said to be longer something may lie behind it.
    await locally("write", target, async () => {
      if (await this.#data.size() > file.size) await this.#data.truncate(file.size);
      // Where a file is replaced, a crash soon after the rename must not have cost the old content.
      if (await files.stat(target)) await this.#data.sync();
      // Some file systems say only then that a write has failed.
      await this.#data.close();
    });
    await this.#close();
    await this.#setTime(this.#path);
    try {
      await locally("write", target, () => files.rename(this.#path, target));
    } catch (error) {
      if (await files.look(this.#path)) throw error;
      return await this.#insistOnOther(); // it went in just that moment
    }
    await files.remove(leavesPath(this.#path)).catch(() => {}); // of no harm to anybody
  }

  /** Leaves it for a later run, if there is anything in it that such a run could use; says whether. */
  async keep(): Promise<boolean> {
    // Another run may be writing to the same, and have brought something.
    if (this.#isOfUse || await this.#leaves.size().catch(() => 0) > 0) await this.#close();
    else await this.discard();
    return this.#isOfUse;
  }

  /** Removes it, unless another run has begun anew in its place. */
  async discard(): Promise<void> {
    const { files } = this.#options;
    await this.#isOurs();
    await this.#close();
    if (!this.#wasOurs) return;
    await files.remove(this.#path).catch(() => {}); // less worth telling than what failed before
    await files.remove(leavesPath(this.#path)).catch(() => {});
  }

  /** Once another run has put the file in place it is the user's, and nothing is written to it any more. */
  async #write(bytes: Uint8Array, position: number): Promise<void> {
    const there = await this.#options.files.look(this.#path);
    if (there && there.inode === this.#inode) await this.#data.write(bytes, position);
  }

  /** Whether what is at the path is what was opened; of a file that is closed, whether it was at last. */
  async #isOurs(): Promise<boolean> {
    this.#wasOurs = await this.#data.isInPlace().catch(() => this.#wasOurs);
    return this.#wasOurs;
  }

  /** Another run of the same writes to the same file, and has put it in place: what is there has to be this version. */
  async #insistOnOther(): Promise<void> {
    const { files, target, file, signal } = this.#options;
    await this.#close();
    const there = await localDigest(target, { files, signal }).catch(() => undefined);
    if (there?.digest === file.digest) return await this.#setTime(target);
    const what = `what was fetched of ${quote(target)}`;
    throw new MorselError("conflict", `Another run has taken away ${what}; run it again`);
  }

  async #setTime(path: string): Promise<void> {
    const { files, file: { modifiedMs } } = this.#options;
    // A file without its time is still the file.
    if (modifiedMs > 0) await files.setModified(path, modifiedMs).catch(() => {});
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
  readonly inode: number | undefined;
}

/** Beside the target, as a rename does not reach from one file system to another. */
export function partialPath(
  { target, windows, digits }: { target: string; windows: boolean; digits: string },
): string {
  const folder = folderOf(target, windows);
  return folder + partialName(target.slice(folder.length), digits);
}

function leavesPath(path: string): string {
  return `${path}-hashes`;
}

async function openOrCreate(files: LocalFiles, path: string): Promise<OpenFile> {
  // A link is not of our making, and would be written through.
  const status = await files.look(path);
  if (status && status.kind !== "file") await files.remove(path);
  for (let attempt = 1;; attempt++) {
    try {
      return await files.open(path, "create");
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    }
    try {
      return await files.open(path, "update");
    } catch (error) {
      // Another run may have put it in place between the two.
      if ((error as { code?: unknown }).code !== "ENOENT" || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

const MOST_ATTEMPTS = 10;

/** Ranges that are told apart; where there are more holes, all from the last one on is fetched again. */
const MOST_HOLES = 1000;

/** What is not there or does not hash to what was proven. Blocks may have come in any order. */
async function findMissing(
  { data, leaves }: Parts,
  { file: { size }, signal }: PartialFileOptions,
): Promise<FileRange[]> {
  const count = Math.floor(await leaves.size() / DIGEST_SIZE);
  const present = await data.size();
  const block = new Uint8Array(BLOCK_SIZE);
  const expected = new Uint8Array(DIGEST_SIZE);
  const missing: { start: number; end: number }[] = [];
  for (let index = 0; index * BLOCK_SIZE < size; index++) {
    signal.throwIfAborted();
    const start = index * BLOCK_SIZE;
    const end = Math.min(size, start + BLOCK_SIZE);
    if (index >= count || end > present || missing.length === MOST_HOLES) {
      extend(missing, { start, end: size });
      break;
    }
    await leaves.read(expected, index * DIGEST_SIZE);
    const bytes = block.subarray(0, end - start);
    // Zeros are a gap in the file of hashes, left by blocks that had not come.
    const isNoted = expected.some((byte) => byte !== 0);
    if (isNoted) await data.read(bytes, start);
    if (!isNoted || !equals(leafHash(bytes), expected)) extend(missing, { start, end });
  }
  return missing;
}

function extend(ranges: { start: number; end: number }[], { start, end }: FileRange): void {
  const last = ranges.at(-1);
  if (last?.end === start) last.end = end;
  else ranges.push({ start, end });
}

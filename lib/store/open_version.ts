// A version of a file, open for reading: the way of a download, inside the store.

import { MorselError } from "../base/errors.ts";
import { type CheckedName, checkName, quote } from "../base/names.ts";
import type { BlobReader, Blobs } from "./blobs.ts";
import type { Catalog, FileRecord, StoredFile } from "./catalog.ts";
import { goneVersion, notFound } from "./conditions.ts";
import type { HeldBlob, HeldBlobs } from "./held_blobs.ts";
import type { PartTrees } from "./part_trees.ts";
import { leafSource, VersionTree } from "./version_tree.ts";

/** A version open for reading, also after its name holds another. Whoever opened it closes it. */
export interface OpenVersion {
  readonly file: FileRecord;
  /** Its hashes. */
  readonly tree: Pick<VersionTree, "leafCount" | "leaves" | "partRoots">;
  /**
   * Fills `into` with the bytes from `offset` on; fewer only at the end of the file. Throws
   * `integrity` when bytes are missing or are known to be damaged, and `storage`.
   */
  read(into: Uint8Array, offset: number): Promise<number>;
  /** The proof that blocks `[firstBlock, endBlock)` are those of the file: hashes, one after the other. */
  prove(firstBlock: number, endBlock: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** What versions are read from. */
export interface OpenVersionParts {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly held: HeldBlobs;
  readonly trees: PartTrees;
}

/** Opens a version of a file, 0 for the newest. Throws `not_found`, `gone`, `integrity`, `storage`. */
export async function openVersion(
  parts: OpenVersionParts,
  name: CheckedName,
  version: number,
): Promise<OpenVersion> {
  let missing: string | undefined;
  while (true) {
    const stored = await findVersion(parts.catalog, name, version);
    const { file, place, damage } = stored;
    if (damage !== undefined) throw damaged(file, damage);
    if (place.kind === "inline") return inlineVersion(parts, stored, place.bytes);
    const fail = (how: string) => failAndMark(parts, stored, how);
    const known = parts.trees.of(place.id);
    const tree = new VersionTree(file, leafSource(parts.catalog, place), fail, known);
    const opened = await openBlob(parts, place.id);
    if (opened) return await checkedVersion(file, tree, { ...opened, fail });
    // Another change may have replaced the version and removed its blob in between: the catalog knows.
    // Only when it names the same blob again is that one really missing.
    if (missing === place.id) throw await fail(`its blob ${place.id} is missing`);
    missing = place.id;
  }
}

/** Opens the newest version where the catalog has it at hand, bytes and all; undefined says nothing. */
export function openAtOnce(
  parts: OpenVersionParts,
  name: string,
): InlineVersion | undefined {
  const stored = parts.catalog.recent?.recall(name) ?? parts.catalog.peek(checkName(name));
  if (stored?.place.kind !== "inline" || stored.damage !== undefined) return undefined;
  return inlineVersion(parts, stored, stored.place.bytes);
}

function inlineVersion(
  parts: OpenVersionParts,
  stored: StoredFile,
  bytes: Uint8Array,
): InlineVersion {
  const { file, place } = stored;
  return new InlineVersion(file, bytes, () => {
    const fail = (how: string) => failAndMark(parts, stored, how);
    return new VersionTree(file, leafSource(parts.catalog, place), fail);
  });
}

/** Held before it is looked for, so that its leaf hashes stay as long as its bytes do. */
async function openBlob({ blobs, held }: OpenVersionParts, id: string) {
  const hold = held.hold(id);
  let reader: BlobReader | undefined;
  try {
    reader = hold && await blobs.open(id);
  } finally {
    if (!reader) await hold?.release();
  }
  return hold && reader && { hold, reader };
}

async function findVersion(
  catalog: Catalog,
  name: CheckedName,
  version: number,
): Promise<StoredFile> {
  const stored = await catalog.find(name);
  if (!stored) {
    throw version === 0 ? notFound(name.name) : goneVersion(name.name, version, "removed");
  }
  const { version: current } = stored.file;
  if (version !== 0 && version !== current) {
    throw goneVersion(name.name, version, `replaced by version ${current}`);
  }
  return stored;
}

interface OpenBlob {
  readonly hold: HeldBlob;
  readonly reader: BlobReader;
  /** Makes the error for what is found wrong with it. */
  readonly fail: (how: string) => Promise<MorselError>;
}

async function checkedVersion(
  file: FileRecord,
  tree: VersionTree,
  blob: OpenBlob,
): Promise<OpenVersion> {
  const { reader, fail } = blob;
  const version = new BlobVersion(file, tree, blob);
  if (reader.size === file.size) return version;
  await version.close();
  throw await fail(`its blob has ${reader.size} bytes instead of ${file.size}`);
}

/** A version whose bytes are in the catalog, so at most one block. It holds nothing that must be closed. */
export class InlineVersion implements OpenVersion {
  readonly file: FileRecord;
  /** All of it; not to be changed. */
  readonly bytes: Uint8Array;
  readonly #makeTree: () => VersionTree;
  #tree: VersionTree | undefined;

  constructor(file: FileRecord, bytes: Uint8Array, makeTree: () => VersionTree) {
    this.file = file;
    this.bytes = bytes;
    this.#makeTree = makeTree;
  }

  /** Made when it is first wanted: most small files are read whole, and need no other proof. */
  get tree(): VersionTree {
    return this.#tree ??= this.#makeTree();
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    const part = this.bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  prove(firstBlock: number, endBlock: number): Promise<Uint8Array> {
    return this.tree.prove(firstBlock, endBlock);
  }

  async close(): Promise<void> {}
}

class BlobVersion implements OpenVersion {
  readonly file: FileRecord;
  readonly tree: VersionTree;
  readonly #blob: OpenBlob;
  #closed: Promise<void> | undefined;

  constructor(file: FileRecord, tree: VersionTree, blob: OpenBlob) {
    this.file = file;
    this.tree = tree;
    this.#blob = blob;
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    const { hold, reader, fail } = this.#blob;
    if (hold.damage !== undefined) throw damaged(this.file, hold.damage);
    const expected = Math.max(0, Math.min(into.length, this.file.size - offset));
    const found = await reader.read(into.subarray(0, expected), offset);
    if (found === expected) return found;
    throw await fail(`its blob ends at ${offset + found} instead of ${this.file.size}`);
  }

  prove(firstBlock: number, endBlock: number): Promise<Uint8Array> {
    return this.tree.prove(firstBlock, endBlock);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    const { hold, reader } = this.#blob;
    try {
      await reader.close();
    } finally {
      await hold.release();
    }
  }
}

/** Remembers what is wrong, so that putting the file again does not fall back on what is damaged. */
async function failAndMark(
  { catalog, held }: OpenVersionParts,
  { file, place }: StoredFile,
  how: string,
): Promise<MorselError> {
  if (place.kind === "blob") held.setDamage(place.id, how);
  try {
    await catalog.markDamage({ digest: file.digest, place }, how);
  } catch {
    // The damage is the error to tell; it will be found again.
  }
  return damaged(file, how);
}

function damaged({ name, version }: FileRecord, how: string): MorselError {
  return new MorselError(
    "integrity",
    `Version ${version} of ${quote(name)} is damaged as ${how}; put the file again`,
  );
}

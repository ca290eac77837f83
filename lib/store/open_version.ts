// A version of a file, open for reading: the way of a download, inside the store.

import { MorselError } from "../base/errors.ts";
import { type CheckedName, quote } from "../base/names.ts";
import type { BlobReader, Blobs } from "./blobs.ts";
import type { Catalog, FileRecord, StoredFile } from "./catalog.ts";
import { notFound } from "./conditions.ts";

/** A version open for reading, also after its name holds another. Whoever opened it closes it. */
export interface OpenVersion {
  readonly file: FileRecord;
  /**
   * Fills `into` with the bytes from `offset` on; fewer only at the end of the file. Throws
   * `integrity` when bytes are missing that the file should have, and `storage`.
   */
  read(into: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens a version of a file, 0 for the newest. Throws `not_found`, `gone`, `integrity`, `storage`. */
export async function openVersion(
  { catalog, blobs }: { readonly catalog: Catalog; readonly blobs: Blobs },
  name: CheckedName,
  version: number,
): Promise<OpenVersion> {
  let missing: string | undefined;
  while (true) {
    const { file, place } = await findVersion(catalog, name, version);
    if (place.kind === "inline") return new InlineVersion(file, place.bytes);
    const reader = await blobs.open(place.id);
    if (reader) return await checkedVersion(file, reader);
    // Another change may have replaced the version and removed its blob in between: the catalog knows.
    // Only when it names the same blob again is that one really missing.
    if (missing === place.id) {
      throw damaged(file, `its blob ${place.id} is missing`);
    }
    missing = place.id;
  }
}

async function findVersion(
  catalog: Catalog,
  name: CheckedName,
  version: number,
): Promise<StoredFile> {
  const stored = await catalog.find(name);
  if (!stored) throw version === 0 ? notFound(name.name) : gone(name, version, "removed");
  const { version: current } = stored.file;
  if (version !== 0 && version !== current) {
    throw gone(name, version, `replaced by version ${current}`);
  }
  return stored;
}

async function checkedVersion(file: FileRecord, reader: BlobReader): Promise<OpenVersion> {
  if (reader.size === file.size) return new BlobVersion(file, reader);
  await reader.close();
  throw damaged(file, `its blob has ${reader.size} bytes instead of ${file.size}`);
}

class InlineVersion implements OpenVersion {
  readonly file: FileRecord;
  readonly #bytes: Uint8Array;

  constructor(file: FileRecord, bytes: Uint8Array) {
    this.file = file;
    this.#bytes = bytes;
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    const part = this.#bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  async close(): Promise<void> {}
}

class BlobVersion implements OpenVersion {
  readonly file: FileRecord;
  readonly #reader: BlobReader;

  constructor(file: FileRecord, reader: BlobReader) {
    this.file = file;
    this.#reader = reader;
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    const expected = Math.max(0, Math.min(into.length, this.file.size - offset));
    const found = await this.#reader.read(into.subarray(0, expected), offset);
    if (found === expected) return found;
    throw damaged(this.file, `its blob ends at ${offset + found} instead of ${this.file.size}`);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

function gone({ name }: CheckedName, version: number, what: string): MorselError {
  return new MorselError("gone", `Version ${version} of ${quote(name)} was ${what}`);
}

function damaged({ name, version }: FileRecord, how: string): MorselError {
  return new MorselError(
    "integrity",
    `Version ${version} of ${quote(name)} is damaged as ${how}; put the file again`,
  );
}

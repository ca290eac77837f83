// A catalog in memory: the contract in its plainest form, to hold the real engines against.

import type {
  Catalog,
  Changed,
  Condition,
  FileRecord,
  LeafPart,
  NewFile,
  Place,
  StoredFile,
  UploadRecord,
} from "../../lib/store/catalog.ts";
import type { CheckedName } from "../../lib/base/names.ts";
import type { Clock } from "../../lib/base/clock.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { insistOn, notFound } from "../../lib/store/conditions.ts";

/** A {@linkcode Catalog} that lasts as long as the object, also when it is disposed. */
export class MemoryCatalog implements Catalog {
  readonly #clock: Pick<Clock, "now">;
  /** By key in hexadecimal digits, whose order is that of the bytes. */
  readonly #files = new Map<string, FileRecord>();
  /** By digest in hexadecimal digits. */
  readonly #places = new Map<string, Place>();
  readonly #uploads = new Map<string, UploadRecord>();
  readonly #leaves = new Map<string, Map<number, Uint8Array>>();
  readonly #garbage = new Set<string>();
  #version = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  async stat(name: CheckedName): Promise<FileRecord | undefined> {
    return this.#files.get(toHex(name.key));
  }

  async find(name: CheckedName): Promise<StoredFile | undefined> {
    const file = this.#files.get(toHex(name.key));
    return file && { file, place: this.#places.get(toHex(file.digest))! };
  }

  async list(prefix: Uint8Array, after: Uint8Array, limit: number): Promise<FileRecord[]> {
    const keys = [...this.#files.keys()]
      .filter((key) => key.startsWith(toHex(prefix)) && key > toHex(after))
      .sort();
    return keys.slice(0, limit).map((key) => this.#files.get(key)!);
  }

  async commit(file: NewFile): Promise<Changed> {
    const { name, condition, place, parts } = file;
    const current = this.#files.get(toHex(name.key));
    insistOn(condition, name.name, current?.version);
    const garbage: string[] = [];
    const known = this.#places.get(toHex(file.digest));
    if (place.kind === "blob") {
      this.#uploads.delete(place.id);
      if (known) this.#discard(place.id, garbage);
      else this.#putLeaves(place.id, parts);
    }
    if (!known) this.#places.set(toHex(file.digest), keep(place));
    const record = this.#put(name, file);
    if (current) this.#release(current.digest, garbage);
    return { file: record, garbage };
  }

  async remove(name: CheckedName, condition: Condition): Promise<Changed> {
    const file = this.#files.get(toHex(name.key));
    if (!file) throw notFound(name.name);
    insistOn(condition, name.name, file.version);
    const garbage: string[] = [];
    this.#files.delete(toHex(name.key));
    this.#release(file.digest, garbage);
    return { file, garbage };
  }

  async link(
    from: CheckedName,
    to: CheckedName,
    { condition, keep }: { readonly condition: Condition; readonly keep: boolean },
  ): Promise<Changed> {
    const source = this.#files.get(toHex(from.key));
    if (!source) throw notFound(from.name);
    const target = this.#files.get(toHex(to.key));
    const respelt = !keep && source === target && condition.kind === "absent";
    if (!respelt) insistOn(condition, to.name, target?.version);
    const garbage: string[] = [];
    if (!keep) this.#files.delete(toHex(from.key));
    const record = this.#put(to, source);
    if (target) this.#release(target.digest, garbage);
    return { file: record, garbage };
  }

  async beginUpload(upload: UploadRecord): Promise<void> {
    this.#uploads.set(upload.id, upload);
  }

  async checkpointUpload(id: string, durable: number, parts: readonly LeafPart[]): Promise<void> {
    const upload = this.#uploads.get(id);
    if (!upload) throw new MorselError("fenced", `The upload ${id} has ended elsewhere`);
    this.#uploads.set(id, { ...upload, durable });
    this.#putLeaves(id, parts);
  }

  async endUpload(id: string): Promise<void> {
    if (this.#uploads.delete(id)) this.#leaves.delete(id);
  }

  async uploads(): Promise<UploadRecord[]> {
    return [...this.#uploads.values()];
  }

  async leaves(blobId: string, partIndex: number): Promise<Uint8Array | undefined> {
    return this.#leaves.get(blobId)?.get(partIndex);
  }

  async garbage(): Promise<string[]> {
    return [...this.#garbage];
  }

  async forgetGarbage(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#garbage.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #put({ name, key }: CheckedName, from: Omit<FileRecord, "name" | "version" | "committedMs">) {
    const { size, digest, modifiedMs, metadata } = from;
    const version = ++this.#version;
    const committedMs = this.#clock.now();
    const record = { name, version, size, digest, committedMs, modifiedMs, metadata };
    this.#files.set(toHex(key), record);
    return record;
  }

  #putLeaves(id: string, parts: readonly LeafPart[]): void {
    if (!this.#leaves.has(id)) this.#leaves.set(id, new Map());
    for (const { index, hashes } of parts) this.#leaves.get(id)!.set(index, hashes.slice());
  }

  #release(digest: Uint8Array, garbage: string[]): void {
    const used = [...this.#files.values()].some((file) => toHex(file.digest) === toHex(digest));
    const place = this.#places.get(toHex(digest));
    if (used || !place) return;
    this.#places.delete(toHex(digest));
    if (place.kind === "blob") this.#discard(place.id, garbage);
  }

  #discard(id: string, garbage: string[]): void {
    this.#leaves.delete(id);
    this.#garbage.add(id);
    garbage.push(id);
  }
}

function keep(place: Place): Place {
  return place.kind === "blob" ? place : { kind: "inline", bytes: place.bytes.slice() };
}

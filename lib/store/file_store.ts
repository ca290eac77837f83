// The file database without a network: joins a catalog and blobs. The order of the durable steps of a
// commit is written at `commit` in upload.ts, that of a start in recovery.ts.

import { equals } from "@std/bytes";
import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import { EVERYBODY, type Principal } from "../base/principal.ts";
import { type CheckedName, checkName, checkPrefix, quote } from "../base/names.ts";
import type { Blobs } from "./blobs.ts";
import type {
  Catalog,
  Changed,
  ChangePage,
  Condition,
  FileRecord,
  StoredContent,
} from "./catalog.ts";
import { type CheckOptions, type CheckProgress, checkStore } from "./check.ts";
import { insistOn, notFound } from "./conditions.ts";
import type { DiskSpace } from "./disk_space.ts";
import { takeEntry } from "./entry_space.ts";
import { HeldBlobs } from "./held_blobs.ts";
import { type InlineVersion, openAtOnce, type OpenVersion, openVersion } from "./open_version.ts";
import { PartTrees } from "./part_trees.ts";
import { recover, type Recovery } from "./recovery.ts";
import type { Quota } from "./quota.ts";
import { Reservations } from "./reservations.ts";
import type { BeginUpload, ChangesPage, ListPage } from "./store_requests.ts";
import { type Totals, totalsOf } from "./totals.ts";
import { insistOnSize, type OpenUpload } from "./upload_terms.ts";
import { eachUpload } from "./upload_pages.ts";
import { type UploadInfo, Uploads } from "./uploads.ts";

export type {
  BeginUpload,
  ChangesPage,
  InlineVersion,
  ListPage,
  OpenUpload,
  OpenVersion,
  Recovery,
  Totals,
  UploadInfo,
};

/** The most files one page of a listing may ask for. */
export const MAX_PAGE_LENGTH = 10_000;

/** What a {@linkcode FileStore} stands on. */
export interface FileStoreParts {
  /** Closed with the store. */
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly clock: Clock;
  /** Makes an id of 32 hexadecimal digits that cannot be guessed and was never given before. */
  readonly newId: () => string;
  /** What all files together may have; without it all there is room for. */
  readonly quota?: Quota | undefined;
  /** Keeps a part of the disk free; without it nothing does. */
  readonly space?: DiskSpace | undefined;
  /** Who reads which blob, where others have to know it too. */
  readonly held?: HeldBlobs | undefined;
}

/** A database of files. Names are checked here, and errors of all methods are MorselErrors. */
export class FileStore implements AsyncDisposable {
  readonly #parts: FileStoreParts & { readonly held: HeldBlobs; readonly trees: PartTrees };
  readonly #uploads: Uploads;
  readonly #reservations: Reservations;

  private constructor(parts: FileStoreParts) {
    this.#parts = { ...parts, held: parts.held ?? new HeldBlobs(parts), trees: new PartTrees() };
    this.#reservations = new Reservations(parts.catalog, parts.quota);
    this.#uploads = new Uploads({ ...this.#parts, reservations: this.#reservations });
  }

  /** Recovers what a crash may have left and opens the store. On failure the catalog stays open. */
  static async open(
    parts: FileStoreParts,
  ): Promise<{ store: FileStore; recovered: Recovery }> {
    const recovered = await recover(parts);
    const store = new FileStore(parts);
    for await (const upload of eachUpload(parts)) await store.#reservations.restore(upload);
    return { store, recovered };
  }

  /** Over the store of another process: good for what changes nothing. */
  static over(parts: FileStoreParts): FileStore {
    return new FileStore(parts);
  }

  /** The file of this name. Throws `not_found`. */
  async stat(name: string): Promise<FileRecord> {
    const file = await this.#parts.catalog.stat(checkName(name));
    if (!file) throw notFound(name);
    return file;
  }

  /** The newest version of a small file, where it is at hand without waiting; undefined says nothing. */
  openAtOnce(name: string): InlineVersion | undefined {
    return openAtOnce(this.#parts, name);
  }

  /** A page of files in the order of their names as bytes. */
  async list({ prefix, after, limit }: ListPage): Promise<FileRecord[]> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_LENGTH) {
      throw new MorselError("invalid", `A page of ${limit} files is not 1 to ${MAX_PAGE_LENGTH}`);
    }
    return await this.#parts.catalog.list(checkPrefix(prefix), checkPrefix(after), limit);
  }

  /** The sequence of the newest change; 0 before the first. */
  lastChange(): Promise<number> {
    return this.#parts.catalog.log.last();
  }

  /**
   * Changes in their order. Throws `gone` when those behind `since` are not kept any more, or it is beyond
   * the last one.
   */
  async changes({ prefix, since, limit }: ChangesPage): Promise<ChangePage> {
    return await this.#parts.catalog.log.page(since, { prefix: checkPrefix(prefix), limit });
  }

  /**
   * Calls `listener`, which must not throw, after each change, once it can be read; now and then for nothing.
   * Call what is returned to end that.
   */
  onChange(listener: () => void): () => void {
    return this.#parts.catalog.log.onChange(listener);
  }

  /** Removes a file and returns what it was. Throws `not_found` or `conflict`. */
  async remove(name: string, condition: Condition): Promise<FileRecord> {
    return await this.#finish(await this.#parts.catalog.remove(checkName(name), condition));
  }

  /**
   * Gives a file another name, as a new version; `condition` is on `to`. Where `to` is another spelling of
   * the same name, only the spelling changes. Throws `not_found`, `conflict`, `no_space`, or `invalid`
   * when the two are one.
   */
  async move(from: string, to: string, condition: Condition): Promise<FileRecord> {
    const [source, target] = [checkName(from), checkName(to)];
    if (source.name === target.name) {
      throw new MorselError("invalid", `Cannot move ${quote(from)} onto itself`);
    }
    await takeEntry(source, this.#parts);
    const options = { condition, keep: false };
    return await this.#finish(await this.#parts.catalog.link(source, target, options));
  }

  /**
   * Gives the content of a file a second name; no bytes are copied. `condition` is on `to`. Throws
   * `not_found`, `conflict`, `quota`, `no_space`, or `invalid` when both name one file. The copy is a file of `by`.
   */
  async copy(
    from: string,
    to: string,
    condition: Condition,
    by: Principal = EVERYBODY,
  ): Promise<FileRecord> {
    const [source, target] = [checkName(from), checkName(to)];
    if (equals(source.key, target.key)) {
      throw new MorselError("invalid", `Cannot copy ${quote(from)} onto itself`);
    }
    const quotas = this.#reservations.quotasOf(by);
    const options = { condition, keep: true, owner: by.name, quotas };
    const id = this.#parts.newId();
    try {
      // So that what is reserved by uploads is left alone.
      if (quotas) {
        await this.#insistOn(condition, target);
        const { size } = await this.stat(from);
        await this.#reservations.reserve(id, { name: target, size, by });
      }
      await takeEntry(source, this.#parts);
      return await this.#finish(await this.#parts.catalog.link(source, target, options));
    } finally {
      this.#reservations.release(id);
    }
  }

  /**
   * Opens a version of a file for reading, 0 for the newest; it stays readable whatever happens to the
   * name. Throws `not_found`, `gone` when the version is not the newest any more, `integrity`.
   */
  async openVersion(name: string, version: number): Promise<OpenVersion> {
    return await openVersion(this.#parts, checkName(name), version);
  }

  /**
   * Begins an upload, or resumes one: then `received` is its `durable`, where the next write goes.
   * Nothing of it is visible before its commit. Throws `conflict`, `invalid`, `quota`, `no_space`.
   */
  async beginUpload(request: BeginUpload): Promise<OpenUpload> {
    const name = checkName(request.name);
    const { condition, declaredSize, modifiedMs, metadata, resume, by = EVERYBODY } = request;
    if (declaredSize !== undefined) insistOnSize(declaredSize);
    if (!Number.isSafeInteger(modifiedMs)) {
      throw new MorselError("invalid", `The time ${modifiedMs} is not in whole milliseconds`);
    }
    const id = this.#parts.newId();
    const owner = by.name;
    const quotas = this.#reservations.quotasOf(by);
    const about = { id, name, condition, declaredSize, modifiedMs, metadata, owner, quotas };
    // Early, so that a large upload does not fail after its last byte only.
    await this.#insistOn(condition, name);
    if (resume) {
      const resumed = await this.#uploads.resume(about, by);
      if (resumed) return resumed;
      // Its holder may have committed it meanwhile.
      await this.#insistOn(condition, name);
    }
    return await this.#uploads.begin(about, by);
  }

  /** What the files and uploads of `owner` have, and those of all. */
  totals(owner: string = EVERYBODY.name): Promise<Totals> {
    return totalsOf(owner, { catalog: this.#parts.catalog, reservations: this.#reservations });
  }

  /** The uploads that have not ended, the oldest first, but for small ones, which never outlive their connection. */
  uploads(): AsyncIterable<UploadInfo> {
    return this.#uploads.list();
  }

  /** The name to which the upload with this id goes; undefined where `uploads` would not tell of it. */
  async nameOfUpload(id: string): Promise<string | undefined> {
    return (await this.#parts.catalog.upload(id))?.name.name;
  }

  /** Takes an upload from whoever holds it and removes it. Throws `not_found`. */
  abortUpload(id: string): Promise<void> {
    return this.#uploads.abort(id);
  }

  /** Removes uploads that nobody holds and that were not active for longer than this; returns how many. */
  expireUploads(olderThanMs: number): Promise<number> {
    return this.#uploads.expire(olderThanMs);
  }

  /**
   * Reads everything again and compares it with its hashes, beside readers and writers. Damage is told and
   * remembered: reading such a file fails with `integrity`, and putting its content again mends it.
   */
  check(
    options: Omit<CheckOptions, "catalog" | "blobs" | "clock" | "onMark">,
  ): Promise<CheckProgress> {
    const { catalog, blobs, clock, held } = this.#parts;
    const onMark = ({ place }: StoredContent, damage: string | undefined) => {
      if (place.kind === "blob") held.setDamage(place.id, damage);
    };
    return checkStore({ ...options, catalog, blobs, clock, onMark });
  }

  /** Closes the catalog. Uploads are to be ended and versions to be closed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.catalog[Symbol.asyncDispose]();
  }

  async #insistOn(condition: Condition, name: CheckedName): Promise<void> {
    if (condition.kind === "any") return;
    const current = await this.#parts.catalog.stat(name);
    insistOn(condition, name.name, current?.version);
  }

  async #finish({ file, garbage }: Changed): Promise<FileRecord> {
    await this.#parts.held.removeGarbage(garbage);
    return file;
  }
}

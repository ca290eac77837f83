// A catalog in memory: the contract in its plainest form, to hold the real engines against.

import { concat } from "@std/bytes";
import type {
  Catalog,
  CatalogTotals,
  Changed,
  Condition,
  FileRecord,
  LeafPart,
  LinkOptions,
  ListedUpload,
  LogKept,
  NewFile,
  Place,
  StoredContent,
  StoredFile,
  UploadHold,
  UploadRecord,
} from "../../lib/store/catalog.ts";
import { type CheckedName, checkName } from "../../lib/base/names.ts";
import type { Clock } from "../../lib/base/clock.ts";
import { toHex } from "../../lib/base/hex.ts";
import { type Account, growthOf, insistOnQuotas } from "../../lib/store/quota.ts";
import { fenced, insistOn, notFound } from "../../lib/store/conditions.ts";
import { MemoryChangeLog } from "./memory_change_log.ts";

/** A {@linkcode Catalog} that lasts as long as the object, also when it is disposed. */
export class MemoryCatalog implements Catalog {
  readonly log: MemoryChangeLog;
  readonly #clock: Pick<Clock, "now">;
  /** By key in hexadecimal digits, whose order is that of the bytes. */
  readonly #files = new Map<string, FileRecord>();
  /** By the same keys as the files. */
  readonly #owners = new Map<string, string>();
  /** By digest in hexadecimal digits. */
  readonly #contents = new Map<string, StoredContent>();
  /** In the order in which they were begun. */
  readonly #uploads = new Map<string, UploadRecord>();
  readonly #numbers = new Map<string, number>();
  readonly #leaves = new Map<string, Map<number, LeafPart>>();
  readonly #garbage = new Set<string>();
  #lastContent = 0;
  #lastUpload = 0;

  constructor(clock: Pick<Clock, "now">, kept?: LogKept) {
    this.#clock = clock;
    this.log = new MemoryChangeLog(kept);
  }

  /** Another catalog with all that is in this one now. */
  clone(): MemoryCatalog {
    const copy = new MemoryCatalog(this.#clock);
    for (const [key, file] of this.#files) copy.#files.set(key, file);
    for (const [key, owner] of this.#owners) copy.#owners.set(key, owner);
    for (const [digest, content] of this.#contents) copy.#contents.set(digest, content);
    for (const [id, upload] of this.#uploads) copy.#uploads.set(id, upload);
    for (const [id, number] of this.#numbers) copy.#numbers.set(id, number);
    for (const [id, parts] of this.#leaves) copy.#leaves.set(id, new Map(parts));
    for (const id of this.#garbage) copy.#garbage.add(id);
    copy.log.entries.push(...this.log.entries);
    copy.#lastContent = this.#lastContent;
    copy.#lastUpload = this.#lastUpload;
    return copy;
  }

  async stat(name: CheckedName): Promise<FileRecord | undefined> {
    return this.#files.get(toHex(name.key));
  }

  async find(name: CheckedName): Promise<StoredFile | undefined> {
    return this.peek(name);
  }

  peek(name: CheckedName): StoredFile | undefined {
    const file = this.#files.get(toHex(name.key));
    const { place, damage } = this.#contents.get(toHex(file?.digest ?? new Uint8Array())) ?? {};
    return file && { file, place: place!, damage };
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
    const owner = file.owner ?? "";
    this.#insistOnQuotas(file, owner, name);
    if (file.upload) this.#insistOnHold(file.upload);
    const garbage: string[] = [];
    if (file.upload) this.#dropUpload(file.upload.id);
    const known = this.#contents.get(toHex(file.digest));
    if (known && known.damage === undefined) {
      if (place.kind === "blob") this.#discard(place.id, garbage);
    } else {
      if (known?.place.kind === "blob") this.#discard(known.place.id, garbage);
      if (place.kind === "blob") this.#putLeaves(place.id, parts);
      const { size, digest } = file;
      const id = known?.id ?? ++this.#lastContent;
      const content = { id, size, digest, place: keep(place), damage: undefined };
      this.#contents.set(toHex(digest), content);
    }
    const record = this.#put(name, file);
    this.#owners.set(toHex(name.key), owner);
    if (current) this.#release(current.digest, garbage);
    this.log.tell();
    return { file: record, garbage };
  }

  async remove(name: CheckedName, condition: Condition): Promise<Changed> {
    const file = this.#files.get(toHex(name.key));
    if (!file) throw notFound(name.name);
    insistOn(condition, name.name, file.version);
    const garbage: string[] = [];
    this.#drop(name.key);
    this.#release(file.digest, garbage);
    this.log.tell();
    return { file, garbage };
  }

  async link(
    from: CheckedName,
    to: CheckedName,
    { condition, keep, owner = "", quotas }: LinkOptions,
  ): Promise<Changed> {
    const source = this.#files.get(toHex(from.key));
    if (!source) throw notFound(from.name);
    const target = this.#files.get(toHex(to.key));
    const respelt = !keep && source === target;
    if (!respelt || condition.kind !== "absent") insistOn(condition, to.name, target?.version);
    const whose = keep ? owner : this.#owners.get(toHex(from.key))!;
    if (keep) this.#insistOnQuotas({ quotas, size: source.size }, whose, to);
    const garbage: string[] = [];
    if (!keep && !respelt) this.#drop(from.key);
    const record = this.#put(to, source);
    this.#owners.set(toHex(to.key), whose);
    if (target) this.#release(target.digest, garbage);
    this.log.tell();
    return { file: record, garbage };
  }

  async account(owner: string, name: CheckedName): Promise<Account> {
    return this.#account(owner, name);
  }

  async totals(whose: string): Promise<CatalogTotals> {
    const { owner, store } = this.#account(whose, checkName("-"));
    const contents = [...this.#contents.values()];
    const bytes = contents.reduce((sum, { size }) => sum + size, 0);
    const uploads = [...this.#uploads.values()];
    return {
      owner: { ...owner, uploads: uploads.filter((upload) => upload.owner === whose).length },
      store: { ...store, uploads: uploads.length },
      stored: { contents: contents.length, bytes },
    };
  }

  async beginUpload(upload: UploadRecord): Promise<void> {
    this.#uploads.set(upload.id, upload);
    this.#numbers.set(upload.id, ++this.#lastUpload);
  }

  async attachUpload(id: string): Promise<UploadRecord | undefined> {
    const upload = this.#uploads.get(id);
    if (!upload) return undefined;
    const attached = { ...upload, epoch: upload.epoch + 1, activeMs: this.#clock.now() };
    this.#uploads.set(id, attached);
    return attached;
  }

  async checkpointUpload(
    hold: UploadHold,
    durable: number,
    parts: readonly LeafPart[],
  ): Promise<void> {
    const upload = this.#insistOnHold(hold);
    this.#uploads.set(hold.id, { ...upload, durable, activeMs: this.#clock.now() });
    this.#putLeaves(hold.id, parts);
  }

  async endUpload({ id, epoch }: UploadHold): Promise<readonly string[]> {
    const garbage: string[] = [];
    if (this.#uploads.get(id)?.epoch !== epoch) return garbage;
    this.#dropUpload(id);
    this.#discard(id, garbage);
    return garbage;
  }

  async upload(id: string): Promise<UploadRecord | undefined> {
    return this.#uploads.get(id);
  }

  async uploads(after: number, limit: number): Promise<ListedUpload[]> {
    return this.#listedUploads().filter(({ number }) => number > after).slice(0, limit);
  }

  async uploadsTo(name: CheckedName, before: number, limit: number): Promise<ListedUpload[]> {
    return this.#listedUploads().reverse()
      .filter((upload) => toHex(upload.name.key) === toHex(name.key) && upload.number < before)
      .slice(0, limit);
  }

  async leaves(blobId: string, partIndex: number): Promise<Uint8Array | undefined> {
    return this.#leaves.get(blobId)?.get(partIndex)?.hashes;
  }

  async partRoots(blobId: string): Promise<Uint8Array> {
    const parts = [...this.#leaves.get(blobId)?.values() ?? []];
    return concat(parts.sort((a, b) => a.index - b.index).flatMap(({ root }) => root ?? []));
  }

  async contents(after: number, limit: number): Promise<StoredContent[]> {
    const contents = [...this.#contents.values()].filter(({ id }) => id > after);
    return contents.sort((a, b) => a.id - b.id).slice(0, limit);
  }

  async namesOf(contentId: number): Promise<string[]> {
    const keys = [...this.#files.keys()].sort();
    return keys.map((key) => this.#files.get(key)!)
      .filter(({ digest }) => this.#contents.get(toHex(digest))?.id === contentId)
      .map(({ name }) => name);
  }

  async markDamage(
    { digest, place }: Pick<StoredContent, "digest" | "place">,
    damage?: string,
  ): Promise<void> {
    const content = this.#contents.get(toHex(digest));
    if (!content || idOf(content.place) !== idOf(place)) return;
    this.#contents.set(toHex(digest), { ...content, damage });
  }

  async isNamed(blobId: string): Promise<boolean> {
    return this.#uploads.has(blobId) || this.#garbage.has(blobId) ||
      [...this.#contents.values()].some(({ place }) => idOf(place) === blobId);
  }

  async garbage(): Promise<string[]> {
    return [...this.#garbage];
  }

  async forgetGarbage(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.#leaves.delete(id);
      this.#garbage.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #put({ name, key }: CheckedName, from: Omit<FileRecord, "name" | "version" | "committedMs">) {
    const { size, digest, modifiedMs, metadata } = from;
    const version = this.log.next;
    const committedMs = this.#clock.now();
    const record = { name, version, size, digest, committedMs, modifiedMs, metadata };
    this.#files.set(toHex(key), record);
    this.log.add(key, { kind: "put", sequence: version, file: record });
    return record;
  }

  #account(owner: string, { key }: CheckedName): Account {
    const store = { files: 0, bytes: 0 };
    const own = { files: 0, bytes: 0 };
    for (const [other, { size }] of this.#files) {
      for (const usage of this.#owners.get(other) === owner ? [store, own] : [store]) {
        usage.files++;
        usage.bytes += size;
      }
    }
    const current = this.#files.get(toHex(key));
    const replaced = current && { owner: this.#owners.get(toHex(key))!, size: current.size };
    return { owner: own, store, replaced };
  }

  #insistOnQuotas(
    { quotas, size }: Pick<NewFile, "quotas" | "size">,
    owner: string,
    to: CheckedName,
  ) {
    if (!quotas) return;
    const account = this.#account(owner, to);
    insistOnQuotas(quotas, account, growthOf(size, owner, account.replaced));
  }

  #drop(key: Uint8Array): void {
    const { name } = this.#files.get(toHex(key))!;
    this.#files.delete(toHex(key));
    this.#owners.delete(toHex(key));
    const removedMs = this.#clock.now();
    this.log.add(key, { kind: "remove", sequence: this.log.next, name, removedMs });
  }

  #putLeaves(id: string, parts: readonly LeafPart[]): void {
    if (!this.#leaves.has(id)) this.#leaves.set(id, new Map());
    for (const part of parts) {
      this.#leaves.get(id)!.set(part.index, { ...part, hashes: part.hashes.slice() });
    }
  }

  #listedUploads(): ListedUpload[] {
    return [...this.#uploads.values()].map(({ metadata: _, ...upload }) => {
      return { ...upload, number: this.#numbers.get(upload.id)! };
    });
  }

  #dropUpload(id: string): void {
    this.#uploads.delete(id);
    this.#numbers.delete(id);
  }

  #insistOnHold({ id, epoch }: UploadHold): UploadRecord {
    const upload = this.#uploads.get(id);
    if (upload?.epoch !== epoch) throw fenced(id);
    return upload;
  }

  #release(digest: Uint8Array, garbage: string[]): void {
    const used = [...this.#files.values()].some((file) => toHex(file.digest) === toHex(digest));
    const place = this.#contents.get(toHex(digest))?.place;
    if (used || !place) return;
    this.#contents.delete(toHex(digest));
    if (place.kind === "blob") this.#discard(place.id, garbage);
  }

  #discard(id: string, garbage: string[]): void {
    this.#garbage.add(id);
    garbage.push(id);
  }
}

function keep(place: Place): Place {
  return place.kind === "blob" ? place : { kind: "inline", bytes: place.bytes.slice() };
}

function idOf(place: Place): string | undefined {
  return place.kind === "blob" ? place.id : undefined;
}

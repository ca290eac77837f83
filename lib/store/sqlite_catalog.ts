// The catalog of one server: a SQLite file in WAL mode, synced on every commit. Reads are answered at
// once; changes go through GroupCommit. Its tables are in catalog_schema.ts.

import { concat } from "@std/bytes";
import type { Clock } from "../base/clock.ts";
import type { CheckedName } from "../base/names.ts";
import type { OpenSql, SqlDatabase } from "../runtime/sql.ts";
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
  StoredContent,
  StoredFile,
  UploadHold,
  UploadRecord,
} from "./catalog.ts";
import { migrate, SETTINGS } from "./catalog_schema.ts";
import {
  type CatalogStatements,
  contentOf,
  fileOf,
  partRootOf,
  prepareStatements,
  storedFileOf,
} from "./catalog_statements.ts";
import { fenced, insistOn, notFound } from "./conditions.ts";
import { GroupCommit } from "./group_commit.ts";
import { keyRange } from "./key_range.ts";
import { type NewVersion, SqliteChangeLog } from "./sqlite_change_log.ts";
import type { Account } from "./quota.ts";
import { OWNER_REMEMBERS, RecentFiles } from "./recent_files.ts";
import { SqliteContents } from "./sqlite_contents.ts";
import { SqliteUploads } from "./sqlite_uploads.ts";
import { type CurrentFile, SqliteUsage } from "./sqlite_usage.ts";
import { storageError } from "./storage_error.ts";

/** What a {@linkcode SqliteCatalog} stands on. */
export interface SqliteCatalogParts {
  readonly openSql: OpenSql;
  readonly clock: Clock;
  /** What its log keeps. */
  readonly kept?: LogKept | undefined;
}

/** A {@linkcode Catalog} in a SQLite file. */
export class SqliteCatalog implements Catalog {
  readonly log: SqliteChangeLog;
  readonly recent: RecentFiles;
  readonly #db: SqlDatabase;
  readonly #sql: CatalogStatements;
  readonly #changes: GroupCommit;
  readonly #contents: SqliteContents;
  readonly #uploads: SqliteUploads;
  readonly #usage: SqliteUsage;

  /** Over a database that has the tables, which is closed with it. Only its one owner may remember files. */
  protected constructor(
    db: SqlDatabase,
    { clock, kept }: SqliteCatalogParts,
    recent = new RecentFiles(0),
  ) {
    this.#db = db;
    this.recent = recent;
    this.#sql = prepareStatements(db);
    this.log = new SqliteChangeLog(this.#sql, { clock, kept });
    this.#changes = new GroupCommit(db, clock);
    this.#contents = new SqliteContents(this.#sql, () => recent.forgetAll());
    this.#uploads = new SqliteUploads(this.#sql, clock);
    this.#usage = new SqliteUsage(this.#sql);
  }

  /** Opens the catalog in the file at `path`, made if it is not there. Throws `storage`. */
  static open(path: string, parts: SqliteCatalogParts): SqliteCatalog {
    let db: SqlDatabase | undefined;
    try {
      db = parts.openSql(path);
      db.exec(SETTINGS);
      migrate(db);
      return new SqliteCatalog(db, parts, new RecentFiles(OWNER_REMEMBERS));
    } catch (thrown) {
      db?.close();
      throw storageError(thrown, `Cannot open the catalog ${path}`);
    }
  }

  async stat(name: CheckedName): Promise<FileRecord | undefined> {
    const row = this.#read(() => this.#sql.stat.get(name.key));
    return row && fileOf(row);
  }

  async find(name: CheckedName): Promise<StoredFile | undefined> {
    return this.peek(name);
  }

  peek(name: CheckedName): StoredFile | undefined {
    return this.recent.find(name, () => {
      const row = this.#read(() => this.#sql.find.get(name.key));
      return row && storedFileOf(row);
    });
  }

  async list(prefix: Uint8Array, after: Uint8Array, limit: number): Promise<FileRecord[]> {
    const { start, end } = keyRange(prefix, after);
    return this.#read(() => this.#sql.list.all(start, end, limit)).map(fileOf);
  }

  commit(file: NewFile): Promise<Changed> {
    return this.log.told(this.#changes.run(() => {
      const current = this.#current(file.name);
      insistOn(file.condition, file.name.name, current?.version);
      const owner = file.owner ?? "";
      this.#usage.insistOnQuotas(file, owner, current);
      // First of all changes of its step, as it refuses by whether there was a row to remove.
      if (file.upload && !this.#uploads.drop(file.upload)) throw fenced(file.upload.id);
      // Nothing is refused below this line, so that a refused commit has written nothing.
      const garbage: string[] = [];
      const content = this.#contents.contentFor(file, garbage);
      const record = this.#put(file.name, { content, owner }, file);
      this.#usage.count(owner, file.size, current);
      if (current) this.#contents.release(current.content, garbage);
      return { file: record, garbage };
    }));
  }

  remove(name: CheckedName, condition: Condition): Promise<Changed> {
    return this.log.told(this.#changes.run(() => {
      const row = this.#sql.stat.get(name.key);
      const current = this.#current(name);
      if (!row || !current) throw notFound(name.name);
      insistOn(condition, name.name, current.version);
      const garbage: string[] = [];
      const file = fileOf(row);
      this.#drop(name);
      this.log.remove(name.key, file.name);
      this.#usage.uncount(current);
      this.#contents.release(current.content, garbage);
      return { file, garbage };
    }));
  }

  link(from: CheckedName, to: CheckedName, options: LinkOptions): Promise<Changed> {
    return this.log.told(this.#changes.run(() => {
      const row = this.#sql.stat.get(from.key);
      const source = this.#current(from);
      if (!row || !source) throw notFound(from.name);
      const target = this.#current(to);
      const respelt = !options.keep && target?.version === source.version;
      if (!respelt || options.condition.kind !== "absent") {
        insistOn(options.condition, to.name, target?.version);
      }
      const owner = options.keep ? options.owner ?? "" : source.owner;
      if (options.keep) {
        this.#usage.insistOnQuotas({ ...options, size: source.size }, owner, target);
      }
      const garbage: string[] = [];
      const old = fileOf(row);
      if (!options.keep) this.#drop(from);
      if (!options.keep && !respelt) this.log.remove(from.key, old.name);
      const record = this.#put(to, { content: source.content, owner }, old);
      if (!options.keep && !respelt) this.#usage.uncount(source);
      this.#usage.count(owner, source.size, target);
      if (target) this.#contents.release(target.content, garbage);
      return { file: record, garbage };
    }));
  }

  async account(owner: string, name: CheckedName): Promise<Account> {
    return this.#read(() => ({ ...this.#usage.of(owner), replaced: this.#current(name) }));
  }

  async totals(owner: string): Promise<CatalogTotals> {
    return this.#read(() => this.#usage.totals(owner));
  }

  beginUpload(upload: UploadRecord): Promise<void> {
    return this.#changes.run(() => this.#uploads.begin(upload));
  }

  attachUpload(id: string): Promise<UploadRecord | undefined> {
    return this.#changes.run(() => this.#uploads.attach(id));
  }

  checkpointUpload(
    upload: UploadHold,
    durable: number,
    parts: readonly LeafPart[],
  ): Promise<void> {
    return this.#changes.run(() => {
      this.#uploads.progress(upload, durable);
      this.#contents.putLeaves(upload.id, parts);
    });
  }

  endUpload(upload: UploadHold): Promise<readonly string[]> {
    return this.#changes.run(() => {
      const garbage: string[] = [];
      if (this.#uploads.drop(upload)) this.#contents.discard(upload.id, garbage);
      return garbage;
    });
  }

  async upload(id: string): Promise<UploadRecord | undefined> {
    return this.#read(() => this.#uploads.find(id));
  }

  async uploads(after: number, limit: number): Promise<ListedUpload[]> {
    return this.#read(() => this.#uploads.list(after, limit));
  }

  async uploadsTo(name: CheckedName, before: number, limit: number): Promise<ListedUpload[]> {
    return this.#read(() => this.#uploads.listTo(name, before, limit));
  }

  async leaves(blobId: string, partIndex: number): Promise<Uint8Array | undefined> {
    const row = this.#read(() => this.#sql.leaves.get(blobId, partIndex));
    return row?.hashes as Uint8Array | undefined;
  }

  async partRoots(blobId: string): Promise<Uint8Array> {
    return concat(this.#read(() => this.#sql.partRoots.all(blobId)).map(partRootOf));
  }

  async contents(after: number, limit: number): Promise<StoredContent[]> {
    return this.#read(() => this.#sql.contents.all(after, limit)).map(contentOf);
  }

  async namesOf(contentId: number): Promise<string[]> {
    return this.#read(() => this.#sql.namesOf.all(contentId)).map((row) => row.name as string);
  }

  markDamage(content: Pick<StoredContent, "digest" | "place">, damage?: string): Promise<void> {
    return this.#changes.run(() => this.#contents.markDamage(content, damage));
  }

  async isNamed(blobId: string): Promise<boolean> {
    return this.#read(() => this.#sql.isNamed.get(blobId, blobId, blobId))?.named === 1;
  }

  async garbage(): Promise<string[]> {
    return this.#read(() => this.#sql.garbage.all()).map((row) => row.blob as string);
  }

  forgetGarbage(ids: readonly string[]): Promise<void> {
    return this.#changes.run(() => {
      for (const id of ids) {
        this.#sql.dropLeaves.run(id);
        this.#sql.dropGarbage.run(id);
      }
    });
  }

  /** Writes what still waits and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#changes.drain();
    this.#db.close();
  }

  #read<T>(query: () => T): T {
    try {
      return query();
    } catch (thrown) {
      throw storageError(thrown, "Cannot read the catalog");
    }
  }

  #current(name: CheckedName): CurrentFile | undefined {
    return this.#sql.current.get(name.key) as unknown as CurrentFile | undefined;
  }

  #put(
    name: CheckedName,
    { content, owner }: Pick<CurrentFile, "content" | "owner">,
    from: NewVersion,
  ): FileRecord {
    const file = this.log.put(name, from);
    const { version, committedMs, modifiedMs, metadata } = file;
    const text = JSON.stringify(metadata);
    const about = [version, content, committedMs, modifiedMs, text, owner];
    this.#sql.putFile.run(name.key, name.name, ...about);
    this.recent.forget(name);
    return file;
  }

  #drop(name: CheckedName): void {
    this.#sql.dropFile.run(name.key);
    this.recent.forget(name);
  }
}

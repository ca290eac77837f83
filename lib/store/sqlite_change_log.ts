// The log of changes in a SQLite catalog: its entries are written within the transaction of the change itself,
// and read in pages by those who watch.

import type { Clock } from "../base/clock.ts";
import type { CheckedName } from "../base/names.ts";
import type { SqlValue } from "../runtime/sql.ts";
import {
  CHANGE_BYTES_DROPPED_AT_ONCE,
  CHANGE_BYTES_KEPT,
  type ChangeLog,
  type ChangePage,
  CHANGES_DROPPED_AT_ONCE,
  CHANGES_KEPT,
  CHANGES_LOOKED_THROUGH,
  type FileRecord,
  type LogKept,
} from "./catalog.ts";
import { type CatalogStatements, changeOf } from "./catalog_statements.ts";
import { insistOnKept } from "./conditions.ts";
import { keyRange } from "./key_range.ts";
import { storageError } from "./storage_error.ts";

/** What a new version of a name is made of. */
export type NewVersion = Pick<FileRecord, "size" | "digest" | "modifiedMs" | "metadata">;

/** Options of a {@linkcode SqliteChangeLog}. */
export interface SqliteChangeLogOptions {
  readonly clock: Clock;
  readonly kept?: LogKept | undefined;
}

/** A {@linkcode ChangeLog} in a SQLite file, which its catalog opens and closes. */
export class SqliteChangeLog implements ChangeLog {
  readonly #sql: CatalogStatements;
  readonly #clock: Clock;
  readonly #kept: { readonly changes: number; readonly bytes: number };
  // Bounded by its callers: so many watches a session, so many sessions.
  readonly #listeners = new Set<() => void>();
  /** Bytes that are sure to fit still: to ask the catalog at each change took a twentieth of the time of one. */
  #room = 0;

  /** The statements are the catalog's. */
  constructor(sql: CatalogStatements, { clock, kept = {} }: SqliteChangeLogOptions) {
    this.#sql = sql;
    this.#clock = clock;
    const { changes = CHANGES_KEPT, bytes = CHANGE_BYTES_KEPT } = kept;
    this.#kept = { changes, bytes };
  }

  /**
   * Enters that a name gets a content, and gives that its version. This and `remove` run in the transaction
   * of the change.
   */
  put({ name, key }: CheckedName, file: NewVersion): FileRecord {
    const { size, digest, modifiedMs, metadata } = file;
    const committedMs = this.#clock.now();
    const text = JSON.stringify(metadata);
    this.#room -= mostBytes(key, name, text);
    const version = this.#add(key, name, committedMs, size, digest, modifiedMs, text);
    return { name, version, size, digest, committedMs, modifiedMs, metadata };
  }

  /** Enters that a name went. */
  remove(key: Uint8Array, name: string): void {
    this.#room -= mostBytes(key, name);
    this.#add(key, name, this.#clock.now(), null, null, null, null);
  }

  /** Tells those who listen once `change` is durable; settles as it does. */
  async told<T>(change: Promise<T>): Promise<T> {
    const result = await change;
    for (const listener of this.#listeners) listener();
    return result;
  }

  async last(): Promise<number> {
    return this.#read(() => this.#bounds().last);
  }

  async page(
    since: number,
    { prefix, limit }: { readonly prefix: Uint8Array; readonly limit: number },
  ): Promise<ChangePage> {
    const { first, last } = this.#read(() => this.#bounds());
    insistOnKept(since, { first, last });
    const { start, end } = keyRange(prefix, new Uint8Array(0));
    const until = Math.min(last, since + CHANGES_LOOKED_THROUGH);
    const rows = this.#read(() => this.#sql.changes.all(since, until, start, end, limit));
    // A worker reads beside the process that writes: what was there at first may be gone from the rows.
    insistOnKept(since, { first: this.#read(() => this.#bounds().first), last });
    const changes = rows.map(changeOf);
    const through = changes.length < limit ? until : changes.at(-1)!.sequence;
    return { changes, through, more: through < last };
  }

  onChange(listener: () => void): () => void {
    // A function of its own for each call, so that the same listener may listen twice.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #add(...values: SqlValue[]): number {
    const sequence = this.#sql.addChange.get(...values)!.sequence as number;
    // Its oldest row is no change any more.
    if (sequence % CHANGES_DROPPED_AT_ONCE === 0) {
      this.#sql.dropChanges.run(sequence - this.#kept.changes - 1);
    }
    if (this.#room < 0) this.#dropSurplus();
    return sequence;
  }

  /** One by one, and no more than is soon done: of an older catalog there may be gigabytes. */
  #dropSurplus(): void {
    let bytes = this.#bytes();
    // As it is before: what is dropped comes back if the change does not hold.
    this.#room = Math.max(0, this.#kept.bytes - bytes);
    const end = Math.max(this.#kept.bytes, bytes - CHANGE_BYTES_DROPPED_AT_ONCE);
    for (let dropped = 0; bytes > end && dropped < CHANGES_DROPPED_AT_ONCE; dropped++) {
      this.#sql.dropOldestChange.run();
      bytes = this.#bytes();
    }
  }

  #bytes(): number {
    return this.#sql.logged.get()!.bytes as number;
  }

  #bounds(): { first: number; last: number } {
    const { oldest, last } = this.#sql.changeBounds.get() as Record<string, number>;
    return { first: oldest! + 1, last: last! };
  }

  #read<T>(query: () => T): T {
    try {
      return query();
    } catch (thrown) {
      throw storageError(thrown, "Cannot read the log of changes");
    }
  }
}

/** What an entry counts for at most: a unit of UTF-16 is three bytes of UTF-8, or half of four. */
function mostBytes(key: Uint8Array, name: string, metadata = ""): number {
  return key.length + 3 * (name.length + metadata.length);
}

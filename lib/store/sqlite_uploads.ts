// The unfinished uploads in a SQLite catalog. What changes something runs within the transaction of a change.

import type { Clock } from "../base/clock.ts";
import type { CheckedName } from "../base/names.ts";
import type { ListedUpload, UploadHold, UploadRecord } from "./catalog.ts";
import {
  type CatalogStatements,
  listedUploadOf,
  uploadOf,
  uploadValues,
} from "./catalog_statements.ts";
import { fenced } from "./conditions.ts";

/** The uploads of one catalog. */
export class SqliteUploads {
  readonly #sql: CatalogStatements;
  readonly #clock: Pick<Clock, "now">;

  /** The statements are the catalog's. */
  constructor(sql: CatalogStatements, clock: Pick<Clock, "now">) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Adds a row. */
  begin(upload: UploadRecord): void {
    this.#sql.addUpload.run(...uploadValues(upload));
  }

  /** With the epoch that it has from now on; undefined when it has ended. */
  attach(id: string): UploadRecord | undefined {
    const row = this.#sql.attachUpload.get(this.#clock.now(), id);
    return row && uploadOf(row);
  }

  /** That so many bytes are durable now. Throws `fenced` unless it is this holder's. */
  progress({ id, epoch }: UploadHold, durable: number): void {
    const found = this.#sql.progressUpload.run(durable, this.#clock.now(), id, epoch);
    if (found === 0) throw fenced(id);
  }

  /** Removes a row if it is this holder's, and says whether it was. */
  drop({ id, epoch }: UploadHold): boolean {
    return this.#sql.dropUpload.run(id, epoch) > 0;
  }

  /** With its metadata. */
  find(id: string): UploadRecord | undefined {
    const row = this.#sql.upload.get(id);
    return row && uploadOf(row);
  }

  /** A page of all. */
  list(after: number, limit: number): ListedUpload[] {
    return this.#sql.uploads.all(after, limit).map(listedUploadOf);
  }

  /** A page of those to one name. */
  listTo(name: CheckedName, before: number, limit: number): ListedUpload[] {
    return this.#sql.uploadsTo.all(name.key, before, limit).map(listedUploadOf);
  }
}

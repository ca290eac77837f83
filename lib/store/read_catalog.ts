// The catalog of another process, read beside it: SQLite shows each look-up all that was durable before.

import type { SqlDatabase } from "../runtime/sql.ts";
import type { Catalog } from "./catalog.ts";
import { CACHE } from "./catalog_schema.ts";
import { SqliteCatalog, type SqliteCatalogParts } from "./sqlite_catalog.ts";
import { storageError } from "./storage_error.ts";

/** What a {@linkcode ReadCatalog} stands on. */
export interface ReadCatalogParts extends SqliteCatalogParts {
  /** Told of damage in place of marking it. */
  readonly onDamage: Catalog["markDamage"];
}

/** A {@linkcode Catalog} in which what changes something fails with `storage`, but for marking damage. */
export class ReadCatalog extends SqliteCatalog {
  readonly #onDamage: Catalog["markDamage"];

  private constructor(db: SqlDatabase, parts: ReadCatalogParts) {
    super(db, parts);
    this.#onDamage = parts.onDamage;
  }

  /** Opens the catalog at `path`, which its owner has open. Throws `storage`. */
  static at(path: string, parts: ReadCatalogParts): ReadCatalog {
    let db: SqlDatabase | undefined;
    try {
      db = parts.openSql(path, { readOnly: true });
      db.exec(CACHE);
      return new ReadCatalog(db, parts);
    } catch (thrown) {
      db?.close();
      throw storageError(thrown, `Cannot read the catalog ${path}`);
    }
  }

  override markDamage(
    content: Parameters<Catalog["markDamage"]>[0],
    damage?: string,
  ): Promise<void> {
    return this.#onDamage(content, damage);
  }
}

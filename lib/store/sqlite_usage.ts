// What each owner has in a SQLite catalog: counters, changed within the transaction of each change.

import type { CatalogTotals, NewFile } from "./catalog.ts";
import type { CatalogStatements } from "./catalog_statements.ts";
import { growthOf, insistOnQuotas, type Usage } from "./quota.ts";

/** What a change finds under a name. */
export interface CurrentFile {
  readonly version: number;
  /** The id of its content. */
  readonly content: number;
  readonly owner: string;
  /** In bytes. */
  readonly size: number;
}

/** The counters of one catalog. */
export class SqliteUsage {
  readonly #sql: CatalogStatements;

  /** The statements are the catalog's. */
  constructor(sql: CatalogStatements) {
    this.#sql = sql;
  }

  /** What this owner has, and the whole store. */
  of(owner: string): { owner: Usage; store: Usage } {
    const { usageOf, usage } = this.#sql;
    const own = usageOf.get(owner) as unknown as Usage | undefined;
    return { owner: own ?? { files: 0, bytes: 0 }, store: usage.get() as unknown as Usage };
  }

  /** What this owner has, and the whole store, with uploads and contents. */
  totals(owner: string): CatalogTotals {
    const usage = this.of(owner);
    const uploads = this.#sql.uploadCounts.get(owner) as unknown as Record<string, number>;
    return {
      owner: { ...usage.owner, uploads: uploads.owner! },
      store: { ...usage.store, uploads: uploads.store! },
      stored: this.#sql.stored.get() as unknown as CatalogTotals["stored"],
    };
  }

  /** Throws `quota` unless what `owner` puts in the place of `replaced` keeps to the quotas. */
  insistOnQuotas(
    { quotas, size }: Pick<NewFile, "quotas" | "size">,
    owner: string,
    replaced: CurrentFile | undefined,
  ): void {
    if (quotas) insistOnQuotas(quotas, this.of(owner), growthOf(size, owner, replaced));
  }

  /** That `owner` has a file of `size` bytes now in the place of `replaced`. */
  count(owner: string, size: number, replaced: CurrentFile | undefined): void {
    if (replaced && replaced.owner !== owner) {
      this.uncount(replaced);
    }
    const { files, bytes } = growthOf(size, owner, replaced).owner;
    this.#sql.addUsage.run(owner, files, bytes);
  }

  /** That its owner has this file no more. */
  uncount({ owner, size }: Pick<CurrentFile, "owner" | "size">): void {
    this.#sql.addUsage.run(owner, -1, -size);
  }
}

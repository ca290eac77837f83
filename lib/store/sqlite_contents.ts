// The contents in a SQLite catalog and what is left of them when no file has them. All of it runs within the
// transaction of a change.

import type { LeafPart, NewFile, StoredContent } from "./catalog.ts";
import type { CatalogStatements } from "./catalog_statements.ts";

/** The contents, leaf hashes and garbage of one catalog. */
export class SqliteContents {
  readonly #sql: CatalogStatements;
  readonly #onChange: () => void;

  /** The statements are the catalog's; `onChange` is called when a content that files have is not what it was. */
  constructor(sql: CatalogStatements, onChange: () => void) {
    this.#sql = sql;
    this.#onChange = onChange;
  }

  /** The content row with this digest, added unless equal content is there. */
  contentFor({ digest, size, place, parts }: NewFile, garbage: string[]): number {
    const blob = place.kind === "blob" ? place.id : null;
    const bytes = place.kind === "inline" ? place.bytes : null;
    const added = this.#sql.addContent.get(digest, size, blob, bytes)?.id;
    if (added !== undefined) {
      if (blob !== null) this.putLeaves(blob, parts);
      return added as number;
    }
    const known = this.#sql.contentOf.get(digest)!;
    if (known.damage === null) {
      if (blob !== null && known.blob !== blob) this.discard(blob, garbage);
      return known.id as number;
    }
    if (blob !== null) this.putLeaves(blob, parts);
    // The names that had the damaged one are whole again, too.
    this.#sql.replaceContent.run(blob, bytes, known.id!);
    this.#onChange();
    if (typeof known.blob === "string") this.discard(known.blob, garbage);
    return known.id as number;
  }

  /** Remembers what is wrong with a content, or that nothing is any more. */
  markDamage({ digest, place }: Pick<StoredContent, "digest" | "place">, damage?: string): void {
    const blob = place.kind === "blob" ? place.id : null;
    this.#sql.markDamage.run(damage ?? null, digest, blob);
    this.#onChange();
  }

  /** Writes parts of the leaf hashes of a blob, new or longer. */
  putLeaves(blob: string, parts: readonly LeafPart[]): void {
    for (const { index, hashes, root } of parts) {
      this.#sql.putLeaves.run(blob, index, hashes, root ?? null);
    }
  }

  /** Drops a content unless a file has it still. */
  release(content: number, garbage: string[]): void {
    const blob = this.#sql.dropUnusedContent.get(content)?.blob;
    if (typeof blob === "string") this.discard(blob, garbage);
  }

  /** Recorded in the step that drops the last need of a blob, so that no crash can lose track of it. */
  discard(blob: string, garbage: string[]): void {
    this.#sql.addGarbage.run(blob);
    garbage.push(blob);
  }
}

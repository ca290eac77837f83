// Records for the tests of catalogs.

import { checkName } from "../../lib/base/names.ts";
import type { Catalog, Condition, NewFile, UploadRecord } from "../../lib/store/catalog.ts";
import { contentOf, digestOf, newId } from "./content.ts";

const ANY: Condition = { kind: "any" };

/** A file whose bytes are in the catalog. */
export function inlineFile(name: string, bytes: Uint8Array): NewFile {
  return {
    name: checkName(name),
    condition: ANY,
    size: bytes.length,
    digest: digestOf(bytes),
    modifiedMs: 0,
    metadata: {},
    place: { kind: "inline", bytes },
    parts: [],
  };
}

/** A file of two blocks in a blob; the content is the same for the same seed. */
export function blobFile(name: string, id: string, seed = 1): NewFile {
  return {
    ...inlineFile(name, contentOf(100_000, seed)),
    place: { kind: "blob", id },
    parts: [{ index: 0, hashes: contentOf(64, seed) }],
  };
}

/** An upload with all that can be said of one. */
export function uploadRecord(differing: Partial<UploadRecord>): UploadRecord {
  return {
    id: newId(),
    name: checkName("cafe\u0301"),
    condition: ANY,
    declaredSize: 100_000,
    modifiedMs: 1234567890123,
    metadata: { a: "b" },
    epoch: 1,
    durable: 0,
    begunMs: 5,
    activeMs: 5,
    owner: "",
    ...differing,
  };
}

/** The ids of all unfinished uploads of a catalog that has few, the oldest first. */
export async function uploadIds(catalog: Pick<Catalog, "uploads">): Promise<string[]> {
  return (await catalog.uploads(0, 1000)).map(({ id }) => id);
}

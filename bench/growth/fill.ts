// Fills a data folder with names, each of a small content of its own. Through the store, in its own way of
// doing it: what is there afterwards is what as many uploads would have left.

import { toHex } from "../../lib/base/hex.ts";
import { leafHash } from "../../lib/base/merkle.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { openDataFolder } from "../../lib/store/data_folder.ts";
import type { FileStore } from "../../lib/store/file_store.ts";
import { nameOf } from "./names.ts";

/** Uploads side by side: as many as share a synchronisation of the disk. */
const SIDE_BY_SIDE = 256;

/** Options of {@linkcode fillDataFolder}. */
export interface FillOptions {
  /** How many names: those of `nameOf` from 0 on. */
  readonly names: number;
  /** Told after every few hundred how many there are. */
  readonly onProgress?: (names: number) => void;
}

/** Opens the data folder, made if it is not there, fills it and closes it. */
export async function fillDataFolder(
  path: string,
  { names, onProgress }: FillOptions,
): Promise<void> {
  const folder = await openDataFolder(path, {
    files: nodeFiles,
    openSql: openNodeSql,
    clock: systemClock,
    newId: () => toHex(crypto.getRandomValues(new Uint8Array(16))),
  });
  try {
    for (let start = 0; start < names; start += SIDE_BY_SIDE) {
      const count = Math.min(SIDE_BY_SIDE, names - start);
      await Promise.all(Array.from({ length: count }, (_, place) => {
        return add(folder.store, start + place);
      }));
      onProgress?.(start + count);
    }
  } finally {
    await folder[Symbol.asyncDispose]();
  }
}

async function add(store: FileStore, index: number): Promise<void> {
  const bytes = new TextEncoder().encode(`The content of number ${index}.\n`);
  const upload = await store.beginUpload({
    name: nameOf(index),
    condition: { kind: "any" },
    declaredSize: bytes.length,
    modifiedMs: 0,
    metadata: {},
  });
  await upload.write(bytes, 0);
  // One block is its own tree, so that its hash is the digest.
  await upload.commit(bytes.length, leafHash(bytes));
}

// Fills the catalog of a data folder that no server has open with names, each of a small content of its own:
// `deno run -A bench/fill_catalog.ts DATA_FOLDER --names 1000000`. Through the store, in its own way of doing
// it: what is there afterwards is what as many uploads would have left.

import { parseArgs } from "@std/cli";
import { mapBounded } from "../lib/base/concurrency.ts";
import { toHex } from "../lib/base/hex.ts";
import { leafHash } from "../lib/base/merkle.ts";
import { nodeFiles } from "../lib/runtime/node_files.ts";
import { openNodeSql } from "../lib/runtime/node_sql.ts";
import { systemClock } from "../lib/runtime/system_clock.ts";
import { openDataFolder } from "../lib/store/data_folder.ts";
import type { FileStore } from "../lib/store/file_store.ts";
import { nameOf } from "./growth/names.ts";
import { orUsage, parseCount, print } from "./measure/options.ts";

/** Uploads side by side: as many as share a synchronisation of the disk. */
const SIDE_BY_SIDE = 256;
/** Names between two lines of progress. */
const STEP = 50_000;

const { names = "1000000", _: [dataFolder] } = parseArgs(Deno.args, { string: ["names", "_"] });
if (dataFolder === undefined) {
  print("usage: deno run -A bench/fill_catalog.ts DATA_FOLDER [--names N]");
  Deno.exit(2);
}
const count = orUsage(() => parseCount(names));
const folder = await openDataFolder(String(dataFolder), {
  files: nodeFiles,
  openSql: openNodeSql,
  clock: systemClock,
  newId: () => toHex(crypto.getRandomValues(new Uint8Array(16))),
});
try {
  const began = performance.now();
  for (let start = 0; start < count; start += STEP) {
    const end = Math.min(count, start + STEP);
    const indexes = Array.from({ length: end - start }, (_, place) => start + place);
    const ends = await mapBounded(indexes, (index) => add(folder.store, index), {
      limit: SIDE_BY_SIDE,
    });
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
    print(`${end} names, ${Math.round((performance.now() - began) / 1000)} s`);
  }
} finally {
  await folder[Symbol.asyncDispose]();
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

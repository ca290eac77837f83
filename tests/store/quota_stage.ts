// Where the tests of quotas play: a store on either catalog, and those whose files count.

import { assertEquals, assertRejects } from "@std/assert";
import { type ErrorCode, MorselError } from "../../lib/base/errors.ts";
import { EVERYBODY, type Principal } from "../../lib/base/principal.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import type { Quota } from "../../lib/store/quota.ts";
import { SqliteCatalog } from "../../lib/store/sqlite_catalog.ts";
import { newId } from "../support/content.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";

/** Of a usual file here, in bytes: a large one. */
export const SIZE = 100_000;
/** Has a quota of bytes and of files. */
export const ANN = principal("ann", { quotaBytes: 3 * SIZE, quotaFiles: 3 });
/** Has one of bytes. */
export const BOB = principal("bob", { quotaBytes: 3 * SIZE });

/** What a test is given. */
export interface Stage {
  readonly catalog: Catalog;
  readonly store: FileStore;
  /** The store as the next process opens it. */
  reopen(quota?: Quota): Promise<FileStore>;
}

/** Both catalogs, empty. */
export const ENGINES: Record<string, () => Catalog> = {
  memory: () => new MemoryCatalog(systemClock),
  sqlite: () => SqliteCatalog.open(":memory:", { openSql: openNodeSql, clock: systemClock }),
};

/** Declares a test for each catalog; `quota` is that of the whole store. */
export function quotaTest(
  sentence: string,
  body: (stage: Stage) => Promise<void>,
  quota?: Quota,
): void {
  for (const [engine, newCatalog] of Object.entries(ENGINES)) {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using catalog = newCatalog();
      const parts = { catalog, blobs: new MemoryBlobs(), clock: systemClock, newId };
      const reopen = async (quota?: Quota) => (await FileStore.open({ ...parts, quota })).store;
      await body({ catalog, store: await reopen(quota), reopen });
    });
  }
}

/** Somebody whose files count. */
export function principal(name: string, quota: Partial<Principal>): Principal {
  return { ...EVERYBODY, name, ...quota };
}

/** Insists on this code and returns the error. */
export async function refused(code: ErrorCode, action: Promise<unknown>): Promise<MorselError> {
  const error = await assertRejects(() => action, MorselError);
  assertEquals(error.code, code, error.message);
  return error;
}

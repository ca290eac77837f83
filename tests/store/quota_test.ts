// What an owner, the whole store and the disk allow, on both catalogs.

import { assertEquals, assertRejects } from "@std/assert";
import { checkName } from "../../lib/base/names.ts";
import type { Principal } from "../../lib/base/principal.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import { openDataFolder } from "../../lib/store/data_folder.ts";
import { DiskSpace } from "../../lib/store/disk_space.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { contentOf, digestOf, newId } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { ANN, BOB, principal, quotaTest as test, refused, SIZE } from "./quota_stage.ts";
import { ABSENT, ANY, begin, send } from "./store_steps.ts";

test("files in flight count from their begin on, until they end", async ({ store }) => {
  const first = await begin(store, "a", { declaredSize: 2 * SIZE, by: ANN });
  const { detail } = await refused("quota", begin(store, "b", { declaredSize: 2 * SIZE, by: ANN }));
  assertEquals(detail, {
    limit: "bytes",
    value: String(3 * SIZE),
    free: String(SIZE),
    needed: String(2 * SIZE),
  });
  const other = await begin(store, "b", { declaredSize: 2 * SIZE, by: BOB });
  await first.abort();
  await (await begin(store, "b", { declaredSize: 3 * SIZE, by: ANN })).abort();
  await other.abort();
});

test("of uploads begun at once exactly those that fit are let in", async ({ store }) => {
  const sizes = [1000, SIZE];
  for (const size of sizes) {
    const by = principal("ann", { quotaBytes: 5 * size });
    const begun = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => begin(store, `${i}`, { declaredSize: size, by })),
    );
    const uploads = begun.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    assertEquals(uploads.length, 5);
    for (const upload of uploads) await upload.abort();
  }
});

test("commits, overwrites, moves, copies and removals are counted", async ({ store, catalog }) => {
  await put(store, "a", contentOf(SIZE), ANN);
  await put(store, "a", contentOf(2 * SIZE), ANN);
  assertEquals(await usage(catalog, "ann"), [1, 2 * SIZE]);
  // The same content under another name is as large: what is shared does not show.
  await store.copy("a", "b", ANY, BOB);
  assertEquals(await usage(catalog, "bob"), [1, 2 * SIZE]);
  await refused("quota", store.copy("a", "c", ANY, BOB));
  await refused("quota", store.copy("a", "c", ABSENT, ANN));
  await store.move("a", "d", ANY);
  assertEquals(await usage(catalog, "ann"), [1, 2 * SIZE]);
  await put(store, "d", contentOf(9), BOB);
  assertEquals([await usage(catalog, "ann"), await usage(catalog, "bob")], [[0, 0], [
    2,
    2 * SIZE + 9,
  ]]);
  await store.move("d", "b", ANY);
  assertEquals(await usage(catalog, "bob"), [1, 9]);
  await store.remove("b", ANY);
  const { owner, store: all } = await catalog.account("bob", checkName("b"));
  assertEquals([owner, all], [{ files: 0, bytes: 0 }, { files: 0, bytes: 0 }]);
});

test("totals tell what there is, what is stored for it, and what is reserved", async ({ store }) => {
  await put(store, "a", contentOf(SIZE), ANN);
  await store.copy("a", "b", ANY, BOB);
  await put(store, "c", contentOf(9), BOB);
  const open = await begin(store, "d", { declaredSize: 2 * SIZE, by: ANN });
  const { owner, store: all, stored } = await store.totals("ann");
  assertEquals([owner.files, owner.bytes, owner.uploads], [1, SIZE, 1]);
  assertEquals([owner.reserved, all.reserved.files], [{ files: 1, bytes: 2 * SIZE }, 1]);
  assertEquals([all.files, all.bytes, all.uploads], [3, 2 * SIZE + 9, 1]);
  assertEquals(stored, { contents: 2, bytes: SIZE + 9 });
  await open.abort();
  await store.remove("a", ANY);
  const after = await store.totals("ann");
  assertEquals([after.owner.files, after.owner.uploads, after.owner.reserved.bytes], [0, 0, 0]);
  assertEquals(after.stored, { contents: 2, bytes: SIZE + 9 });
  for (const name of ["b", "c"]) await store.remove(name, ANY);
  assertEquals((await store.totals()).stored, { contents: 0, bytes: 0 });
});

test("a full owner may still overwrite by what is no larger", async ({ store, catalog }) => {
  await put(store, "a", contentOf(3 * SIZE), ANN);
  await put(store, "a", contentOf(3 * SIZE, 2), ANN);
  await refused("quota", begin(store, "a", { declaredSize: 3 * SIZE + 1, by: ANN }));
  await put(store, "a", contentOf(10), ANN);
  assertEquals(await usage(catalog, "ann"), [1, 10]);
});

test("the commit is refused where what it replaces has gone meanwhile", async ({ store, catalog }) => {
  await put(store, "a", contentOf(3 * SIZE), ANN);
  const over = await begin(store, "a", { declaredSize: 3 * SIZE, by: ANN });
  await send(over, contentOf(3 * SIZE, 2), 65_536);
  await store.remove("a", ANY);
  await put(store, "b", contentOf(9), ANN);
  await refused("quota", over.commit(3 * SIZE, digestOf(contentOf(3 * SIZE, 2))));
  assertEquals(await usage(catalog, "ann"), [1, 9]);
  await put(store, "c", contentOf(2 * SIZE), ANN);
});

test("files are limited too, small ones as well", async ({ store }) => {
  for (const name of ["a", "b", "c"]) await put(store, name, contentOf(5), ANN);
  await refused("quota", begin(store, "d", { declaredSize: 5, by: ANN }));
  await put(store, "c", contentOf(6), ANN);
  await store.remove("a", ANY);
  await put(store, "d", contentOf(5), ANN);
});

test("an upload of unknown size is stopped where the quota ends", async ({ store }) => {
  const upload = await begin(store, "a", { by: ANN });
  await send(upload, contentOf(3 * SIZE), 50_000);
  await refused("quota", begin(store, "b", { declaredSize: 1, by: ANN }));
  await refused("quota", upload.write(new Uint8Array(1), 3 * SIZE));
  await upload.abort();
  await put(store, "b", contentOf(3 * SIZE), ANN);
});

test("an upload that waits for its resume counts, after a restart too", async ({ store, reopen }) => {
  const upload = await begin(store, "a", { declaredSize: 2 * SIZE, by: ANN });
  await send(upload, contentOf(SIZE));
  await upload.detach();
  await refused("quota", begin(store, "b", { declaredSize: 2 * SIZE, by: ANN }));
  const next = await reopen();
  await refused("quota", begin(next, "b", { declaredSize: 2 * SIZE, by: ANN }));
  // Nobody else takes it up.
  const request = { declaredSize: 2 * SIZE, resume: true };
  const other = await begin(next, "a", { ...request, by: BOB });
  assertEquals(other.received, 0);
  await other.abort();
  const resumed = await begin(next, "a", { ...request, by: ANN });
  assertEquals(resumed.received, 65_536);
  await resumed.detach();
  assertEquals(await next.expireUploads(-1), 1);
  await (await begin(next, "b", { declaredSize: 3 * SIZE, by: ANN })).abort();
});

test("the whole store has a quota, whoever asks", async ({ store }) => {
  await put(store, "a", contentOf(SIZE), ANN);
  await refused("quota", begin(store, "b", { declaredSize: SIZE, by: BOB }));
  await refused("quota", begin(store, "b", { declaredSize: SIZE }));
  await put(store, "b", contentOf(50_000), BOB);
}, { bytes: 150_000 });

Deno.test("the reserve of the disk is kept at the begin and while an upload grows", async () => {
  const clock = new FakeClock();
  let free = 3 * SIZE;
  const space = new DiskSpace({ clock, reserve: SIZE, freeSpace: () => Promise.resolve(free) });
  const catalog = new MemoryCatalog(clock);
  const { store } = await FileStore.open({
    catalog,
    blobs: new MemoryBlobs(),
    clock,
    newId,
    space,
  });
  const { message } = await refused("no_space", begin(store, "a", { declaredSize: 2 * SIZE + 1 }));
  assertEquals(message.startsWith("The disk has 200000 bytes free beside the 100000"), true);
  const upload = await begin(store, "a", {});
  await send(upload, contentOf(SIZE), 50_000);
  free = SIZE;
  await clock.advance(1000);
  await refused("no_space", upload.write(new Uint8Array(1), SIZE));
  await upload.abort();
});

Deno.test("a disk that could be looked at is never taken for one that cannot", async () => {
  const clock = new FakeClock();
  let isFailing = false;
  const freeSpace = () => isFailing ? Promise.reject(new Error("failing")) : Promise.resolve(SIZE);
  const told: unknown[] = [];
  const onUnknown = (reason: unknown) => void told.push(reason);
  const space = new DiskSpace({ clock, reserve: 5, freeSpace, onUnknown });
  await space.take(1);
  isFailing = true;
  await clock.advance(1000);
  await assertRejects(() => space.take(1), Error, "failing");
  isFailing = false;
  await refused("no_space", space.take(SIZE));
  assertEquals(told, []);
});

Deno.test("where nobody can tell what is free a reserve is left out only if that is told", async () => {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const files = { ...nodeFiles, freeSpace: () => Promise.reject(new Error("not allowed")) };
  const parts = { files, openSql: openNodeSql, clock: systemClock, newId };
  const asked = openDataFolder(folder, { ...parts, reserve: { bytes: 5 } });
  const { message } = await refused("storage", asked);
  assertEquals(message, "Cannot tell how much of the disk is free: not allowed");
  const told: string[] = [];
  const onUnknown = (error: Error) => void told.push(error.message);
  const reserve = { bytes: 5, onUnknown };
  await using opened = await openDataFolder(folder, { ...parts, reserve });
  assertEquals([told, opened.reserveBytes], [[], 5]);
  await opened.lookAtDisk();
  await opened.lookAtDisk();
  await (await begin(opened.store, "a", { declaredSize: SIZE })).abort();
  assertEquals(told, [`No space is kept free on the disk. ${message}`]);
  assertEquals(opened.reserveBytes, 0);
  await Deno.remove(folder, { recursive: true });
});

async function put(store: FileStore, name: string, content: Uint8Array, by: Principal) {
  const upload = await begin(store, name, { declaredSize: content.length, by });
  await send(upload, content, 65_536);
  await upload.commit(content.length, digestOf(content));
}

async function usage(catalog: Catalog, owner: string): Promise<number[]> {
  const { owner: { files, bytes } } = await catalog.account(owner, checkName("-"));
  return [files, bytes];
}

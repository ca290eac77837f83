// When what is reserved for an upload is given back: once it has ended, in whatever way, and not before.

import { assertEquals } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { contentOf, digestOf, newId } from "../support/content.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { type Hook, hookedCatalog } from "../support/store_faults.ts";
import { ANN, principal, quotaTest as test, refused, SIZE } from "./quota_stage.ts";
import { begin, send } from "./store_steps.ts";

test("a takeover that fails gives back nothing of what is reserved", async ({ catalog }) => {
  const parts = { blobs: new MemoryBlobs(), clock: systemClock, newId };
  let isBroken = false;
  const hook: Hook = (call) => {
    if (call === "partRoots" && isBroken) throw new MorselError("storage", "It is broken");
  };
  const { store } = await FileStore.open({ ...parts, catalog: hookedCatalog(catalog, hook) });
  const request = { declaredSize: 2 * SIZE, by: ANN };
  const resume = () => begin(store, "a", { ...request, resume: true });
  await send(await begin(store, "a", request), contentOf(SIZE));
  const [first, second] = await Promise.allSettled([resume(), resume()]);
  assertEquals([first.status, second.status], ["rejected", "fulfilled"]);
  await refused("quota", begin(store, "b", request));
  isBroken = true;
  await refused("storage", resume());
  await refused("quota", begin(store, "b", request));
  isBroken = false;
  const resumed = await resume();
  assertEquals(resumed.received, 65_536);
  await resumed.abort();
  await (await begin(store, "b", { declaredSize: 3 * SIZE, by: ANN })).abort();
});

test("what comes late for an upload that has ended reserves nothing", async ({ store }) => {
  const [aborted, committed] = [
    await begin(store, "a", { by: ANN }),
    await begin(store, "b", { by: ANN }),
  ];
  for (const upload of [aborted, committed]) await send(upload, contentOf(SIZE), 50_000);
  await store.abortUpload(aborted.id);
  const resumed = await begin(store, "b", { by: ANN, resume: true });
  await send(resumed, contentOf(SIZE), 50_000);
  await resumed.commit(SIZE, digestOf(contentOf(SIZE)));
  for (const upload of [aborted, committed]) {
    await refused("fenced", upload.write(new Uint8Array(1), SIZE));
    await upload.abort();
  }
  assertEquals((await store.totals("ann")).owner.reserved, { files: 0, bytes: 0 });
});

test("an upload that ends while more is reserved for it leaves nothing", async ({ catalog }) => {
  const { store, beforeNext } = await interruptedStore(catalog);
  // Too much for the quota, and not.
  for (const size of [3 * SIZE + 1, SIZE]) {
    const upload = await begin(store, "a", { by: ANN });
    const ended = beforeNext("account", () => store.abortUpload(upload.id));
    await refused("fenced", upload.write(new Uint8Array(size), 0));
    await ended;
    assertEquals((await store.totals("ann")).owner.reserved, { files: 0, bytes: 0 });
  }
});

test("an upload of a time without a quota counts once it is resumed", async ({ store }) => {
  const before = principal("ann", {});
  for (const declaredSize of [undefined, 2 * SIZE]) {
    const upload = await begin(store, "a", { declaredSize, by: before });
    await send(upload, contentOf(SIZE), 50_000);
    await upload.detach();
    const resumed = await begin(store, "a", { declaredSize, by: ANN, resume: true });
    await send(resumed, contentOf(2 * SIZE), 50_000);
    await refused("quota", begin(store, "b", { declaredSize: SIZE + 1, by: ANN }));
    await resumed.abort();
    await (await begin(store, "b", { declaredSize: 3 * SIZE, by: ANN })).abort();
  }
});

test("a begin that fails leaves nothing reserved", async ({ catalog }) => {
  const { store, beforeNext } = await interruptedStore(catalog);
  void beforeNext("account", () => Promise.reject(new MorselError("storage", "It is broken")));
  await refused("storage", begin(store, "a", { declaredSize: SIZE, by: ANN }));
  assertEquals((await store.totals("ann")).owner.reserved, { files: 0, bytes: 0 });
});

for (const call of ["attachUpload", "endUpload"]) {
  test(`an abort takes an upload from whoever resumes it before its ${call}`, async ({ catalog }) => {
    const { store, beforeNext } = await interruptedStore(catalog);
    const request = { declaredSize: 2 * SIZE, by: ANN };
    const upload = await begin(store, "a", request);
    await send(upload, contentOf(SIZE));
    await upload.detach();
    const resuming = beforeNext(call, () => begin(store, "a", { ...request, resume: true }));
    await store.abortUpload(upload.id);
    const resumed = await resuming;
    assertEquals(resumed.id, upload.id);
    await refused("fenced", resumed.write(new Uint8Array(1), resumed.received));
    assertEquals(await Array.fromAsync(store.uploads()), []);
    await refused("not_found", store.abortUpload(upload.id));
    await (await begin(store, "b", { declaredSize: 3 * SIZE, by: ANN })).abort();
  });
}

test("an upload that is resumed while it expires is kept, and counts", async ({ catalog }) => {
  const { store, beforeNext } = await interruptedStore(catalog);
  const request = { declaredSize: 2 * SIZE, by: ANN };
  const upload = await begin(store, "a", request);
  await send(upload, contentOf(SIZE));
  await upload.detach();
  const resuming = beforeNext("endUpload", () => begin(store, "a", { ...request, resume: true }));
  assertEquals(await store.expireUploads(-1), 0);
  await send(await resuming, contentOf(2 * SIZE));
  await refused("quota", begin(store, "b", request));
});

test("an abort that finds no upload gives back nothing", async ({ store }) => {
  const small = await begin(store, "a", { declaredSize: 1000, by: ANN });
  await refused("not_found", store.abortUpload(small.id));
  await refused("quota", begin(store, "b", { declaredSize: 3 * SIZE, by: ANN }));
  await small.abort();
  await (await begin(store, "b", { declaredSize: 3 * SIZE, by: ANN })).abort();
});

/** A store in which something else can come before a call of the catalog, and be done by then. */
async function interruptedStore(catalog: Catalog) {
  let interrupt: (call: string) => Promise<void> | undefined = () => undefined;
  const parts = { blobs: new MemoryBlobs(), clock: systemClock, newId };
  const hooked = hookedCatalog(catalog, (call) => interrupt(call));
  const { store } = await FileStore.open({ ...parts, catalog: hooked });
  const beforeNext = <T>(call: string, step: () => Promise<T>): Promise<T> => {
    const { promise, resolve } = Promise.withResolvers<T>();
    interrupt = async (made) => {
      if (made !== call) return;
      interrupt = () => undefined;
      resolve(await step());
    };
    return promise;
  };
  return { store, beforeNext };
}

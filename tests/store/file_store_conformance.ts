// What a store must do on whatever engines it stands.

import { assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { merkleRoot } from "../../lib/base/merkle.ts";
import type { Blobs } from "../../lib/store/blobs.ts";
import type { Catalog, Condition } from "../../lib/store/catalog.ts";
import { uploadIds } from "../support/catalog_records.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { ABSENT, ANY, begin, openStore, put, readFile, readVersion, send } from "./store_steps.ts";

/** A place where the two engines of a store live on from one opening to the next. */
export interface StoreHome extends AsyncDisposable {
  open(): Promise<{ readonly catalog: Catalog; readonly blobs: Blobs }>;
  /** The ids of the blobs that are published now. */
  published(): Promise<string[]>;
}

/** Declares the tests for one pair of engines; each gets a new, empty home. */
export function fileStoreConformance(engine: string, newHome: () => Promise<StoreHome>): void {
  function test(sentence: string, body: (home: StoreHome) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      await body(home);
    });
  }

  for (const size of [0, 1, 1300, 1301, 65536, 65537, 5_000_000]) {
    test(`a file of ${size} bytes comes back as it was put`, async (home) => {
      const content = contentOf(size);
      {
        await using store = await openStore(home);
        for (const declared of [true, false]) {
          const file = await put(store, `size/${declared}`, content, { declared });
          assertEquals([file.size, file.digest], [size, digestOf(content)]);
          assertEquals(await readFile(store, `size/${declared}`), content);
        }
        assertEquals((await home.published()).length, size > 65536 ? 1 : 0);
      }
      await using store = await openStore(home);
      assertEquals(await readFile(store, "size/true"), content);
    });
  }

  test("a blob's leaf hashes are all in the catalog once it is committed", async (home) => {
    const { catalog, blobs } = await home.open();
    await using store = await openStore({ open: async () => ({ catalog, blobs }) });
    const content = contentOf(200_000);
    const upload = await begin(store, "a", { declaredSize: content.length });
    await send(upload, content.subarray(0, 150_000));
    await upload.checkpoint();
    assertEquals([upload.received, upload.durable], [150_000, 131_072]);
    await send(upload, content);
    await upload.commit(content.length, digestOf(content));
    const leaves = await catalog.leaves(upload.id, 0);
    assertEquals(leaves && new Uint8Array(merkleRoot(leaves)), digestOf(content));
  });

  for (const size of [1000, 100_000]) {
    test(`an upload of ${size} bytes is visible only after its commit`, async (home) => {
      await using store = await openStore(home);
      const content = contentOf(size);
      const upload = await begin(store, "a", { declaredSize: size });
      await send(upload, content);
      await upload.checkpoint();
      await refused("not_found", store.stat("a"));
      await refused("not_found", store.openVersion("a", 0));
      assertEquals(await store.list({ prefix: "", after: "", limit: 10 }), []);
      const file = await upload.commit(size, digestOf(content));
      assertEquals(await store.stat("a"), file);
    });

    test(`a reader of ${size} bytes is not disturbed by changes of its file`, async (home) => {
      await using store = await openStore(home);
      const old = contentOf(size, 1);
      const { version } = await put(store, "a", old);
      const [first, second] = [
        await store.openVersion("a", 0),
        await store.openVersion("a", version),
      ];
      const start = new Uint8Array(10);
      await first.read(start, 0);
      await put(store, "a", contentOf(size + 1, 2));
      assertEquals(await readVersion(first), old);
      await store.remove("a", ANY);
      assertEquals(await readVersion(second), old);
      await refused("gone", store.openVersion("a", version));
    });

    test(`an upload of ${size} bytes with a wrong digest is removed`, async (home) => {
      await using store = await openStore(home);
      const upload = await begin(store, "a", { declaredSize: size });
      await send(upload, contentOf(size));
      await refused("integrity", upload.commit(size, digestOf(contentOf(size, 2))));
      await refused("invalid", upload.write(new Uint8Array(1), size));
      await upload.abort();
      await refused("not_found", store.stat("a"));
      await assertNothingIsLeft(home);
    });

    test(`an aborted upload of ${size} bytes leaves nothing`, async (home) => {
      await using store = await openStore(home);
      const upload = await begin(store, "a", { declaredSize: size });
      await send(upload, contentOf(size).subarray(0, size - 1));
      await Promise.all([upload.abort(), upload.abort(), upload.detach()]);
      await assertNothingIsLeft(home);
    });
  }

  test("bytes are taken in their order only, and no more than were declared", async (home) => {
    await using store = await openStore(home);
    const upload = await begin(store, "a", { declaredSize: 70_000 });
    await upload.write(contentOf(3), 0);
    const error = await refused("invalid", upload.write(contentOf(3), 5));
    assertEquals(error.message, "Cannot write chunk at offset 5 as the upload has 3 bytes");
    await refused("invalid", upload.write(contentOf(3), 0));
    await refused("invalid", upload.write(contentOf(70_000), 3));
    assertEquals(upload.received, 3);
    await upload.write(contentOf(69_997), 3);
    await refused("invalid", upload.write(new Uint8Array(1), 70_000));
    await refused("invalid", upload.commit(69_999, digestOf(contentOf(69_999))));
    await assertNothingIsLeft(home);
  });

  test("a commit of less than was declared is refused", async (home) => {
    await using store = await openStore(home);
    for (const declaredSize of [10, 100_000]) {
      const upload = await begin(store, "a", { declaredSize });
      await send(upload, contentOf(5));
      await refused("invalid", upload.commit(5, digestOf(contentOf(5))));
    }
    await assertNothingIsLeft(home);
  });

  test("chunks of all sizes may follow each other", async (home) => {
    await using store = await openStore(home);
    const sizes = [1, 65_535, 262_144, 1, 262_143, 300_000, 7, 600_000, 0, 262_144, 262_145];
    const content = contentOf(sizes.reduce((sum, size) => sum + size));
    const upload = await begin(store, "a", {});
    for (const size of sizes) {
      await upload.write(content.slice(upload.received, upload.received + size), upload.received);
    }
    await upload.commit(content.length, digestOf(content));
    assertEquals(await readFile(store, "a"), content);
  });

  test("writes that do not wait for each other keep their order", async (home) => {
    await using store = await openStore(home);
    const content = contentOf(500_000);
    const upload = await begin(store, "a", {});
    const writes: Promise<void>[] = [];
    for (let offset = 0; offset < content.length; offset += 1300) {
      writes.push(upload.write(content.subarray(offset, offset + 1300), offset));
    }
    const committed = upload.commit(content.length, digestOf(content));
    await Promise.all(writes);
    await committed;
    assertEquals(await readFile(store, "a"), content);
  });

  test("a condition is checked when an upload begins and when it commits", async (home) => {
    await using store = await openStore(home);
    for (const size of [1000, 100_000]) {
      const name = `file ${size}`;
      const [early, late] = [contentOf(size, 1), contentOf(size, 2)];
      const uploads = await Promise.all(
        [early, late].map((_) => begin(store, name, { condition: ABSENT, declaredSize: size })),
      );
      await Promise.all([send(uploads[0]!, early), send(uploads[1]!, late)]);
      const results = await Promise.allSettled([
        uploads[0]!.commit(size, digestOf(early)),
        uploads[1]!.commit(size, digestOf(late)),
      ]);
      assertEquals(results.map((result) => result.status).sort(), ["fulfilled", "rejected"]);
      await refused("conflict", begin(store, name, { condition: ABSENT }));
      const stale: Condition = { kind: "version", version: 1_000_000 };
      await refused("conflict", begin(store, name, { condition: stale }));
    }
    assertEquals((await home.published()).length, 1);
    const { catalog, blobs } = await home.open();
    assertEquals(await blobs.unfinished(), []);
    await catalog[Symbol.asyncDispose]();
  });

  test("equal content is stored once and goes with its last name", async (home) => {
    await using store = await openStore(home);
    const content = contentOf(100_000);
    await put(store, "a", content);
    await put(store, "b", content);
    await store.copy("b", "c", ABSENT);
    assertEquals((await home.published()).length, 1);
    await store.remove("a", ANY);
    await store.move("c", "d", ANY);
    assertEquals(await readFile(store, "b"), content);
    assertEquals(await readFile(store, "d"), content);
    await store.remove("b", ANY);
    assertEquals((await home.published()).length, 1);
    await put(store, "d", contentOf(5));
    assertEquals((await home.published()).length, 0);
  });

  test("a file is neither moved nor copied onto itself, but may be respelt", async (home) => {
    await using store = await openStore(home);
    await put(store, "caf\u00e9", contentOf(5));
    await refused("invalid", store.move("caf\u00e9", "caf\u00e9", ANY));
    await refused("invalid", store.copy("caf\u00e9", "caf\u00e9", ANY));
    await refused("invalid", store.copy("caf\u00e9", "cafe\u0301", ANY));
    await store.move("caf\u00e9", "cafe\u0301", ABSENT);
    assertEquals((await store.stat("caf\u00e9")).name, "cafe\u0301");
    await refused("not_found", store.move("no", "yes", ANY));
    await refused("invalid", store.move("cafe\u0301", "x/", ANY));
  });

  test("pages meet every file that stays, whatever changes around it", async (home) => {
    await using store = await openStore(home);
    const staying = Array.from({ length: 30 }, (_, index) => `f/${String(index).padStart(2, "0")}`);
    await Promise.all(staying.map((name) => put(store, name, contentOf(3))));
    const seen: string[] = [];
    let after = "";
    for (let page = 0;; page++) {
      const files = await store.list({ prefix: "f/", after, limit: 7 });
      if (files.length === 0) break;
      seen.push(...files.map((file) => file.name));
      after = seen.at(-1)!;
      await put(store, `${after.slice(0, 4)} inserted ${page}`, contentOf(3));
      await put(store, `f/.${page}`, contentOf(3));
      if (page > 0) await store.remove(`f/.${page - 1}`, ANY);
      await store.remove(after, ANY);
      if (page % 2) await put(store, after, contentOf(4));
    }
    assertEquals(seen.filter((name) => staying.includes(name)), staying);
    assertEquals(seen.length, new Set(seen).size);
    await refused("invalid", store.list({ prefix: "", after: "", limit: 0 }));
  });

  async function assertNothingIsLeft(home: StoreHome): Promise<void> {
    const { catalog, blobs } = await home.open();
    assertEquals(await blobs.unfinished(), []);
    assertEquals(await home.published(), []);
    assertEquals(await uploadIds(catalog), []);
    await catalog[Symbol.asyncDispose]();
  }
}

async function refused(code: string, step: Promise<unknown>): Promise<MorselError> {
  const error = await assertRejects(() => step, MorselError);
  assertEquals(error.code, code);
  return error;
}

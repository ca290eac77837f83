// However many uploads are unfinished, few of them are in memory at a time, and others have their turn between.

import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { RIGHTS } from "../../lib/base/principal.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { uploadRecord } from "../support/catalog_records.ts";
import { newId } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { memoryServer } from "../support/memory_server.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const COUNT = 200;
/** Of what a list tells. */
const MOST_AT_ONCE = 64;

Deno.test("however many uploads are unfinished, a list of them is read in parts", async () => {
  await using stage = await manyUploads();
  await using client = await stage.server.connect(stage.token);
  assertEquals((await client.uploads()).map(({ id }) => id), stage.ids);
  stage.assertFewAtOnce();
});

Deno.test("of many uploads the one that a token aborts is looked up alone", async () => {
  await using stage = await manyUploads();
  await using client = await stage.server.connect(stage.token);
  await client.abortUpload(stage.ids[100]!);
  assertEquals(stage.parts, []);
  assertEquals((await client.uploads()).length, COUNT - 1);
});

Deno.test("of many uploads to one name the one of the same source is found in parts", async () => {
  await using stage = await manyUploads();
  const { name, condition, declaredSize, metadata } = uploadRecord({});
  const request = { name: name.name, condition, declaredSize, metadata, resume: true };
  const [oldest] = stage.ids;
  const resumed = await stage.server.store.beginUpload({ ...request, modifiedMs: 1 });
  assertEquals(resumed.id, oldest);
  await resumed.detach();
  // The same but for its metadata.
  const other = await stage.server.store.beginUpload({
    ...request,
    metadata: { a: "c" },
    modifiedMs: 1,
  });
  assert(!stage.ids.includes(other.id));
  stage.assertFewAtOnce();
});

Deno.test("many uploads expire in parts, and others have their turn between", async () => {
  await using stage = await manyUploads();
  const order: string[] = [];
  setImmediate(() => order.push("another"));
  assertEquals(await stage.server.store.expireUploads(10 ** 15), 0);
  order.push("looked through");
  assertEquals(order, ["another", "looked through"]);
  assertEquals(await stage.server.store.expireUploads(-1), COUNT);
  stage.assertFewAtOnce();
});

Deno.test("a store with many unfinished uploads is opened in parts", async () => {
  await using stage = await manyUploads();
  const { catalog, blobs, clock } = stage;
  const { recovered } = await FileStore.open({ catalog, blobs, clock, newId });
  assertEquals(recovered.uploads, COUNT);
  stage.assertFewAtOnce();
});

/** A server with many uploads to one name, whose sources were changed at 1, 2, 3 …, and what is read of them. */
async function manyUploads() {
  const clock = new FakeClock();
  const blobs = new MemoryBlobs();
  const catalog = new MemoryCatalog(clock);
  const parts: object[][] = [];
  for (const method of ["uploads", "uploadsTo"] as const) {
    const read = catalog[method].bind(catalog) as (...given: unknown[]) => Promise<object[]>;
    const tell = async (...given: unknown[]) => {
      const part = await read(...given);
      parts.push(part);
      return part;
    };
    Object.assign(catalog, { [method]: tell });
  }
  const tokens = memoryTokens(clock);
  const token = await makeToken(tokens, "one", RIGHTS, { prefix: "caf" });
  const server = await memoryServer({ clock, catalog, blobs, tokens });
  const ids: string[] = [];
  while (ids.length < COUNT) {
    const upload = uploadRecord({ modifiedMs: ids.length + 1 });
    ids.push(upload.id);
    await catalog.beginUpload(upload);
    await (await blobs.create(upload.id)).close();
  }
  parts.length = 0;
  return {
    clock,
    blobs,
    catalog,
    server,
    token,
    ids,
    parts,
    assertFewAtOnce() {
      assert(parts.length > 0);
      assert(parts.every((part) => part.length <= MOST_AT_ONCE));
      assert(parts.flat().every((upload) => !("metadata" in upload)));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

// Damage: that it is found, told with all names and blocks, remembered, and mended by putting the file again.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import { checkName } from "../../lib/base/names.ts";
import type { Blobs } from "../../lib/store/blobs.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import { damageLines } from "../../lib/store/damage.ts";
import type { FileStore } from "../../lib/store/file_store.ts";
import { contentOf, digestOf, newId } from "../support/content.ts";
import { type Hook, hookedBlobs } from "../support/store_faults.ts";
import type { StoreHome } from "./file_store_conformance.ts";
import { ANY, begin, openStore, put, readFile, readVersion, send } from "./store_steps.ts";

const CONTENT = contentOf(20 * BLOCK_SIZE + 100);

interface Stand {
  readonly store: FileStore;
  readonly catalog: Catalog;
  readonly blobs: Blobs;
}

/** Declares the tests for one pair of engines; each gets a new, empty home. */
export function checkConformance(engine: string, newHome: () => Promise<StoreHome>): void {
  function test(sentence: string, body: (stand: Stand) => Promise<void>, hook?: Hook): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      const { catalog, blobs } = await home.open();
      const engines = { catalog, blobs: hook ? hookedBlobs(blobs, hook) : blobs };
      await using store = await openStore({ open: async () => engines });
      await body({ store, catalog, blobs });
    });
  }

  test("a store that is whole has nothing to tell", async ({ store }) => {
    for (const size of [0, 1, BLOCK_SIZE, BLOCK_SIZE + 1]) {
      await put(store, `${size}`, contentOf(size));
    }
    await put(store, "a", CONTENT);
    await (await begin(store, "b", { declaredSize: CONTENT.length })).detach();
    const told: unknown[] = [];
    const result = await store.check({ onProgress: (progress) => told.push(progress) });
    const bytes = CONTENT.length + 2 * BLOCK_SIZE + 2;
    assertEquals(result, { contents: 5, bytes, damages: 0 });
    assertEquals(told.at(-1), result);
  });

  test("a damaged block is told with every name, and read no more", async (stand) => {
    const { store } = stand;
    await put(store, "photos/a.jpg", CONTENT);
    await store.copy("photos/a.jpg", "b", ANY);
    await put(store, "whole", contentOf(200_000, 2));
    const open = await store.openVersion("b", 0);
    await overwrite(stand, "b", [17, 18, 20]);
    assertEquals(await linesOf(store), [
      "b: blocks 17 to 18 (bytes 1114112-1245184) are damaged",
      "b: block 20 (bytes 1310720-1310820) is damaged",
      "photos/a.jpg: blocks 17 to 18 (bytes 1114112-1245184) are damaged",
      "photos/a.jpg: block 20 (bytes 1310720-1310820) is damaged",
    ]);
    const error = await refused("integrity", store.openVersion("photos/a.jpg", 0));
    assertEquals(
      error.message,
      'Version 1 of "photos/a.jpg" is damaged as blocks 17 to 18 (bytes 1114112-1245184), ' +
        "block 20 (bytes 1310720-1310820) do not match the recorded hash; put the file again",
    );
    await refused("integrity", readVersion(open));
    await open.close();
    assertEquals(await readFile(store, "whole"), contentOf(200_000, 2));
  });

  test("putting a damaged content again replaces it under all its names", async (stand) => {
    const { store, catalog, blobs } = stand;
    await put(store, "a", CONTENT);
    await store.copy("a", "b", ANY);
    await overwrite(stand, "a", [3]);
    await linesOf(store);
    const damaged = await blobOf(catalog, "a");
    await put(store, "c", CONTENT);
    for (const name of ["a", "b", "c"]) assertEquals(await readFile(store, name), CONTENT);
    assert(damaged !== await blobOf(catalog, "a"));
    assertEquals(await blobs.open(damaged), undefined);
    assertEquals([await linesOf(store), await catalog.garbage()], [[], []]);
    const open = await store.openVersion("b", 0);
    assertEquals((await open.tree.leaves(0)).length, 21 * 32);
    await open.close();
  });

  test("a missing or cut blob is damage, once it is read too, and is replaced", async (stand) => {
    const { store, catalog, blobs } = stand;
    await put(store, "a", CONTENT);
    await put(store, "b", contentOf(200_000, 2));
    const [first, second] = [await blobOf(catalog, "a"), await blobOf(catalog, "b")];
    await blobs.remove(first);
    await cut(blobs, second, 100_000);
    await refused("integrity", store.openVersion("a", 0));
    await put(store, "a", CONTENT);
    assertEquals(await readFile(store, "a"), CONTENT);
    assertEquals(await linesOf(store), ["b: it has 100000 bytes instead of 200000"]);
    await blobs.remove(second);
    assertEquals(await linesOf(store), [`b: its blob ${second} is missing`]);
    await put(store, "b", contentOf(200_000, 2));
    assertEquals(await readFile(store, "b"), contentOf(200_000, 2));
  });

  test("a mark goes when the content proves whole after all", async (stand) => {
    const { store } = stand;
    await put(store, "a", CONTENT);
    await overwrite(stand, "a", [0]);
    assertEquals((await linesOf(store)).length, 1);
    await refused("integrity", store.openVersion("a", 0));
    await overwrite(stand, "a", [], CONTENT); // the operator has a copy
    assertEquals(await linesOf(store), []);
    assertEquals(await readFile(store, "a"), CONTENT);
  });

  test("hashes that do not lead to the digest are damage", async ({ store, catalog }) => {
    await put(store, "a", CONTENT);
    const id = await blobOf(catalog, "a");
    // What a broken disk would do to the row: nobody may write it this way.
    const leaves = (await catalog.leaves(id, 0))!.slice();
    leaves[40]! ^= 1;
    const upload = {
      id,
      name: checkName("x"),
      condition: ANY,
      declaredSize: undefined,
      modifiedMs: 0,
      metadata: {},
      epoch: 1,
      durable: 0,
      begunMs: 0,
      activeMs: 0,
      owner: "",
    };
    await catalog.beginUpload(upload);
    await catalog.checkpointUpload(upload, 0, [{ index: 0, hashes: leaves }]);
    assertEquals(await linesOf(store), ["a: its recorded hashes do not lead to its digest"]);
    await put(store, "a", CONTENT);
    assertEquals(await readFile(store, "a"), CONTENT);
  });

  test("a blob that no row names is told", async ({ store, blobs }) => {
    const id = newId();
    const writer = await blobs.create(id);
    await writer.write(contentOf(10), 0);
    await writer.close();
    await blobs.publish(id);
    assertEquals(await linesOf(store), [`Blob ${id} belongs to no file`]);
  });

  let removed = async () => {};
  test("a file that is removed while it is checked is not damaged", async ({ store }) => {
    await put(store, "a", CONTENT);
    removed = async () => {
      removed = async () => {};
      await store.remove("a", ANY);
    };
    assertEquals(await linesOf(store), []);
  }, (call) => call === "open" ? removed() : undefined);

  test("a check that is stopped throws the reason", async ({ store }) => {
    await put(store, "a", CONTENT);
    const reason = new Error("enough");
    const failure = await assertRejects(() => store.check({ signal: AbortSignal.abort(reason) }));
    assertEquals(failure, reason);
  });

  test("a version keeps its hashes and proofs after it was removed", async (stand) => {
    const { store, catalog } = stand;
    const upload = await begin(store, "a", {});
    await send(upload, CONTENT);
    await upload.commit(CONTENT.length, digestOf(CONTENT));
    const open = await store.openVersion("a", 0);
    const id = await blobOf(catalog, "a");
    await store.remove("a", ANY);
    assertEquals(open.tree.leafCount, 21);
    assertEquals((await open.tree.leaves(0)).length, 21 * 32);
    assertEquals(await open.tree.partRoots(), digestOf(CONTENT));
    assertEquals((await open.prove(5, 6)).length, 5 * 32);
    await open.close();
    assertEquals([await catalog.leaves(id, 0), await catalog.garbage()], [undefined, []]);
  });
}

async function linesOf(store: FileStore): Promise<string[]> {
  const lines: string[] = [];
  const result = await store.check({ onDamage: (damage) => lines.push(...damageLines(damage)) });
  assertEquals(result.damages > 0, lines.length > 0);
  return lines;
}

/** Changes a byte in each of these blocks behind the store's back, or gives the blob other bytes. */
async function overwrite(
  { catalog, blobs }: Stand,
  name: string,
  blocks: readonly number[],
  bytes?: Uint8Array,
): Promise<void> {
  const id = await blobOf(catalog, name);
  const reader = (await blobs.open(id))!;
  const content = bytes ?? new Uint8Array(reader.size);
  if (!bytes) await reader.read(content, 0);
  await reader.close();
  const changed = content.slice();
  for (const block of blocks) changed[block * BLOCK_SIZE + 7]! ^= 1;
  await blobs.withdraw(id);
  const writer = (await blobs.reopen(id, 0))!;
  await writer.write(changed, 0);
  await writer.close();
  await blobs.publish(id);
}

async function cut(blobs: Blobs, id: string, size: number): Promise<void> {
  await blobs.withdraw(id);
  await (await blobs.reopen(id, size))!.close();
  await blobs.publish(id);
}

async function blobOf(catalog: Catalog, name: string): Promise<string> {
  const { place } = (await catalog.find(checkName(name)))!;
  assert(place.kind === "blob");
  return place.id;
}

async function refused(code: string, step: Promise<unknown>): Promise<MorselError> {
  const error = await assertRejects(() => step, MorselError);
  assertEquals(error.code, code);
  return error;
}

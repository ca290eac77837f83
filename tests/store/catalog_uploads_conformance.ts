// What every catalog engine must do for uploads, their leaf hashes, and damaged contents.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { merkleRoot } from "../../lib/base/merkle.ts";
import { checkName } from "../../lib/base/names.ts";
import { type Catalog, LEAVES_PER_PART } from "../../lib/store/catalog.ts";
import { blobFile, inlineFile, uploadRecord } from "../support/catalog_records.ts";
import { contentOf, newId } from "../support/content.ts";
import type { CatalogHome } from "./catalog_conformance.ts";
import { ABSENT } from "./store_steps.ts";

/** Declares the tests for one engine; each gets a new, empty home. */
export function catalogUploadsConformance(
  engine: string,
  newHome: () => Promise<CatalogHome>,
): void {
  function test(sentence: string, body: (catalog: Catalog) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      await using catalog = await home.open();
      await body(catalog);
    });
  }

  test("uploads keep what was said of them and how far they came", async (catalog) => {
    const upload = uploadRecord({ declaredSize: undefined });
    const other = uploadRecord({ condition: ABSENT, declaredSize: 2 ** 52 });
    const third = uploadRecord({ condition: { kind: "version", version: 17 }, begunMs: 9 });
    await Promise.all([upload, other, third].map((record) => catalog.beginUpload(record)));
    const found = await catalog.uploads();
    for (const record of [upload, other, third]) {
      assertEquals(found.find(({ id }) => id === record.id), record);
    }
    const short = { index: 0, hashes: contentOf(3 * 32) };
    await catalog.checkpointUpload(upload, 3 * 65536, [short]);
    assertEquals(await catalog.leaves(upload.id, 0), short.hashes);
    const full = { index: 0, hashes: contentOf(LEAVES_PER_PART * 32) };
    const next = { index: 1, hashes: contentOf(32) };
    await catalog.checkpointUpload(upload, (LEAVES_PER_PART + 1) * 65536, [full, next]);
    assertEquals(await catalog.leaves(upload.id, 0), full.hashes);
    assertEquals(await catalog.leaves(upload.id, 1), next.hashes);
    const { durable } = (await catalog.uploads()).find(({ id }) => id === upload.id)!;
    assertEquals(durable, (LEAVES_PER_PART + 1) * 65536);

    assertEquals(await catalog.endUpload(upload), [upload.id]);
    assertEquals(await catalog.endUpload(upload), []);
    assertEquals((await catalog.uploads()).length, 2);
    assertEquals(await catalog.garbage(), [upload.id]);
    await catalog.forgetGarbage([upload.id]);
    assertEquals(await catalog.leaves(upload.id, 0), undefined);
    await refused("fenced", catalog.checkpointUpload(upload, 65536, [short]));
    assertEquals(await catalog.leaves(upload.id, 0), undefined);
  });

  test("a commit ends its upload and keeps the leaves recorded before", async (catalog) => {
    const id = newId();
    const upload = uploadRecord({ id });
    await catalog.beginUpload(upload);
    await catalog.checkpointUpload(upload, 65536, [{ index: 0, hashes: contentOf(32) }]);
    const parts = [{ index: 1, hashes: contentOf(64) }];
    await catalog.commit({ ...blobFile("a", id), parts, upload });
    assertEquals(await catalog.uploads(), []);
    assertEquals(await catalog.endUpload(upload), []);
    assertEquals((await catalog.leaves(id, 0))?.length, 32);
    assertEquals((await catalog.leaves(id, 1))?.length, 64);
  });

  test("who attached last holds an upload, and nobody else changes it", async (catalog) => {
    const begun = uploadRecord({ activeMs: 5 });
    await catalog.beginUpload(begun);
    const [part] = [{ index: 0, hashes: contentOf(32) }];
    await catalog.checkpointUpload(begun, 65536, [part]);
    const attached = (await catalog.attachUpload(begun.id))!;
    assert(attached.activeMs > 5);
    const { activeMs } = attached;
    assertEquals(attached, { ...begun, epoch: 2, durable: 65536, activeMs });
    assertEquals(await catalog.uploads(), [attached]);
    await refused("fenced", catalog.checkpointUpload(begun, 131072, [part]));
    await refused("fenced", catalog.commit({ ...blobFile("a", begun.id), upload: begun }));
    assertEquals(await catalog.endUpload(begun), []);
    assertEquals(await catalog.uploads(), [attached]);
    assertEquals(await catalog.stat(checkName("a")), undefined);
    await catalog.commit({ ...blobFile("a", begun.id), upload: attached });
    assertEquals(await catalog.attachUpload(begun.id), undefined);
    await refused("fenced", catalog.commit({ ...blobFile("b", begun.id), upload: attached }));
  });

  test("the uploads to a name come newest first, under both spellings", async (catalog) => {
    const old = uploadRecord({ begunMs: 5 });
    const newer = uploadRecord({ begunMs: 6, name: checkName("caf\u00e9") });
    const other = uploadRecord({ name: checkName("b") });
    for (const upload of [old, newer, other]) await catalog.beginUpload(upload);
    assertEquals(await catalog.uploadsTo(checkName("caf\u00e9")), [newer, old]);
    assertEquals(await catalog.uploadsTo(checkName("c")), []);
  });

  test("full parts of leaves have their roots, in order", async (catalog) => {
    const upload = uploadRecord({});
    await catalog.beginUpload(upload);
    const full = (index: number) => {
      const hashes = contentOf(LEAVES_PER_PART * 32, index + 1);
      return { index, hashes, root: merkleRoot(hashes) };
    };
    assertEquals(await catalog.partRoots(upload.id), new Uint8Array(0));
    await catalog.checkpointUpload(upload, 0, [{ index: 0, hashes: contentOf(32) }]);
    assertEquals(await catalog.partRoots(upload.id), new Uint8Array(0));
    const parts = [full(0), full(1), { index: 2, hashes: contentOf(32) }];
    await catalog.checkpointUpload(upload, 0, parts.toReversed());
    assertEquals(await catalog.partRoots(upload.id), concat([full(0).root, full(1).root]));
  });

  test("contents are listed with their names, once each", async (catalog) => {
    const [first, second] = [newId(), newId()];
    await catalog.commit(blobFile("b", first, 1));
    await catalog.commit(inlineFile("c", contentOf(3)));
    await catalog.commit(blobFile("a", second, 1));
    const contents = await catalog.contents(0, 10);
    assertEquals(contents.map(({ place }) => place), [
      { kind: "blob", id: first },
      { kind: "inline", bytes: contentOf(3) },
    ]);
    assertEquals(contents[0]!.size, 100_000);
    assertEquals(await catalog.namesOf(contents[0]!.id), ["a", "b"]);
    assertEquals(await catalog.contents(contents[0]!.id, 1), [contents[1]!]);
    assertEquals(await catalog.contents(contents[1]!.id, 1), []);
    await catalog.beginUpload(uploadRecord({ id: "upload" }));
    const named = [first, second, "upload", newId()].map((id) => catalog.isNamed(id));
    assertEquals(await Promise.all(named), [true, true, true, false]);
  });

  test("a damaged content is replaced by an equal one, and only then", async (catalog) => {
    const [first, second, third] = [newId(), newId(), newId()];
    await catalog.commit(blobFile("a", first));
    const [content] = await catalog.contents(0, 1);
    const elsewhere = { ...content!, place: { kind: "blob", id: third } as const };
    await catalog.markDamage(elsewhere, "it is not this one");
    assertEquals((await catalog.find(checkName("a")))?.damage, undefined);
    await catalog.markDamage(content!, "it has gone");
    assertEquals((await catalog.find(checkName("a")))?.damage, "it has gone");
    assertEquals((await catalog.contents(0, 1))[0]?.damage, "it has gone");
    const { garbage } = await catalog.commit(blobFile("b", second));
    assertEquals(garbage, [first]);
    for (const name of ["a", "b"]) {
      const { place, damage } = (await catalog.find(checkName(name)))!;
      assertEquals([place, damage], [{ kind: "blob", id: second }, undefined]);
    }
    assertEquals((await catalog.leaves(second, 0))?.length, 64);
    const inline = inlineFile("i", contentOf(3));
    await catalog.commit(inline);
    await catalog.markDamage(inline, "it is broken");
    await catalog.commit(inline);
    assertEquals((await catalog.find(checkName("i")))?.damage, undefined);
    await catalog.markDamage(inline, "it is broken");
    await catalog.markDamage(inline);
    assertEquals((await catalog.find(checkName("i")))?.damage, undefined);
  });
}

async function refused(code: string, change: Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(() => change, MorselError)).code, code);
}

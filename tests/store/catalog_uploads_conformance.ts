// What every catalog engine must do for uploads, their leaf hashes, and damaged contents.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { merkleRoot } from "../../lib/base/merkle.ts";
import { checkName } from "../../lib/base/names.ts";
import { type Catalog, LEAVES_PER_PART, type UploadRecord } from "../../lib/store/catalog.ts";
import { blobFile, inlineFile, uploadIds, uploadRecord } from "../support/catalog_records.ts";
import { contentOf, newId } from "../support/content.ts";
import type { CatalogHome } from "./catalog_conformance.ts";
import { ABSENT } from "./store_steps.ts";

/** Beyond the number of every upload. */
const END = Number.MAX_SAFE_INTEGER;

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
    for (const record of [upload, other, third]) {
      assertEquals(await catalog.upload(record.id), record);
    }
    const short = { index: 0, hashes: contentOf(3 * 32) };
    await catalog.checkpointUpload(upload, 3 * 65536, [short]);
    assertEquals(await catalog.leaves(upload.id, 0), short.hashes);
    const full = { index: 0, hashes: contentOf(LEAVES_PER_PART * 32) };
    const next = { index: 1, hashes: contentOf(32) };
    await catalog.checkpointUpload(upload, (LEAVES_PER_PART + 1) * 65536, [full, next]);
    assertEquals(await catalog.leaves(upload.id, 0), full.hashes);
    assertEquals(await catalog.leaves(upload.id, 1), next.hashes);
    assertEquals((await catalog.upload(upload.id))?.durable, (LEAVES_PER_PART + 1) * 65536);

    assertEquals(await catalog.endUpload(upload), [upload.id]);
    assertEquals(await catalog.endUpload(upload), []);
    assertEquals(await catalog.upload(upload.id), undefined);
    assertEquals((await uploadIds(catalog)).length, 2);
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
    assertEquals(await uploadIds(catalog), []);
    assertEquals(await catalog.endUpload(upload), []);
    assertEquals((await catalog.leaves(id, 0))?.length, 32);
    assertEquals((await catalog.leaves(id, 1))?.length, 64);
  });

  test("the unfinished uploads of each owner are counted", async (catalog) => {
    const counts = async () => {
      const of = async (name: string) => (await catalog.totals(name)).owner.uploads;
      return [await of(""), await of("ann"), (await catalog.totals("bob")).store.uploads];
    };
    assertEquals(await counts(), [0, 0, 0]);
    const uploads = ["", "ann", "ann"].map((owner) => uploadRecord({ id: newId(), owner }));
    for (const upload of uploads) await catalog.beginUpload(upload);
    assertEquals(await counts(), [1, 2, 3]);
    const [first, second, third] = uploads as [UploadRecord, UploadRecord, UploadRecord];
    await catalog.checkpointUpload(first, 65536, []);
    const attached = (await catalog.attachUpload(second.id))!;
    // Not ended by who has lost it.
    await catalog.endUpload(second);
    await refused("fenced", catalog.commit({ ...blobFile("a", second.id), upload: second }));
    assertEquals(await counts(), [1, 2, 3]);
    await catalog.commit({ ...blobFile("a", second.id), upload: attached, owner: "bob" });
    assertEquals(await counts(), [1, 1, 2]);
    for (const upload of [first, third, third]) await catalog.endUpload(upload);
    assertEquals(await counts(), [0, 0, 0]);
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
    assertEquals(await catalog.upload(begun.id), attached);
    await refused("fenced", catalog.checkpointUpload(begun, 131072, [part]));
    await refused("fenced", catalog.commit({ ...blobFile("a", begun.id), upload: begun }));
    assertEquals(await catalog.endUpload(begun), []);
    assertEquals(await catalog.upload(begun.id), attached);
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
    const name = checkName("caf\u00e9");
    const [first, second, ...more] = await catalog.uploadsTo(name, END, 10);
    assertEquals([first?.id, second?.id, more], [newer.id, old.id, []]);
    assertEquals(await catalog.uploadsTo(name, END, 1), [first!]);
    assertEquals(await catalog.uploadsTo(name, first!.number, 10), [second!]);
    assertEquals(await catalog.uploadsTo(name, second!.number, 10), []);
    assertEquals(await catalog.uploadsTo(checkName("c"), END, 10), []);
  });

  test("uploads come in pages without their metadata, the oldest first", async (catalog) => {
    const records = [1, 2, 3, 4, 5].map((begunMs) => uploadRecord({ begunMs, condition: ABSENT }));
    for (const record of records) await catalog.beginUpload(record);
    const first = await catalog.uploads(0, 2);
    for (const [index, { number: _, ...listed }] of first.entries()) {
      const { metadata: _, ...record } = records[index]!;
      assertEquals(listed, record);
    }
    const second = await catalog.uploads(first[1]!.number, 2);
    assertEquals(second.map(({ id }) => id), [records[2]!.id, records[3]!.id]);
    const last = await catalog.uploads(second[1]!.number, 2);
    assertEquals(last.map(({ id }) => id), [records[4]!.id]);
    assertEquals(await catalog.uploads(last[0]!.number, 2), []);
  });

  test("uploads that begin, go on and end while pages are read move no others", async (catalog) => {
    const records = Array.from({ length: 6 }, () => uploadRecord({}));
    for (const record of records) await catalog.beginUpload(record);
    const first = await catalog.uploads(0, 3);
    // What was read, also the last of it; what is to come, also the very last.
    for (const index of [0, 2, 3, 5]) await catalog.endUpload(records[index]!);
    await catalog.attachUpload(records[1]!.id);
    await catalog.attachUpload(records[4]!.id);
    const late = uploadRecord({});
    await catalog.beginUpload(late);
    const rest = await catalog.uploads(first[2]!.number, 3);
    assertEquals(rest.map(({ id }) => id), [records[4]!.id, late.id]);
    assertEquals(await uploadIds(catalog), [records[1]!.id, records[4]!.id, late.id]);
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

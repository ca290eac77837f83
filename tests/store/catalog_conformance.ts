// What every catalog engine must do.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { merkleRoot } from "../../lib/base/merkle.ts";
import { checkName, checkPrefix } from "../../lib/base/names.ts";
import { type Catalog, type Condition, LEAVES_PER_PART } from "../../lib/store/catalog.ts";
import { blobFile, inlineFile, uploadRecord } from "../support/catalog_records.ts";
import { contentOf, newId } from "../support/content.ts";

/** A place where a catalog lives on from one opening to the next. */
export interface CatalogHome extends AsyncDisposable {
  open(): Promise<Catalog>;
}

const ANY: Condition = { kind: "any" };
const ABSENT: Condition = { kind: "absent" };

/** Declares the tests for one engine; each gets a new, empty home. */
export function catalogConformance(engine: string, newHome: () => Promise<CatalogHome>): void {
  function test(sentence: string, body: (catalog: Catalog) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      await using catalog = await home.open();
      await body(catalog);
    });
  }

  test("a committed file is found with all that was said of it", async (catalog) => {
    const bytes = contentOf(100);
    const metadata = { "content-type": "text/plain", note: "ünï", __proto__: "x" };
    const newFile = { ...inlineFile("a/ü", bytes), modifiedMs: 1234567890123, metadata };
    const { file, garbage } = await catalog.commit(newFile);
    assertEquals(garbage, []);
    assertEquals([file.name, file.size, file.modifiedMs], ["a/ü", 100, 1234567890123]);
    assertEquals(file.metadata, metadata);
    assert(file.committedMs > 1.6e12 && file.version > 0);
    const found = await catalog.find(checkName("a/ü"));
    assertEquals(found, { file, place: { kind: "inline", bytes }, damage: undefined });
    assertEquals(await catalog.stat(checkName("a/ü")), file);
    assertEquals(await catalog.find(checkName("a/u")), undefined);
    assertEquals(await catalog.stat(checkName("a")), undefined);
  });

  test("an empty content is a content", async (catalog) => {
    await catalog.commit(inlineFile("empty", new Uint8Array(0)));
    const found = await catalog.find(checkName("empty"));
    assertEquals(found?.place, { kind: "inline", bytes: new Uint8Array(0) });
  });

  test("both spellings find one file, under the name given last", async (catalog) => {
    await catalog.commit(inlineFile("caf\u00e9", contentOf(3)));
    await catalog.commit(inlineFile("cafe\u0301", contentOf(4)));
    const found = await catalog.find(checkName("caf\u00e9"));
    assertEquals(found?.file.name, "cafe\u0301");
    assertEquals((await names(catalog, "")).length, 1);
  });

  test("conditions decide what may be changed", async (catalog) => {
    const { file: first } = await catalog.commit({
      ...inlineFile("a", contentOf(1)),
      condition: ABSENT,
    });
    const conflict = await refused(
      "conflict",
      catalog.commit({ ...inlineFile("a", contentOf(2)), condition: ABSENT }),
    );
    assertEquals(conflict.detail.current, String(first.version));
    const wrong: Condition = { kind: "version", version: first.version + 7 };
    await refused(
      "conflict",
      catalog.commit({ ...inlineFile("a", contentOf(2)), condition: wrong }),
    );
    await refused(
      "conflict",
      catalog.commit({ ...inlineFile("b", contentOf(2)), condition: wrong }),
    );
    await refused("conflict", catalog.remove(checkName("a"), wrong));
    await refused("conflict", catalog.remove(checkName("a"), ABSENT));
    await refused("not_found", catalog.remove(checkName("b"), ANY));
    assertEquals(await catalog.stat(checkName("a")), first);

    const right: Condition = { kind: "version", version: first.version };
    const { file: second } = await catalog.commit({
      ...inlineFile("a", contentOf(2)),
      condition: right,
    });
    assert(second.version > first.version);
    await refused("conflict", catalog.remove(checkName("a"), right));
    await catalog.remove(checkName("a"), { kind: "version", version: second.version });
    assertEquals(await catalog.stat(checkName("a")), undefined);
  });

  test("of concurrent changes under one condition exactly one wins", async (catalog) => {
    for (const condition of [ABSENT, await versionOf(catalog, "race")]) {
      const name = condition.kind === "absent" ? "new" : "race";
      const commits = Array.from(
        { length: 20 },
        (_, index) => catalog.commit({ ...inlineFile(name, contentOf(index + 5)), condition }),
      );
      const results = await Promise.allSettled(commits);
      const won = results.filter((result) => result.status === "fulfilled");
      assertEquals(won.length, 1);
      assertEquals(await catalog.stat(checkName(name)), won[0]!.value.file);
    }
  });

  test("equal content is stored once, and its blob goes with its last name", async (catalog) => {
    const [first, second] = [newId(), newId()];
    assertEquals((await catalog.commit(blobFile("a", first))).garbage, []);
    // The second upload of the same content turns out not to be needed.
    assertEquals((await catalog.commit(blobFile("b", second))).garbage, [second]);
    assertEquals((await catalog.find(checkName("b")))?.place, { kind: "blob", id: first });
    assertEquals((await catalog.remove(checkName("a"), ANY)).garbage, []);
    assertEquals((await catalog.leaves(first, 0))?.length, 64);
    assertEquals((await catalog.commit(inlineFile("b", contentOf(9)))).garbage, [first]);
    // Those who read it still may ask for its hashes.
    assertEquals((await catalog.leaves(first, 0))?.length, 64);
    assertEquals((await catalog.garbage()).sort(), [first, second].sort());
    await catalog.forgetGarbage([first]);
    assertEquals(await catalog.leaves(first, 0), undefined);
    assertEquals(await catalog.garbage(), [second]);
  });

  test("a file overwritten with its own content keeps it", async (catalog) => {
    const [first, second] = [newId(), newId()];
    const { file: old } = await catalog.commit(blobFile("a", first));
    const { file, garbage } = await catalog.commit(blobFile("a", second));
    assertEquals(garbage, [second]);
    assert(file.version > old.version);
    assertEquals((await catalog.find(checkName("a")))?.place, { kind: "blob", id: first });
  });

  test("a copy is a new version of the same content", async (catalog) => {
    const id = newId();
    const { file: source } = await catalog.commit({ ...blobFile("a", id), modifiedMs: 5 });
    const copied = await catalog.link(checkName("a"), checkName("b"), {
      condition: ABSENT,
      keep: true,
    });
    assertEquals(copied.file, {
      ...source,
      name: "b",
      version: copied.file.version,
      committedMs: copied.file.committedMs,
    });
    assert(copied.file.version > source.version);
    assertEquals((await catalog.find(checkName("b")))?.place, { kind: "blob", id });
    assertEquals(await names(catalog, ""), ["a", "b"]);
    const again = { condition: ABSENT, keep: true };
    await refused("conflict", catalog.link(checkName("a"), checkName("b"), again));
    await refused("not_found", catalog.link(checkName("c"), checkName("d"), again));
  });

  test("a move takes the old name away and frees what it replaces", async (catalog) => {
    const [moved, replaced] = [newId(), newId()];
    await catalog.commit(blobFile("a", moved));
    await catalog.commit(blobFile("b", replaced, 2));
    const { garbage } = await catalog.link(checkName("a"), checkName("b"), {
      condition: ANY,
      keep: false,
    });
    assertEquals(garbage, [replaced]);
    assertEquals(await names(catalog, ""), ["b"]);
    assertEquals((await catalog.find(checkName("b")))?.place, { kind: "blob", id: moved });
  });

  test("a move to another spelling changes the name and nothing else", async (catalog) => {
    const id = newId();
    const { file: old } = await catalog.commit(blobFile("caf\u00e9", id));
    const { file, garbage } = await catalog.link(checkName("caf\u00e9"), checkName("cafe\u0301"), {
      condition: ABSENT,
      keep: false,
    });
    assertEquals(garbage, []);
    assert(file.version > old.version);
    assertEquals(await names(catalog, ""), ["cafe\u0301"]);
    assertEquals((await catalog.find(checkName("caf\u00e9")))?.place, { kind: "blob", id });
  });

  test("a listing is in the order of bytes, by prefix and by page", async (catalog) => {
    const sorted = ["A", "a", "a/1", "a/2", "a0", "b", "ÿ", "\uffee", "😀"];
    for (const name of sorted.toReversed()) await catalog.commit(inlineFile(name, contentOf(1)));
    assertEquals(await names(catalog, ""), sorted);
    assertEquals(await names(catalog, "a"), ["a", "a/1", "a/2", "a0"]);
    assertEquals(await names(catalog, "a/"), ["a/1", "a/2"]);
    assertEquals(await names(catalog, "😀"), ["😀"]);
    assertEquals(await names(catalog, "c"), []);
    assertEquals(await names(catalog, "", "a/1", 3), ["a/2", "a0", "b"]);
    assertEquals(await names(catalog, "", "a/11", 1), ["a/2"]);
    assertEquals(await names(catalog, "a/", "A"), ["a/1", "a/2"]);
    assertEquals(await names(catalog, "a/", "a/2"), []);
    assertEquals(await names(catalog, "a/", "b"), []);
    assertEquals(await names(catalog, "", "😀"), []);
  });

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

  Deno.test(`${engine}: versions grow across removal and reopening`, async () => {
    await using home = await newHome();
    let last = 0;
    for (let round = 0; round < 3; round++) {
      await using catalog = await home.open();
      const { file } = await catalog.commit(inlineFile("a", contentOf(round)));
      assert(file.version > last);
      last = file.version;
      await catalog.remove(checkName("a"), ANY);
    }
  });

  Deno.test(`${engine}: reopening keeps everything`, async () => {
    await using home = await newHome();
    const [blob, replaced, begun] = [newId(), newId(), uploadRecord({})];
    {
      await using catalog = await home.open();
      await catalog.commit(blobFile("gone", replaced, 2));
      await catalog.remove(checkName("gone"), ANY);
      await catalog.commit(blobFile("blob", blob));
      await catalog.commit(inlineFile("inline", contentOf(50)));
      await catalog.beginUpload(begun);
    }
    await using catalog = await home.open();
    assertEquals(await names(catalog, ""), ["blob", "inline"]);
    assertEquals((await catalog.find(checkName("blob")))?.place, { kind: "blob", id: blob });
    assertEquals((await catalog.find(checkName("inline")))?.place, {
      kind: "inline",
      bytes: contentOf(50),
    });
    assertEquals(await catalog.uploads(), [begun]);
    assertEquals(await catalog.garbage(), [replaced]);
    assertEquals((await catalog.leaves(blob, 0))?.length, 64);
  });
}

async function names(
  catalog: Catalog,
  prefix: string,
  after = "",
  limit = 100,
): Promise<string[]> {
  const files = await catalog.list(checkPrefix(prefix), checkPrefix(after), limit);
  return files.map((file) => file.name);
}

async function versionOf(catalog: Catalog, name: string): Promise<Condition> {
  const { file } = await catalog.commit(inlineFile(name, contentOf(1)));
  return { kind: "version", version: file.version };
}

async function refused(code: string, change: Promise<unknown>): Promise<MorselError> {
  const error = await assertRejects(() => change, MorselError);
  assertEquals(error.code, code);
  return error;
}

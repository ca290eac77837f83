// What every catalog engine must do.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { checkName, checkPrefix } from "../../lib/base/names.ts";
import type { Catalog, Condition } from "../../lib/store/catalog.ts";
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
    assertEquals(await catalog.upload(begun.id), begun);
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

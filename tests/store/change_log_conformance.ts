// What the log of changes of every catalog engine must do.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { checkName, checkPrefix } from "../../lib/base/names.ts";
import {
  type Catalog,
  type Change,
  CHANGES_DROPPED_AT_ONCE,
  CHANGES_LOOKED_THROUGH,
  type Condition,
  type LogKept,
} from "../../lib/store/catalog.ts";
import { inlineFile } from "../support/catalog_records.ts";
import { logProblems } from "../support/log_problems.ts";
import { contentOf } from "../support/content.ts";
import type { CatalogHome } from "./catalog_conformance.ts";

const ANY: Condition = { kind: "any" };
const ABSENT: Condition = { kind: "absent" };
/** How many changes the logs of these tests keep at least. */
const KEPT = 100;

/** Declares the tests for one engine; each gets a new, empty home, whose logs keep so much. */
export function changeLogConformance(
  engine: string,
  newHome: (kept: LogKept) => Promise<CatalogHome>,
): void {
  function test(sentence: string, body: (catalog: Catalog) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome({ changes: KEPT });
      await using catalog = await home.open();
      await body(catalog);
      assertEquals(await logProblems(catalog), []);
    });
  }

  test("each change is one entry, in the order in which they were made", async (catalog) => {
    assertEquals(await catalog.log.last(), 0);
    const { file: first } = await catalog.commit({
      ...inlineFile("a", contentOf(1)),
      modifiedMs: 5,
      metadata: { k: "ü" },
    });
    const { file: second } = await catalog.commit(inlineFile("a", contentOf(2)));
    const { file: copy } = await link(catalog, "a", "b/c", true);
    await catalog.remove(checkName("a"), ANY);
    const changes = await all(catalog);
    assertEquals(changes.slice(0, 3), [first, second, copy].map(entryOf));
    const removal = changes[3]!;
    assert(removal.kind === "remove" && changes.length === 4);
    assertEquals([removal.sequence, removal.name], [4, "a"]);
    assert(Math.abs(removal.removedMs - second.committedMs) < 60_000);
    assertEquals(await catalog.log.last(), 4);
  });

  test("a move is a removal and behind it a put, to another spelling a put alone", async (catalog) => {
    await catalog.commit(inlineFile("a", contentOf(1)));
    await catalog.commit(inlineFile("caf\u00e9", contentOf(2)));
    await link(catalog, "a", "caf\u00e9", false);
    const { file: respelt } = await link(catalog, "cafe\u0301", "cafe\u0301", false);
    const changes = await all(catalog);
    assertEquals(changes.map(wordsOf), [
      "1 put a",
      "2 put caf\u00e9",
      "3 remove a",
      "4 put caf\u00e9",
      "5 put cafe\u0301",
    ]);
    assertEquals(changes[4], entryOf(respelt));
    await catalog.remove(checkName("caf\u00e9"), ANY);
    assertEquals((await all(catalog)).map(wordsOf).at(-1), "6 remove cafe\u0301");
  });

  test("what is refused leaves no entry and no hole", async (catalog) => {
    await catalog.commit(inlineFile("a", contentOf(1)));
    const refused = [
      catalog.commit({ ...inlineFile("a", contentOf(2)), condition: ABSENT }),
      catalog.remove(checkName("a"), { kind: "version", version: 77 }),
      catalog.remove(checkName("nothing"), ANY),
      link(catalog, "nothing", "b", false),
      catalog.commit({ ...inlineFile("c", contentOf(2)), upload: { id: "gone", epoch: 1 } }),
    ];
    for (const change of refused) await assertRejects(() => change, MorselError);
    await catalog.commit(inlineFile("b", contentOf(1)));
    assertEquals((await all(catalog)).map(wordsOf), ["1 put a", "2 put b"]);
  });

  test("changes made at once have one order, that of their versions", async (catalog) => {
    const names = Array.from({ length: 300 }, (_, index) => `${index % 7}/${index}`);
    const changed = await Promise.all(
      names.map((name) => catalog.commit(inlineFile(name, contentOf(3)))),
    );
    const files = changed.map(({ file }) => file).sort((a, b) => a.version - b.version);
    assertEquals(await all(catalog), files.map(entryOf));
  });

  test("a page holds what is under a prefix, and says up to where it looked", async (catalog) => {
    for (const name of ["a", "b/1", "caf\u00e9/1", "b/2", "B/3", "b"]) {
      await catalog.commit(inlineFile(name, contentOf(1)));
    }
    const page = async (prefix: string, since: number, limit = 10) => {
      const { changes, through, more } = await catalog.log.page(since, {
        prefix: checkPrefix(prefix),
        limit,
      });
      return [changes.map(wordsOf), through, more];
    };
    assertEquals(await page("b/", 0), [["2 put b/1", "4 put b/2"], 6, false]);
    assertEquals(await page("b/", 0, 1), [["2 put b/1"], 2, true]);
    assertEquals(await page("b/", 2, 1), [["4 put b/2"], 4, true]);
    assertEquals(await page("b/", 4, 1), [[], 6, false]);
    assertEquals(await page("cafe\u0301/", 0), [["3 put caf\u00e9/1"], 6, false]);
    assertEquals(await page("", 4, 2), [["5 put B/3", "6 put b"], 6, false]);
    assertEquals(await page("", 6), [[], 6, false]);
    assertEquals(await page("none", 1), [[], 6, false]);
  });

  test("a place in the future is gone, as it is another database's", async (catalog) => {
    await catalog.commit(inlineFile("a", contentOf(1)));
    assertEquals((await pageBehind(catalog, 1)).changes, []);
    const error = await assertRejects(() => pageBehind(catalog, 2), MorselError);
    assertEquals([error.code, error.detail], ["gone", { first: "1", last: "1" }]);
  });

  Deno.test(`${engine}: the newest changes are kept, and what is older is said to be gone`, async () => {
    await using home = await newHome({ changes: KEPT });
    await using catalog = await home.open();
    const total = CHANGES_DROPPED_AT_ONCE + 50;
    // One name that stays, and one that comes and goes.
    await catalog.commit(inlineFile("stays", contentOf(1)));
    const changes: Promise<unknown>[] = [];
    for (let sequence = 2; sequence <= total; sequence++) {
      changes.push(
        sequence % 2 === 0
          ? catalog.commit(inlineFile("comes", contentOf(1)))
          : catalog.remove(checkName("comes"), ANY),
      );
    }
    await Promise.all(changes);
    const first = CHANGES_DROPPED_AT_ONCE - KEPT + 1;
    const oldest = await pageBehind(catalog, first - 1, total);
    assertEquals(oldest.changes.map(({ sequence }) => sequence), range(first, total));
    for (const since of [0, first - 2]) {
      const error = await assertRejects(() => pageBehind(catalog, since), MorselError);
      assertEquals(error.code, "gone");
      assertEquals(error.detail, { first: String(first), last: String(total) });
    }
  });

  Deno.test(`${engine}: of changes with much metadata as many are kept as take a number of bytes`, async () => {
    const bytes = 500_000;
    await using home = await newHome({ bytes });
    await using catalog = await home.open();
    // Of each control character, which is one byte of metadata, the catalog makes six.
    const heavy = { a: "\u0001".repeat(10_000) };
    const small = range(1, 3000).map((n) => catalog.commit(inlineFile(`${n}`, contentOf(1))));
    await Promise.all(small);
    await catalog.commit({ ...inlineFile("heavy", contentOf(1)), metadata: heavy });
    assertEquals((await pageBehind(catalog, 0, 5000)).changes.length, 3001);
    for (let n = 0; n < 20; n++) {
      // Two changes, of which the second one has the metadata.
      await link(catalog, n === 0 ? "heavy" : `heavy${n}`, `heavy${n + 1}`, false);
    }
    const last = await catalog.log.last();
    assertEquals(last, 3041);
    const gone = await assertRejects(() => pageBehind(catalog, 0), MorselError);
    assertEquals(gone.code, "gone");
    const first = Number(gone.detail.first);
    const { changes } = await pageBehind(catalog, first - 1);
    assertEquals(changes.map(({ sequence }) => sequence), range(first, last));
    const puts = changes.filter(({ kind }) => kind === "put").length;
    assert(puts * 60_000 > bytes - 2 * 61_000 && puts * 60_000 <= bytes, `${puts} are kept`);
    // The files themselves are there.
    assertEquals((await catalog.totals("")).store.files, 3001);
  });

  Deno.test(`${engine}: one page looks no further than it says, however rare a prefix is`, async () => {
    await using home = await newHome({ changes: 2 * CHANGES_LOOKED_THROUGH });
    await using catalog = await home.open();
    const commits = range(1, CHANGES_LOOKED_THROUGH + 5)
      .map((index) => catalog.commit(inlineFile(`many/${index}`, contentOf(1))));
    await Promise.all(commits);
    await catalog.commit(inlineFile("rare", contentOf(1)));
    const options = { prefix: checkPrefix("rare"), limit: 10 };
    const near = await catalog.log.page(0, options);
    assertEquals(near, { changes: [], through: CHANGES_LOOKED_THROUGH, more: true });
    const far = await catalog.log.page(near.through, options);
    assertEquals(far.changes.map(wordsOf), [`${CHANGES_LOOKED_THROUGH + 6} put rare`]);
    assertEquals([far.through, far.more], [CHANGES_LOOKED_THROUGH + 6, false]);
  });

  test("those who listen are called once a change can be read, and no more after they left", async (catalog) => {
    const calls: string[] = [];
    const seen: Promise<number>[] = [];
    const leave = [1, 2].map((who) =>
      catalog.log.onChange(() => {
        calls.push(`${who}`);
        seen.push(catalog.log.last());
      })
    );
    await catalog.commit(inlineFile("a", contentOf(1)));
    assertEquals(calls.splice(0).sort(), ["1", "2"]);
    leave[0]!();
    await link(catalog, "a", "b", false);
    await catalog.remove(checkName("b"), ANY);
    assertEquals(calls.splice(0), ["2", "2"]);
    assertEquals(await Promise.all(seen), [1, 1, 3, 4]);
    await catalog.remove(checkName("b"), ANY).catch(() => {});
    leave[1]!();
    await catalog.commit(inlineFile("a", contentOf(1)));
    assertEquals(calls, []);
  });

  Deno.test(`${engine}: reopening keeps the log and goes on with its numbers`, async () => {
    await using home = await newHome({ changes: KEPT });
    for (let round = 0; round < 3; round++) {
      await using catalog = await home.open();
      await catalog.commit(inlineFile(`${round}`, contentOf(1)));
      await catalog.remove(checkName(`${round}`), ANY);
      assertEquals((await all(catalog)).map(({ sequence }) => sequence), range(1, 2 * round + 2));
    }
  });
}

async function all(catalog: Catalog): Promise<readonly Change[]> {
  const { changes, more } = await pageBehind(catalog, 0);
  assertEquals(more, false);
  return changes;
}

function pageBehind(catalog: Catalog, since: number, limit = 1000) {
  return catalog.log.page(since, { prefix: checkPrefix(""), limit });
}

function link(catalog: Catalog, from: string, to: string, keep: boolean) {
  return catalog.link(checkName(from), checkName(to), { condition: ANY, keep });
}

function entryOf(file: Extract<Change, { kind: "put" }>["file"]): Change {
  return { kind: "put", sequence: file.version, file };
}

function wordsOf(change: Change): string {
  const { kind, sequence } = change;
  return `${sequence} ${kind} ${kind === "put" ? change.file.name : change.name}`;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

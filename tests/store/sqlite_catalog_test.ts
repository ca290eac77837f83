// What only the SQLite catalog does: many changes in one transaction, and its schema.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { merkleRoot } from "../../lib/base/merkle.ts";
import { checkName } from "../../lib/base/names.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import type { OpenSql, SqlDatabase } from "../../lib/runtime/sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { migrate } from "../../lib/store/catalog_schema.ts";
import { SqliteCatalog, type SqliteCatalogParts } from "../../lib/store/sqlite_catalog.ts";
import { inlineFile, uploadRecord } from "../support/catalog_records.ts";
import { contentOf } from "../support/content.ts";

Deno.test("two hundred commits made at once share a transaction", async () => {
  await using spied = await openSpied();
  const { catalog, sql } = spied;
  const files = Array.from({ length: 200 }, (_, index) => inlineFile(`${index}`, contentOf(index)));
  sql.transactions = 0;
  const changed = await Promise.all(files.map((file) => catalog.commit(file)));
  assertEquals(sql.transactions, 1);
  assertEquals(new Set(changed.map(({ file }) => file.version)).size, 200);
  for (const [index, { name, place }] of files.entries()) {
    assertEquals(await catalog.find(name), {
      file: changed[index]!.file,
      place,
      damage: undefined,
    });
  }
});

Deno.test("a batch is bounded, so that it does not hold the process up for long", async () => {
  await using spied = await openSpied();
  const { catalog, sql } = spied;
  sql.transactions = 0;
  const commits = Array.from(
    { length: 600 },
    (_, i) => catalog.commit(inlineFile(`${i}`, contentOf(9))),
  );
  await Promise.all(commits);
  assertEquals(sql.transactions, 3);
});

Deno.test("a refused change in a batch writes nothing and its neighbours are done", async () => {
  await using spied = await openSpied();
  const { catalog, sql } = spied;
  await catalog.commit(inlineFile("taken", contentOf(1)));
  sql.transactions = 0;
  const results = await Promise.allSettled([
    catalog.commit(inlineFile("before", contentOf(2))),
    catalog.commit({ ...inlineFile("taken", contentOf(3)), condition: { kind: "absent" } }),
    catalog.commit(inlineFile("after", contentOf(4))),
  ]);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assertEquals(sql.transactions, 1);
  const found = await catalog.find(checkName("taken"));
  assertEquals(found?.place, { kind: "inline", bytes: contentOf(1) });
});

Deno.test("a change that fails in the middle takes no neighbour with it", async () => {
  await using spied = await openSpied();
  const { catalog } = spied;
  const upload = uploadRecord({});
  await catalog.beginUpload(upload);
  const results = await Promise.allSettled([
    catalog.commit(inlineFile("before", contentOf(2))),
    catalog.beginUpload(upload), // its id is taken
    catalog.commit(inlineFile("after", contentOf(4))),
  ]);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  const { reason } = results[1] as PromiseRejectedResult;
  assert(reason instanceof MorselError && reason.cause instanceof Error);
  assertEquals(reason.code, "storage");
  assert(await catalog.stat(checkName("before")) && await catalog.stat(checkName("after")));
});

for (const [errcode, code] of [[13, "no_space"], [10 | 5 << 8, "storage"]] as const) {
  Deno.test(`a COMMIT that fails with ${errcode} fails its whole batch with ${code}`, async () => {
    await using spied = await openSpied();
    const { catalog, sql } = spied;
    sql.failure = Object.assign(new Error("broken"), { errcode });
    const results = await Promise.allSettled(
      ["a", "b"].map((name) => catalog.commit(inlineFile(name, contentOf(5)))),
    );
    for (const result of results) {
      assert(result.status === "rejected" && result.reason instanceof MorselError);
      assertEquals([result.reason.code, result.reason.cause], [code, sql.failure]);
    }
    sql.failure = undefined;
    assertEquals(await catalog.stat(checkName("a")), undefined);
    await catalog.commit(inlineFile("a", contentOf(5)));
  });
}

Deno.test("closing writes what still waits, and refuses what comes later", async () => {
  await using spied = await openSpied();
  const commit = spied.catalog.commit(inlineFile("a", contentOf(5)));
  await spied.catalog[Symbol.asyncDispose]();
  await commit;
  await using again = spied.reopen();
  assertEquals((await again.stat(checkName("a")))?.size, 5);
  const late = spied.catalog.commit(inlineFile("b", contentOf(5)));
  assertEquals((await assertRejects(() => late, MorselError)).code, "storage");
});

Deno.test("a commit is synced: the database is in WAL mode with synchronous FULL", async () => {
  await using spied = await openSpied();
  const { db } = spied.sql;
  assertEquals(db!.prepare("PRAGMA journal_mode").get()!.journal_mode, "wal");
  assertEquals(db!.prepare("PRAGMA synchronous").get()!.synchronous, 2);
  assertEquals(db!.prepare("PRAGMA foreign_keys").get()!.foreign_keys, 1);
});

Deno.test("a listing seeks its page and reads nothing before it", async () => {
  await using spied = await openSpied();
  const query = spied.sql.prepared.find((text) => text.includes("LIMIT"));
  const plan = spied.sql.db!.prepare(`EXPLAIN QUERY PLAN ${query}`).all()
    .map((row) => String(row.detail));
  assert(plan[0]!.startsWith("SEARCH f USING PRIMARY KEY (key>? AND key<?)"), plan.join("; "));
  assert(!plan.some((step) => step.includes("TEMP B-TREE")));
});

Deno.test("a page of uploads is sought as well, of all as of those to one name", async () => {
  await using spied = await openSpied();
  const queries = spied.sql.prepared.filter((text) => /FROM upload.*LIMIT/s.test(text));
  const plans = queries.map((query) =>
    spied.sql.db!.prepare(`EXPLAIN QUERY PLAN ${query}`).all().map((row) => String(row.detail))
  );
  assertEquals(plans, [
    ["SEARCH upload USING INTEGER PRIMARY KEY (rowid>?)"],
    ["SEARCH upload USING INDEX upload_key (key=? AND rowid<?)"],
  ]);
});

Deno.test("what there is is told without looking through files, contents or uploads", async () => {
  await using spied = await openSpied();
  const queries = spied.sql.prepared.filter((text) => /^SELECT [^*]*\b(COUNT|SUM)\(/.test(text));
  assert(queries.length > 0);
  for (const query of queries) {
    const plan = spied.sql.db!.prepare(`EXPLAIN QUERY PLAN ${query}`).all()
      .map((row) => String(row.detail));
    assert(plan.every((step) => !/SCAN (file|content|upload)/.test(step)), plan.join("; "));
  }
});

Deno.test("a catalog of schema version 1 is brought up to date with all that is in it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const path = `${folder}/catalog.db`;
  const old = openNodeSql(path);
  migrate(old, 1);
  const hashes = contentOf(1024 * 32);
  old.prepare("INSERT INTO upload VALUES (?, ?, 'a', NULL, NULL, 0, '{}', 1, ?, 77)")
    .run("id", Uint8Array.of(0x61), 1024 * 65536);
  old.prepare("INSERT INTO leaf VALUES ('id', 0, ?)").run(hashes);
  old.exec("INSERT INTO content VALUES (1, x'00', 0, NULL, x'')");
  old.exec("INSERT INTO file VALUES (x'62', 'b', 3, 1, 0, 0, '{}')");
  old.close();
  await using catalog = SqliteCatalog.open(path, { openSql: openNodeSql, clock: systemClock });
  const upload = await catalog.upload("id");
  assertEquals([upload?.activeMs, upload?.durable], [77, 1024 * 65536]);
  assertEquals((await catalog.totals("")).owner.uploads, 1);
  // Version 1 recorded no roots.
  assertEquals(await catalog.partRoots("id"), merkleRoot(hashes));
  assertEquals((await catalog.find(checkName("b")))?.damage, undefined);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a catalog of schema version 2 keeps its files and versions, and its log begins behind them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const path = `${folder}/catalog.db`;
  const old = openNodeSql(path);
  migrate(old, 2);
  const digest = contentOf(32);
  old.exec("UPDATE counter SET version = 57");
  old.prepare("INSERT INTO content VALUES (1, ?, 3, NULL, x'010203', NULL)").run(digest);
  old.exec("INSERT INTO file VALUES (x'62', 'b', 55, 1, 7, 8, '{}')");
  old.close();
  const parts = { openSql: openNodeSql, clock: systemClock };
  {
    await using catalog = SqliteCatalog.open(path, parts);
    assertEquals((await catalog.find(checkName("b")))?.file.version, 55);
    const { owner } = await catalog.account("", checkName("b"));
    assertEquals(owner, { files: 1, bytes: 3 });
    assertEquals((await catalog.totals("")).stored, { contents: 1, bytes: 3 });
    const page = { prefix: new Uint8Array(0), limit: 10 };
    assertEquals(await catalog.log.page(57, page), { changes: [], through: 57, more: false });
    const error = await assertRejects(() => catalog.log.page(56, page), MorselError);
    assertEquals([error.code, error.detail], ["gone", { first: "58", last: "57" }]);
    const { file } = await catalog.commit(inlineFile("c", contentOf(5)));
    assertEquals(file.version, 58);
    await catalog.remove(checkName("b"), { kind: "version", version: 55 });
  }
  await using catalog = SqliteCatalog.open(path, parts);
  const { changes } = await catalog.log.page(57, { prefix: new Uint8Array(0), limit: 10 });
  assertEquals(changes.map(({ kind, sequence }) => `${sequence} ${kind}`), ["58 put", "59 remove"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a change and its entry in the log come back to nothing together", async () => {
  await using spied = await openSpied();
  const { catalog, sql } = spied;
  await catalog.commit(inlineFile("a", contentOf(1)));
  let told = 0;
  catalog.log.onChange(() => told++);
  sql.failure = Object.assign(new Error("broken"), { errcode: 13 });
  await assertRejects(() => catalog.commit(inlineFile("b", contentOf(2))), MorselError);
  await assertRejects(() => catalog.remove(checkName("a"), { kind: "any" }), MorselError);
  sql.failure = undefined;
  assertEquals([await catalog.log.last(), told], [1, 0]);
  await catalog.remove(checkName("a"), { kind: "any" });
  assertEquals([await catalog.log.last(), told], [2, 1]);
});

Deno.test("what a change that failed had dropped of the log counts again", async () => {
  await using spied = await openSpied({ bytes: 100_000 });
  const { catalog, sql } = spied;
  const put = (size: number) => {
    const metadata = { a: "x".repeat(size) };
    return catalog.commit({ ...inlineFile("a", contentOf(1)), metadata });
  };
  await put(90_000);
  await put(5_000);
  sql.failure = Object.assign(new Error("broken"), { errcode: 13 });
  await assertRejects(() => put(6_000), MorselError); // it has dropped the first one
  sql.failure = undefined;
  await put(9_000);
  const all = { prefix: new Uint8Array(0), limit: 9 };
  // The oldest row that is left stands for where the log begins.
  const gone = await assertRejects(() => catalog.log.page(0, all), MorselError);
  assertEquals([gone.code, gone.detail.first], ["gone", "3"]);
});

Deno.test("a page of the log seeks its place and reads nothing before it", async () => {
  await using spied = await openSpied();
  const parts = [
    "FROM change WHERE sequence >",
    "AS oldest",
    "DELETE FROM change WHERE sequence =",
  ];
  for (const part of parts) {
    const query = spied.sql.prepared.find((text) => text.includes(part));
    const plan = spied.sql.db!.prepare(`EXPLAIN QUERY PLAN ${query}`).all()
      .map((row) => String(row.detail));
    assert(plan.every((step) => !/SCAN change|TEMP B-TREE/.test(step)), plan.join("; "));
  }
});

Deno.test("a log of schema version 6 that takes far too much shrinks a part with each change", async () => {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const path = `${folder}/catalog.db`;
  const old = openNodeSql(path);
  migrate(old, 6);
  // Each takes 50,007 bytes with its name and its key, and a quarter more as SQLite stores it.
  const metadata = JSON.stringify({ a: "x".repeat(49_997) });
  const add = old.prepare(
    `INSERT INTO change (key, name, at_ms, size, digest, modified_ms, metadata)
    VALUES (x'61', 'a', 0, 0, x'00', 0, ?)`,
  );
  for (let sequence = 1; sequence <= 50; sequence++) add.run(metadata);
  old.close();
  const kept = { bytes: 1_000_000 };
  const catalog = SqliteCatalog.open(path, { openSql: openNodeSql, clock: systemClock, kept });
  const lengths: number[] = [];
  for (let change = 1; change <= 10; change++) {
    await catalog.commit(inlineFile("b", contentOf(change)));
    const error = await assertRejects(
      () => catalog.log.page(0, { prefix: new Uint8Array(0), limit: 1 }),
      MorselError,
    );
    lengths.push(50 + change - Number(error.detail.first) + 1);
  }
  // Each drops six of them, in the end as many as it has to, and adds a small one.
  assertEquals(lengths, [44, 39, 34, 29, 24, 24, 25, 26, 27, 28]);
  await catalog[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a catalog from the future is refused", async () => {
  await using spied = await openSpied();
  spied.sql.db!.exec("PRAGMA user_version = 99");
  await spied.catalog[Symbol.asyncDispose]();
  const error = assertThrows(() => spied.reopen(), MorselError, "schema version 99");
  assertEquals(error.code, "storage");
});

Deno.test("a file that is no catalog is refused", async () => {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const path = `${folder}/catalog.db`;
  await Deno.writeFile(path, contentOf(10_000));
  const parts = { openSql: openNodeSql, clock: systemClock };
  const error = assertThrows(() => SqliteCatalog.open(path, parts), MorselError, path);
  assertEquals(error.code, "storage");
  await Deno.remove(folder, { recursive: true });
});

/** A catalog whose database can be watched and broken. */
async function openSpied(kept: SqliteCatalogParts["kept"] = {}) {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const sql = {
    transactions: 0,
    prepared: [] as string[],
    failure: undefined as Error | undefined,
    db: undefined as SqlDatabase | undefined,
  };
  const openSql: OpenSql = (path) => {
    const db = sql.db = openNodeSql(path);
    return {
      exec: (text) => db.exec(text),
      prepare: (text) => {
        sql.prepared.push(text);
        return db.prepare(text);
      },
      close: () => db.close(),
      transaction: (work) =>
        db.transaction(() => {
          sql.transactions++;
          const result = work();
          if (sql.failure) throw sql.failure; // where COMMIT would fail
          return result;
        }),
    };
  };
  const parts = { openSql, clock: systemClock, kept };
  const reopen = () => SqliteCatalog.open(`${folder}/catalog.db`, parts);
  const catalog = reopen();
  return {
    catalog,
    sql,
    reopen,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

// SQLite as the runtime has it, as far as the contract evens it out.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";

Deno.test("values come back as they were bound", () => {
  const db = openNodeSql(":memory:");
  const query = db.prepare("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e");
  const blob = Uint8Array.of(9, 1, 2, 9).subarray(1, 3);
  const row = query.get(null, 2 ** 53 - 1, "ü", blob, new Uint8Array(0));
  assertEquals({ ...row }, {
    a: null,
    b: 2 ** 53 - 1,
    c: "ü",
    d: Uint8Array.of(1, 2),
    e: new Uint8Array(0),
  });
  db.close();
  db.close();
});

Deno.test("an integer that is no safe number is an error and not another number", () => {
  const db = openNodeSql(":memory:");
  assertThrows(() => db.prepare("SELECT ? AS a").get(2n ** 53n + 1n));
  db.close();
});

Deno.test("a transaction that throws leaves nothing, and the next one works", () => {
  const db = openNodeSql(":memory:");
  db.exec("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT");
  const insert = db.prepare("INSERT INTO t VALUES (?)");
  const fault = new Error("fault");
  assertEquals(
    assertThrows(() =>
      db.transaction(() => {
        insert.run(1);
        throw fault;
      })
    ),
    fault,
  );
  assertEquals(db.transaction(() => insert.run(2)), 1);
  assertEquals(db.prepare("SELECT a FROM t").all().map((row) => row.a), [2]);
  db.close();
});

Deno.test("a failure carries SQLite's result code, also when another has the lock", async () => {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const [one, other] = [openNodeSql(`${folder}/a.db`), openNodeSql(`${folder}/a.db`)];
  one.exec("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT");
  other.prepare("PRAGMA busy_timeout = 0").get();
  one.transaction(() => {
    const busy = assertThrows(() => other.transaction(() => {}));
    assertEquals((busy as { errcode?: unknown }).errcode, 5);
  });
  const insert = one.prepare("INSERT INTO t VALUES (1)");
  insert.run();
  const constraint = assertThrows(() => insert.run()) as { errcode?: number };
  assert(constraint.errcode !== undefined && (constraint.errcode & 0xff) === 19);
  one.close();
  other.close();
  await Deno.remove(folder, { recursive: true });
});

// What a look-up in the catalog costs, without network and blobs: names at random among 10,000. The controls ask
// a bare table of SQLite the same.

import { assertEquals } from "@std/assert";
import { checkName, checkPrefix } from "../lib/base/names.ts";
import { openNodeSql } from "../lib/runtime/node_sql.ts";
import { systemClock } from "../lib/runtime/system_clock.ts";
import { SqliteCatalog } from "../lib/store/sqlite_catalog.ts";
import { fillDataFolder } from "./growth/fill.ts";
import { nameOf, NAMES_PER_FOLDER, prefixOf } from "./growth/names.ts";

const NAMES = 10_000;

const folder = await Deno.makeTempDir();
await fillDataFolder(folder, { names: NAMES });
const catalog = SqliteCatalog.open(`${folder}/catalog.db`, {
  openSql: openNodeSql,
  clock: systemClock,
});
const bare = openNodeSql(`${folder}/bare.db`);
bare.exec("CREATE TABLE bare (key BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID");
const add = bare.prepare("INSERT INTO bare (key, name) VALUES (?, ?)");
bare.transaction(() => {
  for (let index = 0; index < NAMES; index++) add.run(checkName(nameOf(index)).key, nameOf(index));
});
const one = bare.prepare("SELECT name FROM bare WHERE key = ?");
const page = bare.prepare("SELECT name FROM bare WHERE key > ? ORDER BY key LIMIT ?");

const names = Array.from({ length: NAMES }, (_, index) => checkName(nameOf(index * 7919 % NAMES)));
const prefix = checkPrefix(prefixOf(NAMES / 2));
const nothing = new Uint8Array();
let turn = 0;
const next = () => names[turn++ % NAMES]!;

assertEquals((await catalog.stat(names[1]!))?.name, names[1]!.name);
assertEquals(one.get(names[1]!.key)?.name, names[1]!.name);
assertEquals((await catalog.list(prefix, nothing, NAMES)).length, NAMES_PER_FOLDER);
assertEquals(page.all(prefix, NAMES_PER_FOLDER).length, NAMES_PER_FOLDER);

Deno.bench("stat of a name", { group: "one" }, async () => void await catalog.stat(next()));
Deno.bench("find a small file, content and all", { group: "one" }, async () => {
  await catalog.find(next());
});
Deno.bench(
  "control: SELECT by key",
  { group: "one", baseline: true },
  () => void one.get(next().key),
);

Deno.bench("a page of 1000 files", { group: "page" }, async () => {
  await catalog.list(prefix, nothing, NAMES_PER_FOLDER);
});
Deno.bench("control: SELECT of 1000 keys", { group: "page", baseline: true }, () => {
  page.all(prefix, NAMES_PER_FOLDER);
});

globalThis.addEventListener("unload", () => {
  bare.close();
  Deno.removeSync(folder, { recursive: true });
});

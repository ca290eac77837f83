// A data folder that another process has: what a reader sees of it, what it keeps, and that it changes nothing.

import { assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { checkName } from "../../lib/base/names.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import type { OpenSql, SqlStatement } from "../../lib/runtime/sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { type DataFolder, openDataFolder } from "../../lib/store/data_folder.ts";
import type { HeldBlob } from "../../lib/store/held_blobs.ts";
import { ReadCatalog } from "../../lib/store/read_catalog.ts";
import { readDataFolder, type ReadFolder } from "../../lib/store/read_folder.ts";
import { contentOf, newId } from "../support/content.ts";
import { ANY, put, readVersion } from "./store_steps.ts";

const LARGE = contentOf(1_000_000);
const parts = { files: nodeFiles, openSql: openNodeSql, clock: systemClock, newId };

interface Stand {
  readonly path: string;
  readonly owner: DataFolder;
  readonly reader: ReadFolder;
  /** What the reader has told of damage. */
  readonly damages: (string | undefined)[];
  /** Settles once the reader has let a blob go and that has been removed. */
  readonly removed: Promise<void>;
}

/** An owner and a reader, joined as a server and its worker are. */
async function withReader(act: (stand: Stand) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  const owner = await openDataFolder(path, parts);
  const asked = new Map<string, HeldBlob>();
  const removed = Promise.withResolvers<void>();
  const damages: (string | undefined)[] = [];
  const reader = readDataFolder(path, {
    ...parts,
    onLetGo: (id) => void asked.get(id)!.release().then(removed.resolve),
    onDamage: (content, damage) => {
      damages.push(damage);
      void owner.catalog.markDamage(content, damage);
    },
  });
  owner.held.share({
    letGo: (id, hold) => {
      asked.set(id, hold);
      reader.letGo(id);
    },
    damage: (id, damage) => reader.damage(id, damage),
  });
  await act({ path, owner, reader, damages, removed: removed.promise });
  await reader[Symbol.asyncDispose]();
  await owner[Symbol.asyncDispose]();
  await Deno.remove(path, { recursive: true });
}

async function blobsIn(path: string): Promise<number> {
  let count = 0;
  for await (const { name } of Deno.readDir(`${path}/blobs`)) {
    count += (await Array.fromAsync(Deno.readDir(`${path}/blobs/${name}`))).length;
  }
  return count;
}

Deno.test("a reader sees each change once it has been answered", () =>
  withReader(async ({ owner: { store }, reader }) => {
    await assertRejects(() => reader.files.stat("a"), MorselError, "");
    for (const content of [contentOf(10), LARGE, contentOf(20), contentOf(0)]) {
      const file = await put(store, "a", content);
      assertEquals(await reader.files.stat("a"), file);
      assertEquals(await readVersion(await reader.files.openVersion("a", 0)), content);
      assertEquals(await reader.files.lastChange(), file.version);
    }
    await store.remove("a", ANY);
    assertEquals(await reader.files.list({ prefix: "", after: "", limit: 9 }), []);
  }));

Deno.test("a blob that a reader has open goes once it is closed, with its hashes", () =>
  withReader(async ({ path, owner: { store }, reader, removed }) => {
    await put(store, "a", LARGE);
    const open = await reader.files.openVersion("a", 0);
    await put(store, "a", contentOf(10));
    assertEquals(await blobsIn(path), 1);
    assertEquals((await open.prove(3, 5)).length > 0, true);
    assertEquals(await readVersion(open), LARGE);
    await removed;
    assertEquals(await blobsIn(path), 0);
  }));

Deno.test("a blob that no reader has open goes at once", () =>
  withReader(async ({ path, owner: { store }, removed }) => {
    await put(store, "a", LARGE);
    await store.remove("a", ANY);
    await removed;
    assertEquals(await blobsIn(path), 0);
  }));

Deno.test("damage is known on both sides, whoever finds it", () =>
  withReader(async ({ path, owner: { store, held }, reader, damages }) => {
    await put(store, "a", LARGE);
    const open = await reader.files.openVersion("a", 0);
    const [{ name: folder }] = await Array.fromAsync(Deno.readDir(`${path}/blobs`)) as [
      Deno.DirEntry,
    ];
    const [{ name: id }] = await Array.fromAsync(Deno.readDir(`${path}/blobs/${folder}`)) as [
      Deno.DirEntry,
    ];
    held.setDamage(id, "somebody says so");
    await assertRejects(() => readVersion(open), MorselError, "damaged as somebody says so");
    await open.close();
    await Deno.truncate(`${path}/blobs/${folder}/${id}`, 5);
    await assertRejects(() => reader.files.openVersion("a", 0), MorselError, "has 5 bytes");
    assertEquals(damages, ["its blob has 5 bytes instead of 1000000"]);
    await assertRejects(() => store.openVersion("a", 0), MorselError, "has 5 bytes");
  }));

Deno.test("the catalog of another process cannot be changed", () =>
  withReader(async ({ path, owner: { store } }) => {
    await put(store, "a", contentOf(10));
    await using catalog = ReadCatalog.at(`${path}/catalog.db`, {
      ...parts,
      onDamage: () => Promise.resolve(),
    });
    const error = await assertRejects(() => catalog.remove(checkName("a"), ANY), MorselError);
    assertEquals(error.code, "storage");
    assertEquals((await store.stat("a")).size, 10);
  }));

Deno.test("what the other process drops from its log while a page is read is told as gone", () =>
  withReader(async ({ path, owner: { store } }) => {
    for (let index = 0; index < 30; index++) await put(store, `${index}`, contentOf(10));
    let drop = () => {};
    const openSql: OpenSql = (file, options) => {
      const db = openNodeSql(file, options);
      const prepare = (sql: string): SqlStatement => {
        const statement = db.prepare(sql);
        if (!sql.startsWith("SELECT * FROM change")) return statement;
        const all: SqlStatement["all"] = (...values) => {
          drop();
          return statement.all(...values);
        };
        return {
          run: (...values) => statement.run(...values),
          get: (...values) => statement.get(...values),
          all,
        };
      };
      return {
        exec: (sql) => db.exec(sql),
        prepare,
        transaction: (work) => db.transaction(work),
        close: () => db.close(),
      };
    };
    await using catalog = ReadCatalog.at(`${path}/catalog.db`, {
      ...parts,
      openSql,
      onDamage: () => Promise.resolve(),
    });
    const page = () => catalog.log.page(5, { prefix: new Uint8Array(0), limit: 100 });
    assertEquals((await page()).changes.length, 25);
    drop = () => {
      const other = openNodeSql(`${path}/catalog.db`);
      other.exec("DELETE FROM change WHERE sequence <= 20");
      other.close();
    };
    assertEquals((await assertRejects(page, MorselError)).code, "gone");
  }));

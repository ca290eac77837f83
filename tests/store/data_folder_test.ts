// A data folder as a server has it: one owner, everything kept, damage found.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { checkDataFolder } from "../../lib/store/check_folder.ts";
import { damageLines } from "../../lib/store/damage.ts";
import { openDataFolder } from "../../lib/store/data_folder.ts";
import { contentOf, newId } from "../support/content.ts";
import { ANY, put, readFile, readVersion } from "./store_steps.ts";

Deno.test("a data folder is made with those above it and keeps everything", async () => {
  await using temporary = await newFolder();
  const path = `${temporary.path}/not/there yet`;
  {
    await using folder = await open(path);
    await put(folder.store, "a", contentOf(1000));
    await put(folder.store, "../../etc/passwd", contentOf(100_000));
  }
  await using folder = await open(path);
  assertEquals(folder.recovered, { uploads: 0, droppedUploads: 0, removedBlobs: 0 });
  assertEquals(await readFile(folder.store, "a"), contentOf(1000));
  assertEquals(await readFile(folder.store, "../../etc/passwd"), contentOf(100_000));
  const { store } = folder;
  const names = (await store.list({ prefix: "", after: "", limit: 9 })).map(({ name }) => name);
  assertEquals(names, ["../../etc/passwd", "a"]);
});

Deno.test("a data folder has one owner, and the next once that one closes it", async () => {
  await using temporary = await newFolder();
  const first = await open(temporary.path);
  const error = await assertRejects(() => open(temporary.path), MorselError);
  assertEquals(error.code, "busy");
  assertEquals(
    error.message,
    `The data folder ${temporary.path} is in use by another server; ` +
      `stop it or choose another with --data`,
  );
  await put(first.store, "a", contentOf(5));
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await using second = await open(temporary.path);
  assertEquals(await readFile(second.store, "a"), contentOf(5));
});

Deno.test("kill -9 frees a data folder and loses nothing that was acknowledged", async () => {
  await using temporary = await newFolder();
  const script = new URL("../support/hold_data_folder.ts", import.meta.url).pathname;
  await using owner = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, temporary.path],
    stdout: "piped",
  }).spawn();
  const lines = owner.stdout.getReader();
  assertEquals(new TextDecoder().decode((await lines.read()).value), "ready\n");
  const error = await assertRejects(() => open(temporary.path), MorselError);
  assertEquals(error.code, "busy");
  owner.kill("SIGKILL");
  await owner.status;
  await lines.cancel();

  await using folder = await open(temporary.path);
  assertEquals(folder.recovered, { uploads: 1, droppedUploads: 0, removedBlobs: 0 });
  assertEquals(await readFile(folder.store, "small"), contentOf(1000));
  assertEquals(await readFile(folder.store, "large"), contentOf(200_000));
});

Deno.test("a path that is a file cannot be a data folder", async () => {
  await using temporary = await newFolder();
  const path = `${temporary.path}/file`;
  await Deno.writeFile(path, new Uint8Array(1));
  const error = await assertRejects(() => open(path), MorselError, path);
  assertEquals(error.code, "storage");
});

Deno.test("a folder that could not be opened is free again", async () => {
  await using temporary = await newFolder();
  await Deno.writeFile(`${temporary.path}/catalog.db`, contentOf(10_000));
  const error = await assertRejects(() => open(temporary.path), MorselError, "catalog.db");
  assertEquals(error.code, "storage");
  await Deno.remove(`${temporary.path}/catalog.db`);
  await using _ = await open(temporary.path);
});

Deno.test("a blob file of another size than the catalog says is damage", async () => {
  await using temporary = await newFolder();
  await using folder = await open(temporary.path);
  await put(folder.store, "a", contentOf(100_000));
  const before = await folder.store.openVersion("a", 0);
  const blob = await onlyBlob(temporary.path);
  await Deno.truncate(blob, 99_999);
  // Also when it happens to those who read already; and then all are told.
  const late = await assertRejects(() => readVersion(before), MorselError, "ends at 99999");
  assertEquals(late.code, "integrity");
  const error = await assertRejects(() => folder.store.openVersion("a", 0), MorselError, '"a"');
  assertEquals(error.code, "integrity");
  await before.close();
});

Deno.test("a blob lies where its id says, and goes from the disk with its last name", async () => {
  await using temporary = await newFolder();
  await using folder = await open(temporary.path);
  await put(folder.store, "a", contentOf(100_000));
  const blob = await onlyBlob(temporary.path);
  assert(/\/blobs\/([0-9a-f]{2})\/\1[0-9a-f]{30}$/.test(blob), blob);
  await folder.store.copy("a", "b", ANY);
  await folder.store.remove("a", ANY);
  assertEquals((await Deno.stat(blob)).size, 100_000);
  await folder.store.remove("b", ANY);
  await assertRejects(() => Deno.stat(blob), Deno.errors.NotFound);
});

Deno.test("a folder is checked by its only owner, and damage on the disk is found", async () => {
  await using temporary = await newFolder();
  const parts = { files: nodeFiles, openSql: openNodeSql, clock: systemClock, newId };
  const missing = `${temporary.path}/mistyped`;
  const none = await assertRejects(() => checkDataFolder(missing, parts), MorselError, missing);
  assertEquals([none.code, await nodeFiles.stat(missing)], ["not_found", undefined]);
  {
    await using folder = await open(temporary.path);
    await put(folder.store, "inline", contentOf(1000));
    await put(folder.store, "a", contentOf(100_000));
    const busy = await assertRejects(() => checkDataFolder(temporary.path, parts), MorselError);
    assertEquals(busy.code, "busy");
  }
  const whole = { contents: 2, bytes: 101_000, damages: 0 };
  assertEquals(await checkDataFolder(temporary.path, parts), whole);
  const blob = await nodeFiles.open(await onlyBlob(temporary.path), "update");
  await blob.write(Uint8Array.of(1, 2, 3), 70_000);
  await blob.close();
  const db = openNodeSql(`${temporary.path}/catalog.db`);
  db.exec("UPDATE content SET bytes = zeroblob(1000) WHERE bytes IS NOT NULL");
  db.close();
  const lines: string[] = [];
  const found = await checkDataFolder(temporary.path, parts, {
    onDamage: (damage) => lines.push(...damageLines(damage)),
  });
  assertEquals(found, { ...whole, damages: 2 });
  assertEquals(lines, [
    "inline: block 0 (bytes 0-1000) is damaged",
    "a: block 1 (bytes 65536-100000) is damaged",
  ]);
  await using folder = await open(temporary.path);
  for (const name of ["inline", "a"]) {
    const error = await assertRejects(() => folder.store.openVersion(name, 0), MorselError);
    assertEquals(error.code, "integrity");
    await put(folder.store, name, contentOf(name === "a" ? 100_000 : 1000));
    await readFile(folder.store, name);
  }
});

function open(path: string) {
  return openDataFolder(path, {
    files: nodeFiles,
    openSql: openNodeSql,
    clock: systemClock,
    newId,
  });
}

async function onlyBlob(path: string): Promise<string> {
  const [fanOut] = await nodeFiles.list(`${path}/blobs`);
  const ids = await nodeFiles.list(`${path}/blobs/${fanOut}`);
  assertEquals(ids.length, 1);
  return `${path}/blobs/${fanOut}/${ids[0]}`;
}

async function newFolder() {
  const path = await Deno.makeTempDir({ prefix: "morsel-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

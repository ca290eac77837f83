// Files that a catalog remembers are never older than the catalog, and never many.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type CheckedName, checkName } from "../../lib/base/names.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { Metadata, StoredFile } from "../../lib/store/catalog.ts";
import { RecentFiles } from "../../lib/store/recent_files.ts";
import { SqliteCatalog } from "../../lib/store/sqlite_catalog.ts";
import { inlineFile } from "../support/catalog_records.ts";
import { contentOf } from "../support/content.ts";

const [ANY, A, B] = [{ kind: "any" } as const, checkName("a"), checkName("b")];

function open(): SqliteCatalog {
  return SqliteCatalog.open(":memory:", { openSql: openNodeSql, clock: systemClock });
}

/** Looks a name up as often as it takes to be remembered. */
function peekTwice(catalog: SqliteCatalog, name: CheckedName): StoredFile | undefined {
  catalog.peek(name);
  return catalog.peek(name);
}

Deno.test("a name that is looked up again is remembered until its file changes", async () => {
  await using catalog = open();
  await catalog.commit(inlineFile("a", contentOf(10)));
  const second = peekTwice(catalog, A);
  assertStrictEquals(catalog.peek(A), second);

  const { file } = await catalog.commit(inlineFile("a", contentOf(20)));
  assertEquals(peekTwice(catalog, A)?.file, file);
  assertEquals(catalog.peek(A)?.place, { kind: "inline", bytes: contentOf(20) });

  await catalog.remove(A, ANY);
  assertEquals(catalog.peek(A), undefined);
});

Deno.test("both names of a move and the target of a copy are looked up again", async () => {
  await using catalog = open();
  await catalog.commit(inlineFile("a", contentOf(10)));
  await catalog.commit(inlineFile("b", contentOf(20)));
  assert(peekTwice(catalog, A) && peekTwice(catalog, B));
  await catalog.link(A, B, { condition: ANY, keep: true });
  assertEquals(catalog.peek(B)?.place, { kind: "inline", bytes: contentOf(10) });
  await catalog.commit(inlineFile("a", contentOf(30)));
  assert(peekTwice(catalog, A));
  await catalog.link(A, B, { condition: ANY, keep: false });
  assertEquals(catalog.peek(A), undefined);
  assertEquals(catalog.peek(B)?.place, { kind: "inline", bytes: contentOf(30) });
});

Deno.test("one spelling of a name forgets what another one has found", async () => {
  await using catalog = open();
  const [composed, decomposed] = [checkName("caf\u00e9"), checkName("cafe\u0301")];
  await catalog.commit(inlineFile(composed.name, contentOf(10)));
  assert(peekTwice(catalog, composed));
  assertEquals(catalog.recent.recall(composed.name)?.place, {
    kind: "inline",
    bytes: contentOf(10),
  });
  assertEquals(catalog.recent.recall(decomposed.name), undefined);
  await catalog.commit(inlineFile(decomposed.name, contentOf(20)));
  assertEquals(catalog.recent.recall(composed.name), undefined);
  assertEquals(catalog.peek(composed)?.place, { kind: "inline", bytes: contentOf(20) });
});

Deno.test("damage that is found, and content that mends it, show at once", async () => {
  await using catalog = open();
  const damaged = inlineFile("a", contentOf(10));
  await catalog.commit(damaged);
  assertEquals(peekTwice(catalog, A)?.damage, undefined);
  await catalog.markDamage(damaged, "a bit has flipped");
  assertEquals(peekTwice(catalog, A)?.damage, "a bit has flipped");
  await catalog.commit(inlineFile("b", contentOf(10)));
  assertEquals(catalog.peek(A)?.damage, undefined);
});

Deno.test("what is remembered is bounded in bytes, the first remembered goes first", () => {
  const recent = new RecentFiles(8 * 1024 * 1024);
  const names = Array.from({ length: 1000 }, (_, index) => checkName(`${index}`));
  for (const name of names) {
    for (let times = 0; times < 2; times++) recent.find(name, () => stored(name.name, 64 * 1024));
  }
  const kept = names.filter((name) => recent.find(name, () => undefined));
  assert(kept.length > 100 && kept.length * 64 * 1024 <= 8 * 1024 * 1024, `${kept.length}`);
  assertEquals(kept, names.slice(-kept.length));
});

Deno.test("metadata counts as what it takes in memory, key by key", () => {
  const recent = new RecentFiles(8 * 1024 * 1024);
  // Almost all that a file may have: parsed, its keys take 60 to 120 bytes each.
  const keys = Array.from({ length: 1600 }, (_, index) => [`${index}`, ""]);
  const metadata = Object.fromEntries(keys);
  const names = Array.from({ length: 200 }, (_, index) => checkName(`${index}`));
  for (const name of names) {
    for (let times = 0; times < 2; times++) {
      recent.find(name, () => stored(name.name, 1, metadata));
    }
  }
  const kept = names.filter((name) => recent.find(name, () => undefined));
  assert(kept.length > 10 && kept.length * 1600 * 120 <= 8 * 1024 * 1024, `${kept.length}`);
  assertEquals(kept, names.slice(-kept.length));
});

Deno.test("a name that is looked up once is not worth remembering", () => {
  const recent = new RecentFiles(8 * 1024 * 1024);
  assertEquals(recent.find(A, () => stored("a", 10))?.file.size, 10);
  assertEquals(recent.find(A, () => stored("a", 20))?.file.size, 20);
  assertEquals(recent.find(A, () => undefined)?.file.size, 20);
});

Deno.test("who may remember nothing looks up each time", () => {
  const recent = new RecentFiles(0);
  assertEquals(recent.find(A, () => stored("a", 10))?.file.size, 10);
  assertEquals(recent.find(A, () => stored("a", 20))?.file.size, 20);
  assertEquals(recent.find(A, () => undefined), undefined);
});

function stored(name: string, size: number, metadata: Metadata = {}): StoredFile {
  const { digest, ...file } = inlineFile(name, new Uint8Array(size));
  return {
    file: { ...file, metadata, digest, name, version: 1, committedMs: 0 },
    place: { kind: "inline", bytes: new Uint8Array(size) },
    damage: undefined,
  };
}

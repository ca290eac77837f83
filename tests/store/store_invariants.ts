// What must hold of a store after whatever has happened to it.

import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/hex.ts";
import type { Blobs } from "../../lib/store/blobs.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { uploadIds } from "../support/catalog_records.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { logProblems } from "../support/log_problems.ts";
import { begin, put, readFile, send } from "./store_steps.ts";
import { CONTENTS, type Ledger, type World } from "./store_scenarios.ts";

/** The engines of a store, opened after what has happened. */
export interface Engines {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly newId: () => string;
}

/**
 * Opens the store and insists: what was acknowledged is there, what is visible is whole, no row is
 * without its blob and no blob without its row, the log tells what is there, every upload goes on where
 * it said, and all works on.
 */
export async function assertSound(engines: Engines, ledger: Ledger): Promise<void> {
  const { catalog, blobs } = engines;
  const { store } = await FileStore.open({ ...engines, clock: new FakeClock() });
  const damages: unknown[] = [];
  await store.check({ onDamage: (damage) => damages.push(damage) });
  assertEquals(damages, []);
  const found = await worldIn(store);
  assertAllowed(found, ledger.worlds());
  const uploads = await uploadIds(catalog);
  assertEquals((await blobs.unfinished()).sort(), uploads.sort());
  assertEquals(await catalog.garbage(), []);
  assertEquals(await logProblems(catalog), []);
  await assertUploadsGoOn(store, found, ledger);
  await put(store, "another", contentOf(70_001));
  assertEquals(digestOf(await readFile(store, "another")), digestOf(contentOf(70_001)));
  assertEquals(await blobs.unfinished(), []);
}

/** Every file, read to its end. */
async function worldIn(store: FileStore): Promise<World> {
  const world = new Map<string, string>();
  for (const { name, digest, size } of await store.list({ prefix: "", after: "", limit: 1000 })) {
    const content = await readFile(store, name);
    assertEquals([toHex(digestOf(content)), content.length], [toHex(digest), size]);
    world.set(name, toHex(digest));
  }
  return world;
}

function assertAllowed(found: World, allowed: readonly World[]): void {
  const shown = (world: World) => JSON.stringify([...world].sort());
  const isAllowed = allowed.some((world) => shown(world) === shown(found));
  assert(isAllowed, `${shown(found)} is none of ${allowed.map(shown).join(" ")}`);
}

async function assertUploadsGoOn(store: FileStore, found: World, ledger: Ledger): Promise<void> {
  const listed = await Array.fromAsync(store.uploads());
  const uploads = new Map(listed.map((upload) => [upload.id, upload]));
  for (const [id, { name, digest, durable }] of ledger.uploads) {
    const upload = uploads.get(id);
    // One whose row is not there has become a file, or nobody was told of it yet.
    if (upload) assert(upload.durable >= durable, `${upload.durable} of ${durable} bytes are left`);
    else assert(durable === 0 || found.get(name) === digest, `The upload to ${name} is lost`);
  }
  for (const { name, declaredSize, durable } of uploads.values()) {
    const content = [...CONTENTS.values()].find(({ length }) => length === declaredSize)!;
    const resumed = await begin(store, name, { declaredSize, resume: true });
    assertEquals(resumed.received, durable);
    await send(resumed, content, 50_000);
    await resumed.commit(content.length, digestOf(content));
    assertEquals(digestOf(await readFile(store, name)), digestOf(content));
  }
}

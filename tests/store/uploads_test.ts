// What goes by time among uploads: when they are made durable, and when they expire.

import { assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { contentOf, newId } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { begin, send } from "./store_steps.ts";

const CONTENT = contentOf(400_000);
const SAME = { declaredSize: CONTENT.length };

Deno.test("a slow upload is made durable every two seconds, in whole blocks", async () => {
  const { store, clock } = await openInMemory();
  const upload = await begin(store, "a", SAME);
  const seen: number[] = [];
  for (let size = 20_000; size <= 220_000; size += 20_000) {
    await clock.advance(1000);
    await send(upload, CONTENT.subarray(0, size));
    await clock.advance(0); // until what it has begun is done
    seen.push(upload.durable / BLOCK_SIZE);
  }
  assertEquals(seen, [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3]);
  assertEquals(clock.timers, 0);
  await upload.abort();
});

Deno.test("unfinished uploads are listed, aborted and expire", async () => {
  const { store, clock, catalog, blobs } = await openInMemory();
  const startMs = clock.now();
  const held = await begun(store, CONTENT.subarray(0, 100_000), "held");
  const left = await begun(store, CONTENT.subarray(0, 100_000), "left");
  await clock.advance(1000);
  await left.detach();
  const [first, second] = await Array.fromAsync(store.uploads());
  assertEquals(first, {
    id: held.id,
    name: "held",
    declaredSize: CONTENT.length,
    durable: 0,
    received: 100_000,
    begunMs: startMs,
    activeMs: startMs,
    isAttached: true,
  });
  assertEquals([second!.id, second!.durable, second!.received], [left.id, 65_536, 65_536]);
  assertEquals([second!.activeMs, second!.isAttached], [startMs + 1000, false]);

  assertEquals(await store.expireUploads(60_000), 0);
  await clock.advance(10 ** 9);
  assertEquals(await store.expireUploads(60_000), 1);
  assertEquals(await Array.fromAsync(store.uploads(), ({ id }) => id), [held.id]);
  await store.abortUpload(held.id);
  await refused("fenced", held.write(new Uint8Array(1), 100_000));
  await refused("not_found", store.abortUpload(held.id));
  await refused("not_found", store.abortUpload(left.id));
  assertEquals([await blobs.unfinished(), await catalog.garbage()], [[], []]);
});

async function openInMemory() {
  const clock = new FakeClock();
  const [catalog, blobs] = [new MemoryCatalog(clock), new MemoryBlobs()];
  const { store } = await FileStore.open({ catalog, blobs, clock, newId });
  return { store, clock, catalog, blobs };
}

async function begun(store: FileStore, content: Uint8Array, name: string) {
  const upload = await begin(store, name, SAME);
  await send(upload, content);
  return upload;
}

async function refused(code: string, step: Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(() => step, MorselError)).code, code);
}

// The scrub in the background: when it reads, how fast, and that it stops.

import { assert, assertEquals } from "@std/assert";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { startScrub } from "../../lib/store/scrub.ts";
import { contentOf, newId } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { hookedBlobs } from "../support/store_faults.ts";
import { put } from "./store_steps.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

Deno.test("a scrub reads all once a day, at its rate, and tells what is damaged", async () => {
  const { store, clock, blobs } = await openInMemory();
  await put(store, "a", contentOf(64 * BLOCK_SIZE));
  const told: string[] = [];
  const scrub = startScrub(store, {
    clock,
    rateBytesPerSecond: BLOCK_SIZE,
    onDamage: ({ names }) => told.push(`${names} is damaged`),
    onPass: ({ bytes }) => told.push(`${bytes / BLOCK_SIZE} blocks`),
  });
  await clock.advance(60_000);
  assertEquals(told, []);
  await clock.advance(62_000);
  assertEquals(told, []); // 64 blocks at one a second
  await clock.advance(3_000);
  assertEquals(told.splice(0), ["64 blocks"]);
  for (const id of blobs.publishedIds) await blobs.remove(id);
  await clock.advance(DAY_MS - 70_000);
  assertEquals(told, []);
  await clock.advance(80_000);
  assertEquals(told, ["a is damaged", "0 blocks"]);
  await scrub.stop();
  assertEquals(clock.timers, 0);
});

Deno.test("a scrub stops at once, in the middle of a content too", async () => {
  const { store, clock } = await openInMemory();
  await put(store, "a", contentOf(64 * BLOCK_SIZE));
  for (const afterMs of [0, 30_000, 80_000]) {
    const faults: unknown[] = [];
    const scrub = startScrub(store, {
      clock,
      rateBytesPerSecond: BLOCK_SIZE,
      onPass: () => faults.push("a pass"),
      onError: (error) => faults.push(error),
    });
    await clock.advance(afterMs);
    await scrub.stop();
    await scrub.stop();
    assertEquals([clock.timers, faults], [0, []]);
  }
});

Deno.test("a scrub that cannot read says so and tries again the next day", async () => {
  const { store, clock } = await openInMemory((call) => {
    if (call === "open") throw new Error("no handle is left");
  });
  await put(store, "a", contentOf(100_000));
  const faults: unknown[] = [];
  const scrub = startScrub(store, { clock, onError: (error) => faults.push(error) });
  await clock.advance(61_000);
  assertEquals(faults.length, 1);
  await clock.advance(DAY_MS);
  assertEquals(faults.length, 2);
  await scrub.stop();
});

Deno.test("a scrub of rate 0 does nothing", async () => {
  const { store, clock } = await openInMemory(() => assert(false));
  const scrub = startScrub(store, { clock, rateBytesPerSecond: 0 });
  assertEquals(clock.timers, 0);
  await scrub.stop();
});

async function openInMemory(hook: (call: string) => void = () => {}) {
  const clock = new FakeClock();
  const [catalog, blobs] = [new MemoryCatalog(clock), new MemoryBlobs()];
  let isOpen = false;
  const hooked = hookedBlobs(blobs, (call) => isOpen ? hook(call) : undefined);
  const { store } = await FileStore.open({ catalog, blobs: hooked, clock, newId });
  isOpen = true;
  return { store, clock, blobs };
}

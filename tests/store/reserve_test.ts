// The reserve of the disk and what goes into the catalog: names, and metadata in a row and once more in the log.

import { assertEquals } from "@std/assert";
import { DiskSpace } from "../../lib/store/disk_space.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { contentOf, digestOf, newId } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { ANN, ENGINES, refused } from "./quota_stage.ts";
import { ANY, begin, send } from "./store_steps.ts";

const RESERVE = 100_000;
/** 60,008 bytes as JSON, where a control character takes six. */
const HEAVY = { a: "\u0001".repeat(10_000) };
const BYTES = contentOf(10);

interface Stage {
  readonly store: FileStore;
  /** From now on so many bytes are free beside the reserve. */
  free(bytes: number): Promise<void>;
}

test("a move or a copy that would go into the reserve is refused", async ({ store, free }) => {
  await put(store, "heavy", HEAVY);
  await put(store, "light", {});
  await free(100_000);
  const { detail } = await refused("no_space", store.move("heavy", "b", ANY));
  assertEquals(Number(detail.needed) > 2 * 60_008, true);
  await refused("no_space", store.copy("heavy", "b", ANY, ANN));
  assertEquals((await store.stat("heavy")).metadata, HEAVY);
  await store.move("light", "lighter", ANY);
  await store.copy("lighter", "light", ANY);
  await free(150_000);
  await store.move("heavy", "b", ANY);
  await free(150_000);
  await store.copy("b", "heavy", ANY, ANN);
});

test("an upload with much metadata is refused as it begins", async ({ store, free }) => {
  await free(100_000);
  for (const declaredSize of [1, 100_000, undefined]) {
    await refused("no_space", begin(store, "a", { declaredSize, metadata: HEAVY }));
  }
  await put(store, "a", {});
  await free(150_000);
  await put(store, "a", HEAVY);
});

test("a small upload is refused at its commit where the disk has filled up meanwhile", async ({ store, free }) => {
  const metadata = HEAVY;
  const by = ANN;
  const upload = await begin(store, "a", { declaredSize: BYTES.length, metadata, by });
  await send(upload, BYTES);
  await free(100_000);
  await refused("no_space", upload.commit(BYTES.length, digestOf(BYTES)));
  await refused("not_found", store.stat("a"));
  assertEquals((await store.totals("ann")).owner.reserved, { files: 0, bytes: 0 });
});

test("a removal is possible however full the disk is", async ({ store, free }) => {
  await put(store, "a", HEAVY);
  const large = await begin(store, "b", { declaredSize: 100_000, metadata: HEAVY });
  await large.detach();
  await free(-RESERVE);
  await refused("no_space", store.move("a", "b", ANY));
  await store.abortUpload(large.id);
  await store.remove("a", ANY);
});

/** Declares a test for each catalog. */
function test(sentence: string, body: (stage: Stage) => Promise<void>): void {
  for (const [engine, newCatalog] of Object.entries(ENGINES)) {
    Deno.test(`${engine}: ${sentence}`, async () => {
      const clock = new FakeClock();
      let free = 10 * RESERVE;
      const freeSpace = () => Promise.resolve(free);
      const space = new DiskSpace({ clock, reserve: RESERVE, freeSpace });
      await using catalog = newCatalog();
      const parts = { catalog, blobs: new MemoryBlobs(), clock, newId, space };
      const { store } = await FileStore.open(parts);
      await body({
        store,
        free: async (bytes) => {
          free = RESERVE + bytes;
          await clock.advance(1000);
        },
      });
    });
  }
}

async function put(store: FileStore, name: string, metadata: Record<string, string>) {
  const upload = await begin(store, name, { declaredSize: BYTES.length, metadata });
  await send(upload, BYTES);
  await upload.commit(BYTES.length, digestOf(BYTES));
}

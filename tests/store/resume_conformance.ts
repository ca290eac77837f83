// Uploads that are taken up again: where they go on, who may still write, and what is never resumed.

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { BLOCK_SIZE, leafHash } from "../../lib/base/merkle.ts";
import type { FileStore } from "../../lib/store/file_store.ts";
import type { OpenUpload } from "../../lib/store/file_store.ts";
import { uploadIds } from "../support/catalog_records.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";
import { type Hook, hookedBlobs, hookedCatalog } from "../support/store_faults.ts";
import type { StoreHome } from "./file_store_conformance.ts";
import { ABSENT, begin, openStore, put, readFile, send } from "./store_steps.ts";

const CONTENT = contentOf(400_000);
const SAME = { declaredSize: CONTENT.length, modifiedMs: 7, metadata: { a: "b", c: "d" } };

/** Declares the tests for one pair of engines; each gets a new, empty home. */
export function resumeConformance(engine: string, newHome: () => Promise<StoreHome>): void {
  function test(sentence: string, body: (home: StoreHome) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      await body(home);
    });
  }

  test("a detached upload goes on where it is durable, also after a restart", async (home) => {
    let id: string;
    {
      await using store = await openStore(home);
      const upload = await begin(store, "a", SAME);
      id = upload.id;
      await send(upload, CONTENT.subarray(0, 300_000));
      await upload.detach();
    }
    await using store = await openStore(home);
    const first = await begin(store, "a", { ...SAME, resume: true });
    assertEquals([first.id, first.epoch], [id, 2]);
    assertEquals([first.received, first.durable], [4 * BLOCK_SIZE, 4 * BLOCK_SIZE]);
    assertEquals(await allLeaves(first), leavesOf(CONTENT.subarray(0, 4 * BLOCK_SIZE)));
    await first.detach();
    const second = await begin(store, "a", {
      ...SAME,
      metadata: { c: "d", a: "b" },
      resume: true,
    });
    assertEquals([second.id, second.epoch, second.received], [id, 3, 4 * BLOCK_SIZE]);
    await send(second, CONTENT);
    await second.commit(CONTENT.length, digestOf(CONTENT));
    assertEquals(await readFile(store, "a"), CONTENT);
    assertEquals(await Array.fromAsync(store.uploads()), []);
  });

  test("an upload of more than a part of leaves goes on without its bytes", async (home) => {
    const content = contentOf(1030 * BLOCK_SIZE + 5);
    await using store = await openStore(home);
    const about = { declaredSize: content.length };
    const upload = await begin(store, "a", about);
    await send(upload, content.subarray(0, 1026 * BLOCK_SIZE + 1), 1 << 20);
    await upload.detach();
    const resumed = await begin(store, "a", { ...about, resume: true });
    assertEquals(resumed.received, 1026 * BLOCK_SIZE);
    assertEquals(await allLeaves(resumed), leavesOf(content.subarray(0, 1026 * BLOCK_SIZE)));
    await send(resumed, content, 1 << 20);
    const file = await resumed.commit(content.length, digestOf(content));
    assertEquals(file.digest, digestOf(content));
  });

  test("a holder is fenced at once, and what it had received is kept", async (home) => {
    await using store = await openStore(home);
    const holder = await begin(store, "a", SAME);
    await send(holder, CONTENT.subarray(0, 200_000));
    const resumed = await begin(store, "a", { ...SAME, resume: true });
    assertEquals([resumed.id, resumed.received], [holder.id, 3 * BLOCK_SIZE]);
    await refused("fenced", holder.write(new Uint8Array(1), holder.received));
    await refused("fenced", holder.checkpoint());
    await refused("fenced", holder.commit(200_000, digestOf(CONTENT.subarray(0, 200_000))));
    await holder.abort();
    await holder.detach();
    await send(resumed, CONTENT);
    await resumed.commit(CONTENT.length, digestOf(CONTENT));
    assertEquals(await readFile(store, "a"), CONTENT);
  });

  test("the fence does not wait for a holder whose disk hangs", async (home) => {
    const { catalog, blobs } = await home.open();
    const disk = Promise.withResolvers<void>();
    let hangs = false;
    const hook: Hook = (call) => call === "writer.sync" && hangs ? disk.promise : undefined;
    const engines = { catalog, blobs: hookedBlobs(blobs, hook) };
    await using store = await openStore({ open: async () => engines });
    const holder = await begin(store, "a", SAME);
    await send(holder, CONTENT.subarray(0, 150_000));
    hangs = true;
    const checkpoint = holder.checkpoint();
    const write = holder.write(CONTENT.subarray(150_000, 150_001), 150_000);
    const resuming = begin(store, "a", { ...SAME, resume: true });
    await settled(); // by then the resume has found it
    disk.resolve();
    await checkpoint;
    await refused("fenced", write);
    const resumed = await resuming;
    assertEquals(resumed.received, 2 * BLOCK_SIZE);
    await resumed.abort();
  });

  test("of many resumes at once the last one holds the upload", async (home) => {
    await using store = await openStore(home);
    await (await begun(store, CONTENT.subarray(0, 100_000))).detach();
    const attempts = Array.from({ length: 5 }, () => begin(store, "a", { ...SAME, resume: true }));
    const results = await Promise.allSettled(attempts);
    const won = results.filter((result) => result.status === "fulfilled");
    assertEquals(won.length, 1);
    for (const result of results) {
      if (result.status === "rejected") assertEquals(result.reason.code, "fenced");
    }
    await send(won[0]!.value, CONTENT);
    await won[0]!.value.commit(CONTENT.length, digestOf(CONTENT));
    assertEquals(await readFile(store, "a"), CONTENT);
  });

  test("an upload of another source, place or condition is not resumed", async (home) => {
    await using store = await openStore(home);
    const holder = await begun(store, CONTENT.subarray(0, 200_000));
    const others = [
      { declaredSize: CONTENT.length + 1 },
      { declaredSize: undefined },
      { modifiedMs: 8 },
      { metadata: { a: "b" } },
      { metadata: { a: "b", c: "e" } },
      { metadata: { a: "b", c: "d", e: "f" } },
      { condition: ABSENT },
    ];
    for (const differing of others) {
      const upload = await begin(store, "a", { ...SAME, ...differing, resume: true });
      assertNotEquals(upload.id, holder.id);
      assertEquals([upload.received, upload.epoch], [0, 1]);
      await upload.abort();
    }
    const elsewhere = await begin(store, "b", { ...SAME, resume: true });
    assertNotEquals(elsewhere.id, holder.id);
    await elsewhere.abort();
    const fresh = await begin(store, "a", SAME);
    assertNotEquals(fresh.id, holder.id);
    // Of two that match, the newest.
    const resumed = await begin(store, "a", { ...SAME, resume: true });
    assertEquals(resumed.id, fresh.id);
    await holder.checkpoint();
    await Promise.all([holder.abort(), resumed.abort()]);
  });

  test("an upload of unknown size goes on once it is large, a small one never", async (home) => {
    await using store = await openStore(home);
    const upload = await begin(store, "a", {});
    await send(upload, CONTENT.subarray(0, 60_000));
    const other = await begin(store, "a", { resume: true });
    assertNotEquals(other.id, upload.id);
    await other.abort();
    await send(upload, CONTENT.subarray(0, 70_000));
    const resumed = await begin(store, "a", { resume: true });
    assertEquals([resumed.id, resumed.received], [upload.id, BLOCK_SIZE]);
    await resumed.abort();
    const small = await begin(store, "a", { declaredSize: 10 });
    assertNotEquals((await begin(store, "a", { declaredSize: 10, resume: true })).id, small.id);
  });

  test("a commit under way is let through, and the resume begins anew", async (home) => {
    await using store = await openStore(home);
    const holder = await begun(store, CONTENT);
    const [committed, resumed] = await Promise.all([
      holder.commit(CONTENT.length, digestOf(CONTENT)),
      begin(store, "a", { ...SAME, resume: true }),
    ]);
    assertEquals(await store.stat("a"), committed);
    assertEquals([resumed.received, resumed.epoch], [0, 1]);
    await resumed.abort();
  });

  test("a holder in another process is fenced by its epoch and harms nothing", async (home) => {
    await using theirs = await openStore(home);
    await using ours = await openStore(home);
    const holder = await begun(theirs, CONTENT.subarray(0, 140_000));
    await holder.checkpoint();
    const resumed = await begin(ours, "a", { ...SAME, resume: true });
    assertEquals(resumed.received, 2 * BLOCK_SIZE);
    await refused("fenced", holder.checkpoint());
    await holder.abort();
    await send(resumed, CONTENT);
    await resumed.commit(CONTENT.length, digestOf(CONTENT));
    assertEquals(await readFile(ours, "a"), CONTENT);
  });

  test("an upload whose sync failed is never resumed, not even if it stays behind", async (home) => {
    const { catalog, blobs } = await home.open();
    const broken = new Set<string>();
    const hook: Hook = (call) => {
      if (broken.has(call)) throw new MorselError("storage", "It is broken");
    };
    const engines = { catalog: hookedCatalog(catalog, hook), blobs: hookedBlobs(blobs, hook) };
    await using store = await openStore({ open: async () => engines });
    const holder = await begun(store, CONTENT.subarray(0, 150_000));
    broken.add("writer.sync").add("endUpload");
    await refused("storage", holder.checkpoint());
    await holder.detach();
    await refused("storage", begin(store, "a", { ...SAME, resume: true }));
    await refused("storage", begin(store, "a", { ...SAME, resume: true }));
    broken.clear();
    const fresh = await begin(store, "a", { ...SAME, resume: true });
    assertNotEquals(fresh.id, holder.id);
    assertEquals(await blobs.unfinished(), [fresh.id]);
    await fresh.abort();
  });

  test("an upload whose blob lost durable bytes begins anew", async (home) => {
    const { catalog, blobs } = await home.open();
    await using store = await openStore({ open: async () => ({ catalog, blobs }) });
    const holder = await begun(store, CONTENT.subarray(0, 150_000));
    await holder.detach();
    const writer = await blobs.reopen(holder.id, 100_000); // cuts it
    await writer!.close();
    const fresh = await begin(store, "a", { ...SAME, resume: true });
    assertNotEquals(fresh.id, holder.id);
    assertEquals(await uploadIds(catalog), [fresh.id]);
    await fresh.abort();
  });

  test("a condition that a finished holder has broken refuses the resume", async (home) => {
    await using store = await openStore(home);
    await put(store, "a", contentOf(5));
    const conflict = await refused(
      "conflict",
      begin(store, "a", { condition: ABSENT, resume: true }),
    );
    assert(Number(conflict.detail.current) > 0);
  });

  async function begun(store: FileStore, content: Uint8Array, name = "a"): Promise<OpenUpload> {
    const upload = await begin(store, name, SAME);
    await send(upload, content);
    return upload;
  }
}

async function allLeaves(upload: OpenUpload): Promise<Uint8Array> {
  return concat(await Array.fromAsync(upload.leaves()));
}

function leavesOf(content: Uint8Array): Uint8Array {
  const leaves = new Uint8Array(content.length / BLOCK_SIZE * 32);
  for (let block = 0; block * BLOCK_SIZE < content.length; block++) {
    const bytes = content.subarray(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE);
    leaves.set(leafHash(bytes), block * 32);
  }
  return leaves;
}

async function refused(code: string, step: Promise<unknown>): Promise<MorselError> {
  const error = await assertRejects(() => step, MorselError);
  assertEquals(error.code, code);
  return error;
}

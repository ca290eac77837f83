// What is left after a failure at every durable step, while the store runs and after it was opened again.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { leafHash } from "../../lib/base/merkle.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { uploadIds } from "../support/catalog_records.ts";
import { contentOf, digestOf, newId } from "../support/content.ts";
import { type Hook, hookedBlobs, hookedCatalog, powerOffAt } from "../support/store_faults.ts";
import type { StoreHome } from "./file_store_conformance.ts";
import { begin, openStore, put, readFile, send } from "./store_steps.ts";

const CONTENT = contentOf(200_000);

/** Declares the tests for one pair of engines; each gets a new, empty home. */
export function recoveryConformance(engine: string, newHome: () => Promise<StoreHome>): void {
  function test(sentence: string, body: (home: StoreHome) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      await body(home);
    });
  }

  // At which call the power goes off during an upload, and what the next start finds then.
  const crashes = [
    { at: "beginUpload", uploads: 0, droppedUploads: 0, removedBlobs: 0 },
    { at: "create", uploads: 0, droppedUploads: 1, removedBlobs: 0 },
    { at: "writer.write", uploads: 1, droppedUploads: 0, removedBlobs: 0 },
    { at: "writer.sync", uploads: 1, droppedUploads: 0, removedBlobs: 0 },
    { at: "checkpointUpload", uploads: 1, droppedUploads: 0, removedBlobs: 0 },
    { at: "publish", uploads: 1, droppedUploads: 0, removedBlobs: 0 },
    { at: "commit", uploads: 1, droppedUploads: 0, removedBlobs: 0 },
  ];
  for (const { at, ...expected } of crashes) {
    test(`a crash before ${at} leaves the old file, and a put works again`, async (home) => {
      await putSafely(home, "a", contentOf(100_000, 9));
      await crash(home, powerOffAt(at), async (store) => {
        const upload = await begin(store, "a", { declaredSize: CONTENT.length });
        await send(upload, CONTENT.subarray(0, 150_000));
        await upload.checkpoint();
        await send(upload, CONTENT);
        await upload.commit(CONTENT.length, digestOf(CONTENT));
      });
      const { store, recovered } = await reopen(home);
      assertEquals(recovered, expected);
      assertEquals((await home.published()).length, 1);
      assertEquals(await readFile(store, "a"), contentOf(100_000, 9));
      await put(store, "a", CONTENT);
      assertEquals(await readFile(store, "a"), CONTENT);
      assertEquals((await home.published()).length, 1);
      await store[Symbol.asyncDispose]();
    });
  }

  for (const at of ["remove", "forgetGarbage"]) {
    test(`a crash before ${at} leaves the new file and no garbage for long`, async (home) => {
      await putSafely(home, "a", contentOf(100_000, 9));
      // The commit is durable by then: its caller must not hear of a failure.
      await crashIn(home, powerOffAt(at), (store) => put(store, "a", CONTENT));
      const { store, recovered } = await reopen(home);
      assertEquals(recovered, { uploads: 0, droppedUploads: 0, removedBlobs: 1 });
      assertEquals((await home.published()).length, 1);
      assertEquals(await readFile(store, "a"), CONTENT);
      await store[Symbol.asyncDispose]();
      const again = await reopen(home);
      assertEquals(again.recovered, { uploads: 0, droppedUploads: 0, removedBlobs: 0 });
      await again.store[Symbol.asyncDispose]();
    });
  }

  for (
    const [at, uploads, removedBlobs] of [
      ["endUpload", 1, 0],
      ["remove", 0, 1],
      ["forgetGarbage", 0, 1],
    ] as const
  ) {
    test(`a crash before ${at} of an abort leaves nothing unnamed`, async (home) => {
      const aborted = crashIn(home, powerOffAt(at), async (store) => {
        const upload = await begin(store, "a", { declaredSize: CONTENT.length });
        await send(upload, CONTENT);
        await upload.abort();
      });
      await aborted.catch(() => {});
      const { store, recovered } = await reopen(home);
      assertEquals(recovered, { uploads, droppedUploads: 0, removedBlobs });
      await store[Symbol.asyncDispose]();
    });
  }

  test("the durable steps of a commit come in their order", async (home) => {
    const { catalog, blobs } = await home.open();
    const calls: string[] = [];
    const hook: Hook = (call) => void calls.push(call);
    const engines = { catalog: hookedCatalog(catalog, hook), blobs: hookedBlobs(blobs, hook) };
    await using store = await openStore({ open: async () => engines });
    await put(store, "a", contentOf(70_000));
    calls.length = 0;
    await put(store, "a", CONTENT);
    assertEquals(calls, [
      ...["beginUpload", "create", ...Array(4).fill("writer.write")],
      ...["writer.sync", "writer.close", "publish", "commit", "remove", "forgetGarbage"],
    ]);
  });

  test("an unfinished blob that no row names is removed", async (home) => {
    const { catalog, blobs } = await home.open();
    const writer = await blobs.create(newId());
    await writer.close();
    await catalog[Symbol.asyncDispose]();
    const { store, recovered } = await reopen(home);
    assertEquals(recovered, { uploads: 0, droppedUploads: 0, removedBlobs: 1 });
    await store[Symbol.asyncDispose]();
    const after = await home.open();
    assertEquals(await after.blobs.unfinished(), []);
    await after.catalog[Symbol.asyncDispose]();
  });

  test("what is left of an upload beside the blob of its file goes alone", async (home) => {
    await putSafely(home, "a", CONTENT);
    const { catalog, blobs } = await home.open();
    const [id] = await home.published();
    const writer = await blobs.create(id!);
    await writer.write(CONTENT.subarray(0, 70_000), 0);
    await writer.close();
    await catalog[Symbol.asyncDispose]();
    const { store, recovered } = await reopen(home);
    assertEquals(recovered, { uploads: 0, droppedUploads: 0, removedBlobs: 1 });
    assertEquals(await readFile(store, "a"), CONTENT);
    await store[Symbol.asyncDispose]();
    const again = await reopen(home);
    assertEquals(again.recovered, { uploads: 0, droppedUploads: 0, removedBlobs: 0 });
    assertEquals(await readFile(again.store, "a"), CONTENT);
    await again.store[Symbol.asyncDispose]();
  });

  test("a blob on its way to its commit is taken back with all that is durable", async (home) => {
    let id = "";
    await crash(home, powerOffAt("commit"), async (store) => {
      const upload = await begin(store, "a", { declaredSize: CONTENT.length });
      id = upload.id;
      await send(upload, CONTENT.subarray(0, 140_000));
      await upload.checkpoint();
      await send(upload, CONTENT);
      await upload.commit(CONTENT.length, digestOf(CONTENT));
    });
    await (await reopen(home)).store[Symbol.asyncDispose]();
    await assertResumable(home, id, 131_072);
  });

  test("a detached upload keeps its whole blocks and their hashes", async (home) => {
    const store = await openStore(home);
    const upload = await begin(store, "a", { declaredSize: CONTENT.length });
    await send(upload, CONTENT.subarray(0, 199_999));
    await upload.detach();
    await upload.detach();
    assertEquals(upload.durable, 196_608);
    assertEquals((await assertRejects(() => upload.checkpoint(), MorselError)).code, "invalid");
    const small = await begin(store, "b", {});
    await send(small, CONTENT.subarray(0, 1000));
    await small.detach();
    await store[Symbol.asyncDispose]();
    const { store: again, recovered } = await reopen(home);
    assertEquals(recovered, { uploads: 1, droppedUploads: 0, removedBlobs: 0 });
    await again[Symbol.asyncDispose]();
    await assertResumable(home, upload.id, 196_608);
  });

  for (const call of ["writer.write", "writer.sync", "checkpointUpload"]) {
    test(`an upload whose ${call} failed once is poisoned, then removed`, async (home) => {
      const { catalog, blobs } = await home.open();
      let faults = 1;
      const hook: Hook = (made) => {
        if (made === call && faults-- > 0) throw new MorselError("no_space", "It is full");
      };
      const engines = { catalog: hookedCatalog(catalog, hook), blobs: hookedBlobs(blobs, hook) };
      await using store = await openStore({ open: async () => engines });
      const upload = await begin(store, "a", { declaredSize: CONTENT.length });
      await send(upload, CONTENT.subarray(0, 60_000));
      const first = await assertRejects(() => upload.checkpoint(), MorselError);
      assertEquals(first.code, "no_space");
      for (
        const step of [
          () => upload.checkpoint(),
          () => upload.write(new Uint8Array(1), 60_000),
          () => upload.commit(60_000, digestOf(CONTENT.subarray(0, 60_000))),
        ]
      ) assertEquals(await assertRejects(step, MorselError), first);
      await upload.detach();
      assertEquals(await blobs.unfinished(), []);
      assertEquals(await uploadIds(catalog), []);
    });
  }

  test("a commit whose answer was lost keeps its blob, as the file may exist", async (home) => {
    const { catalog, blobs } = await home.open();
    const lost: Hook = (call) => {
      if (call === "commit") throw new MorselError("storage", "The answer was lost");
    };
    const engines = { catalog: hookedCatalog(catalog, () => {}, lost), blobs };
    await using store = await openStore({ open: async () => engines });
    const upload = await begin(store, "a", {});
    await send(upload, CONTENT);
    const commit = upload.commit(CONTENT.length, digestOf(CONTENT));
    assertEquals((await assertRejects(() => commit, MorselError)).code, "storage");
    await upload.abort();
    assertEquals(await readFile(store, "a"), CONTENT);
  });

  test("checkpoints begin by themselves, and their failure is told", async (home) => {
    const { catalog, blobs } = await home.open();
    let faults = 0;
    const calls: string[] = [];
    const hook: Hook = (call) => {
      calls.push(call);
      if (call === "writer.sync" && faults-- > 0) throw new Error("The disk is broken");
    };
    const engines = { catalog: hookedCatalog(catalog, hook), blobs: hookedBlobs(blobs, hook) };
    await using store = await openStore({ open: async () => engines });
    const piece = contentOf(8 * 1024 * 1024);
    const upload = await begin(store, "a", { declaredSize: 40 * piece.length });
    for (let index = 0; index < 17; index++) await upload.write(piece, index * piece.length);
    await upload.checkpoint();
    // Each 16 MiB, or each 64 where the disk is slow, and the one that was asked for.
    const syncs = calls.filter((call) => call === "writer.sync").length;
    assert(syncs >= 3 && syncs <= 9, `${syncs} synchronisations`);
    assertEquals((await catalog.leaves(upload.id, 0))?.length, 32 * 1024);
    assertEquals((await catalog.leaves(upload.id, 1))?.length, 32 * 1024);
    assertEquals((await catalog.leaves(upload.id, 2))?.length, 32 * 128);
    faults = 1;
    const error = await assertRejects(async () => {
      while (true) await upload.write(piece, upload.received);
    }, MorselError);
    assertEquals([error.code, error.message], ["storage", "The disk is broken"]);
    await upload.abort();
    assertEquals(await blobs.unfinished(), []);
  });

  async function assertResumable(home: StoreHome, id: string, durable: number): Promise<void> {
    const { catalog, blobs } = await home.open();
    const row = await catalog.upload(id);
    assertEquals(await uploadIds(catalog), [id]);
    assertEquals([row?.id, row?.durable, row?.epoch], [id, durable, 1]);
    const leaves = await catalog.leaves(id, 0);
    assertEquals(leaves?.length, durable / 65536 * 32);
    for (let block = 0; block < durable / 65536; block++) {
      const expected = leafHash(CONTENT.subarray(block * 65536, (block + 1) * 65536));
      assertEquals(leaves?.slice(block * 32, (block + 1) * 32), new Uint8Array(expected));
    }
    const writer = await blobs.reopen(id, durable);
    await writer!.close();
    await blobs.publish(id);
    const reader = await blobs.open(id);
    const bytes = new Uint8Array(reader!.size);
    await reader!.read(bytes, 0);
    await reader!.close();
    assertEquals(bytes, CONTENT.slice(0, durable));
    await catalog[Symbol.asyncDispose]();
  }
}

/** Runs `work` on a store whose power goes off on the way; what it says about that does not matter. */
async function crash(
  home: StoreHome,
  hook: Hook,
  work: (store: FileStore) => Promise<unknown>,
): Promise<void> {
  await assertRejects(() => crashIn(home, hook, work));
}

async function crashIn(
  home: StoreHome,
  hook: Hook,
  work: (store: FileStore) => Promise<unknown>,
): Promise<void> {
  const { catalog, blobs } = await home.open();
  const engines = {
    catalog: hookedCatalog(catalog, hook),
    blobs: hookedBlobs(blobs, closing(hook)),
  };
  await using store = await openStore({ open: async () => engines });
  await work(store);
}

/** Files are closed when their process ends. */
function closing(hook: Hook): Hook {
  return (call) => call === "writer.close" ? undefined : hook(call);
}

async function putSafely(home: StoreHome, name: string, content: Uint8Array): Promise<void> {
  await using store = await openStore(home);
  await put(store, name, content);
}

async function reopen(home: StoreHome) {
  return await FileStore.open({ ...await home.open(), clock: systemClock, newId });
}

// What every blob engine must do.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import type { BlobReader, Blobs } from "../../lib/store/blobs.ts";
import { contentOf, newId } from "../support/content.ts";

/** A place where blobs live on from one opening to the next. */
export interface BlobsHome extends AsyncDisposable {
  open(): Promise<Blobs>;
}

/** Declares the tests for one engine; each gets a new, empty home. */
export function blobsConformance(engine: string, newHome: () => Promise<BlobsHome>): void {
  function test(sentence: string, body: (blobs: Blobs) => Promise<void>): void {
    Deno.test(`${engine}: ${sentence}`, async () => {
      await using home = await newHome();
      await body(await home.open());
    });
  }

  test("a blob can be read once it is published and not before", async (blobs) => {
    const id = newId();
    const content = contentOf(300_000);
    const writer = await blobs.create(id);
    await writer.write(content.subarray(0, 1), 0);
    await writer.write(content.subarray(1), 1);
    await writer.sync();
    assertEquals(await blobs.open(id), undefined);
    assertEquals(await blobs.unfinished(), [id]);
    await writer.close();
    await blobs.publish(id);
    assertEquals(await blobs.unfinished(), []);
    assertEquals(await readAll(await blobs.open(id)), content);
  });

  test("a read fills the buffer, and is short only at the end", async (blobs) => {
    const { id, content } = await publishedBlob(blobs, 1000);
    const reader = await blobs.open(id);
    assert(reader);
    const into = new Uint8Array(600);
    assertEquals(await reader.read(into, 100), 600);
    assertEquals(into, content.slice(100, 700));
    assertEquals(await reader.read(into, 700), 300);
    assertEquals(into.subarray(0, 300), content.slice(700));
    assertEquals(await reader.read(into, 1000), 0);
    assertEquals(await reader.read(into, 5000), 0);
    assertEquals(await reader.read(new Uint8Array(0), 0), 0);
    await reader.close();
  });

  test("a removed blob stays readable to those who opened it before", async (blobs) => {
    const { id, content } = await publishedBlob(blobs, 100_000);
    const reader = await blobs.open(id);
    await blobs.remove(id);
    assertEquals(await blobs.open(id), undefined);
    assertEquals(await readAll(reader), content);
  });

  test("an unfinished blob can be removed, and removing nothing is no error", async (blobs) => {
    const id = newId();
    const writer = await blobs.create(id);
    await writer.write(contentOf(10), 0);
    await writer.close();
    await blobs.remove(id);
    await blobs.remove(id);
    await blobs.remove(newId());
    assertEquals(await blobs.unfinished(), []);
    const again = await blobs.create(id);
    await again.close();
  });

  test("an unfinished blob beside a published one of its id goes alone", async (blobs) => {
    const { id, content } = await publishedBlob(blobs, 1000);
    const writer = await blobs.create(id);
    await writer.write(contentOf(10), 0);
    await writer.close();
    await blobs.removeUnfinished(id);
    await blobs.removeUnfinished(id);
    assertEquals(await blobs.unfinished(), []);
    assertEquals(await readAll(await blobs.open(id)), content);
  });

  test("an id is given to one blob only", async (blobs) => {
    const id = newId();
    const writer = await blobs.create(id);
    await writer.close();
    const error = await assertRejects(() => blobs.create(id), MorselError);
    assertEquals(error.code, "storage");
  });

  test("publishing what is not there is an error", async (blobs) => {
    const error = await assertRejects(() => blobs.publish(newId()), MorselError);
    assertEquals(error.code, "storage");
  });

  test("many blobs can be published at once", async (blobs) => {
    const made = await Promise.all(
      Array.from({ length: 40 }, (_, index) => publishedBlob(blobs, 100 + index, index)),
    );
    for (const { id, content } of made) {
      assertEquals(await readAll(await blobs.open(id)), content);
    }
  });

  test("a published blob can be withdrawn and published again", async (blobs) => {
    const { id, content } = await publishedBlob(blobs, 100_000);
    assertEquals(await blobs.withdraw(id), true);
    assertEquals(await blobs.open(id), undefined);
    assertEquals(await blobs.unfinished(), [id]);
    assertEquals(await blobs.withdraw(id), false);
    assertEquals(await blobs.withdraw(newId()), false);
    await blobs.publish(id);
    assertEquals(await readAll(await blobs.open(id)), content);
  });

  Deno.test(`${engine}: an unfinished blob goes on after reopening`, async () => {
    await using home = await newHome();
    const id = newId();
    const content = contentOf(200_000);
    const writer = await (await home.open()).create(id);
    await writer.write(content.subarray(0, 150_000), 0);
    await writer.sync();
    await writer.close();

    const blobs = await home.open();
    assertEquals(await blobs.unfinished(), [id]);
    assertEquals(await blobs.reopen(newId(), 0), undefined);
    const tooFar = await assertRejects(() => blobs.reopen(id, 150_001), MorselError);
    assertEquals(tooFar.code, "integrity");
    const again = await blobs.reopen(id, 65_536);
    assert(again);
    // Less than before, so that bytes not cut off would show.
    await again.write(content.subarray(65_536, 140_000), 65_536);
    await again.sync();
    await again.close();
    await blobs.publish(id);
    assertEquals(await readAll(await blobs.open(id)), content.slice(0, 140_000));
  });
}

async function publishedBlob(blobs: Blobs, size: number, seed = 1) {
  const id = newId();
  const content = contentOf(size, seed);
  const writer = await blobs.create(id);
  await writer.write(content, 0);
  await writer.sync();
  await writer.close();
  await blobs.publish(id);
  return { id, content };
}

async function readAll(reader: BlobReader | undefined): Promise<Uint8Array> {
  assert(reader);
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < reader.size;) {
    const piece = new Uint8Array(Math.min(70_000, reader.size - offset));
    offset += await reader.read(piece, offset);
    pieces.push(piece);
  }
  await reader.close();
  return concat(pieces);
}

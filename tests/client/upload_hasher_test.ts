import { assert, assertEquals } from "@std/assert";
import { RUN_SIZE } from "../../lib/base/hash_thread.ts";
import { toHex } from "../../lib/base/hex.ts";
import { BLOCK_SIZE, leafHashes } from "../../lib/base/merkle.ts";
import { UploadHasher } from "../../lib/client/upload_hasher.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { FakeHashThread } from "../support/fake_hash_thread.ts";

const CONTENT = contentOf(2 * RUN_SIZE + 5 * BLOCK_SIZE + 9);

Deno.test("blocks may be durable on the server before they are hashed here", async () => {
  const thread = new FakeHashThread();
  const hasher = new UploadHasher(thread);
  hasher.update(CONTENT);
  const durable = RUN_SIZE + 3 * BLOCK_SIZE;
  hasher.settle(durable);
  const went = hasher.goTo(durable + BLOCK_SIZE);
  for (const run of [...thread.runs]) run.finish();
  assert(await went);
  assert(hasher.isBehind(leafHashes(CONTENT.subarray(0, durable + BLOCK_SIZE))));
  hasher.update(CONTENT.subarray(durable + BLOCK_SIZE));
  for (const run of [...thread.runs]) run.finish();
  assertEquals(toHex(await hasher.digest()), toHex(digestOf(CONTENT)));
});

Deno.test("there is no going back before what is durable", async () => {
  const hasher = new UploadHasher(undefined);
  hasher.update(CONTENT);
  hasher.settle(2 * BLOCK_SIZE);
  assertEquals(await hasher.goTo(BLOCK_SIZE), false);
  assertEquals(await hasher.goTo(2 * BLOCK_SIZE + 1), false);
  assert(await hasher.goTo(2 * BLOCK_SIZE));
});

Deno.test("it begins behind blocks that the server has hashed", async () => {
  const hasher = new UploadHasher(new FakeHashThread());
  hasher.beginAfter(leafHashes(CONTENT.subarray(0, 4 * BLOCK_SIZE)));
  hasher.update(CONTENT.subarray(4 * BLOCK_SIZE, 6 * BLOCK_SIZE));
  assertEquals(toHex(await hasher.digest()), toHex(digestOf(CONTENT.subarray(0, 6 * BLOCK_SIZE))));
});

// The thread that hashes blocks: right whatever it is asked, and nobody waits for it in vain.

import { assert, assertEquals } from "@std/assert";
import type { HashingThread, PendingLeaf } from "../../lib/base/content_hasher.ts";
import { toHex } from "../../lib/base/hex.ts";
import { BLOCK_SIZE, leafHash } from "../../lib/base/merkle.ts";
import { nodeHashingThread } from "../../lib/runtime/node_hashing_thread.ts";
import { contentOf } from "../support/content.ts";

Deno.test("nodeHashingThread() hashes many blocks of many sizes, more than it has places for", async () => {
  const thread = nodeHashingThread();
  await ready(thread);
  for (let round = 0; round < 20; round++) {
    const blocks = Array.from({ length: 24 }, (_, index) => contentOf(1 + index * 2_849, round));
    const pending = blocks.map((block) => thread.hash(block));
    assert(pending.filter((leaf) => leaf).length >= 16);
    for (const [index, leaf] of pending.entries()) {
      if (!leaf) continue;
      await leaf.known();
      assertEquals(toHex(leaf.leaf!), toHex(leafHash(blocks[index]!)));
    }
  }
  thread.close();
});

Deno.test("nodeHashingThread.close() leaves nobody waiting, and takes no more", async () => {
  const thread = nodeHashingThread();
  await ready(thread);
  const block = contentOf(BLOCK_SIZE);
  const pending = Array.from({ length: 16 }, () => thread.hash(block)!);
  const known = Promise.all(pending.map((leaf) => leaf.known()));
  thread.close();
  await known;
  for (const { leaf } of pending) assertEquals(toHex(leaf!), toHex(leafHash(block)));
  assertEquals(thread.hash(block), undefined);
  thread.close();
});

Deno.test("nodeHashingThread() that is closed before it was used begins nothing", () => {
  const thread = nodeHashingThread();
  thread.close();
  assertEquals(thread.hash(contentOf(1)), undefined);
});

/** Waits until the thread has begun. */
async function ready(thread: HashingThread): Promise<void> {
  let first: PendingLeaf | undefined;
  while (!(first = thread.hash(contentOf(1)))) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await first.known();
}

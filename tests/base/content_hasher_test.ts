import { assertEquals, assertRejects } from "@std/assert";
import { ContentHasher } from "../../lib/base/content_hasher.ts";
import { RUN_SIZE } from "../../lib/base/hash_thread.ts";
import { toHex } from "../../lib/base/hex.ts";
import { BLOCK_SIZE, leafHashes } from "../../lib/base/merkle.ts";
import { contentOf, randomNumbers } from "../support/content.ts";
import { FakeHashThread } from "../support/fake_hash_thread.ts";

const CONTENT = contentOf(5 * RUN_SIZE + 3 * BLOCK_SIZE + 77, 3);

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`a thread that comes late and answers in any order changes nothing, ${seed}`, async () => {
    const random = randomNumbers(seed);
    const thread = new FakeHashThread();
    const { hasher, leaves } = collecting(thread);
    for (let start = 0; start < CONTENT.length;) {
      thread.isReady = random() < 0.8;
      const size = Math.ceil(random() * 6 * BLOCK_SIZE);
      const bytes = CONTENT.slice(start, start + size);
      hasher.update(bytes);
      bytes.fill(0); // the caller's again
      start += size;
      if (random() < 0.3) thread.runs[Math.floor(random() * thread.runs.length)]?.finish();
      await Promise.resolve();
    }
    const ended = hasher.end();
    while (thread.runs.length > 0) thread.runs.at(-1)!.finish();
    await ended;
    assertEquals(leaves.join(), hashesOf(CONTENT).join());
  });
}

Deno.test("nothing, and less than a run, is hashed with a thread, too", async () => {
  for (const size of [0, 1, BLOCK_SIZE, BLOCK_SIZE + 1]) {
    const { hasher, leaves } = collecting(new FakeHashThread());
    hasher.update(contentOf(size));
    await hasher.end();
    assertEquals(leaves, hashesOf(contentOf(size)));
  }
});

Deno.test("a thread that fails is told at the end, and no hash behind the gap is handed out", async () => {
  const thread = new FakeHashThread();
  const { hasher, leaves } = collecting(thread);
  hasher.update(CONTENT.subarray(0, 3 * RUN_SIZE));
  thread.runs[0]!.finish();
  thread.runs[0]!.fail(new Error("gone"));
  thread.runs[0]!.finish();
  await assertRejects(() => hasher.end(), Error, "gone");
  assertEquals(leaves, hashesOf(CONTENT.subarray(0, RUN_SIZE)));
});

function collecting(thread: FakeHashThread): { hasher: ContentHasher; leaves: string[] } {
  const leaves: string[] = [];
  const onLeaf = (leaf: Uint8Array) => void leaves.push(toHex(leaf));
  return { hasher: new ContentHasher({ onLeaf, thread }), leaves };
}

function hashesOf(content: Uint8Array): string[] {
  return toHex(leafHashes(content)).match(/.{64}/g) ?? [];
}

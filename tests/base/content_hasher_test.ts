import { assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { ContentHasher } from "../../lib/base/content_hasher.ts";
import { RUN_SIZE } from "../../lib/base/hash_thread.ts";
import { toHex } from "../../lib/base/hex.ts";
import { BLOCK_SIZE, DIGEST_SIZE, leafHashes, MerklePeaks } from "../../lib/base/merkle.ts";
import { contentOf, digestOf, randomNumbers } from "../support/content.ts";
import { FakeHashThread } from "../support/fake_hash_thread.ts";

const CONTENT = contentOf(5 * RUN_SIZE + 3 * BLOCK_SIZE + 77, 3);

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`a thread that is busy now and then and answers late changes nothing, ${seed}`, async () => {
    const random = randomNumbers(seed);
    const thread = new FakeHashThread();
    const leaves: Uint8Array[] = [];
    const hasher = new ContentHasher({ onLeaf: (leaf) => void leaves.push(leaf), thread });
    for (let start = 0; start < CONTENT.length;) {
      thread.most = Math.floor(random() * 4);
      const size = Math.ceil(random() * 6 * BLOCK_SIZE);
      const bytes = CONTENT.slice(start, start + size);
      hasher.update(bytes);
      bytes.fill(0); // the caller's again
      start += size;
      if (random() < 0.3) thread.runs[Math.floor(random() * thread.runs.length)]?.finish();
      await Promise.resolve();
    }
    assertEquals(hasher.size, CONTENT.length);
    const digest = hasher.digest();
    while (thread.runs.length > 0) thread.runs.at(-1)!.finish();
    assertEquals(toHex(await digest), toHex(digestOf(CONTENT)));
    assertEquals(toHex(concat(leaves)), toHex(leafHashes(CONTENT)));
  });
}

Deno.test("nothing, and less than a block, have their digests with a thread, too", async () => {
  for (const size of [0, 1, BLOCK_SIZE, BLOCK_SIZE + 1]) {
    const content = contentOf(size);
    const hasher = new ContentHasher({ onLeaf: () => {}, thread: new FakeHashThread() });
    hasher.update(content);
    assertEquals(toHex(await hasher.digest()), toHex(digestOf(content)));
  }
});

Deno.test("settled waits for the thread and hands out every whole block, and more may follow", async () => {
  const thread = new FakeHashThread();
  let count = 0;
  const hasher = new ContentHasher({ onLeaf: () => void count++, thread });
  hasher.update(CONTENT.subarray(0, RUN_SIZE + 2 * BLOCK_SIZE + 5));
  const settled = hasher.settled();
  assertEquals(count, 0);
  thread.runs[0]!.finish();
  await settled;
  assertEquals(count, RUN_SIZE / BLOCK_SIZE + 2);
  hasher.update(CONTENT.subarray(RUN_SIZE + 2 * BLOCK_SIZE + 5));
  for (const run of [...thread.runs]) run.finish();
  assertEquals(toHex(await hasher.digest()), toHex(digestOf(CONTENT)));
});

Deno.test("it goes on behind blocks that others have hashed", async () => {
  const thread = new FakeHashThread();
  const after = new MerklePeaks();
  after.addAll(leafHashes(CONTENT.subarray(0, 3 * BLOCK_SIZE)));
  const hasher = new ContentHasher({ onLeaf: () => {}, after, thread });
  assertEquals(hasher.size, 3 * BLOCK_SIZE);
  hasher.update(CONTENT.subarray(3 * BLOCK_SIZE));
  for (const run of [...thread.runs]) run.finish();
  assertEquals(toHex(await hasher.digest()), toHex(digestOf(CONTENT)));
});

Deno.test("a thread that fails fails the digest, and no hash behind the gap is handed out", async () => {
  const thread = new FakeHashThread();
  let bytes = 0;
  const hasher = new ContentHasher({ onLeaf: () => void (bytes += DIGEST_SIZE), thread });
  hasher.update(CONTENT.subarray(0, 3 * RUN_SIZE));
  thread.runs[0]!.finish();
  thread.runs[0]!.fail(new Error("gone"));
  thread.runs[0]!.finish();
  await assertRejects(() => hasher.settled(), Error, "gone");
  await assertRejects(() => hasher.digest(), Error, "gone");
  assertEquals(bytes, RUN_SIZE / BLOCK_SIZE * DIGEST_SIZE);
});

// contentHasher(): the same digest and the same leaves, in order, whoever hashes the blocks.

import { assert, assertEquals } from "@std/assert";
import {
  type ContentHasher,
  contentHasher,
  type HashingThread,
  type PendingLeaf,
} from "../../lib/base/content_hasher.ts";
import { toHex } from "../../lib/base/hex.ts";
import { BLOCK_SIZE, leafHash, MerkleHasher, MerklePeaks } from "../../lib/base/merkle.ts";
import { contentOf } from "../support/content.ts";

for (const size of [0, 1, BLOCK_SIZE, BLOCK_SIZE + 1, 5 * BLOCK_SIZE, 7 * BLOCK_SIZE + 1300]) {
  for (const piece of [1300, BLOCK_SIZE, 200_000]) {
    Deno.test(`a thread that is free now and then: ${size} bytes in pieces of ${piece}`, async () => {
      const content = contentOf(size);
      const leaves: string[] = [];
      const thread = new SlowThread(3);
      const onLeaf = (leaf: Uint8Array) => void leaves.push(toHex(leaf));
      const hasher = contentHasher({ size: Infinity, thread, onLeaf });
      feed(hasher, content, piece);
      const expected: string[] = [];
      const plain = new MerkleHasher((leaf) => void expected.push(toHex(leaf)));
      plain.update(content);
      assertEquals(hasher.size, size);
      assertEquals(toHex(await hasher.digest()), toHex(plain.digest()));
      assertEquals(leaves, expected);
      assert(size < 2 * BLOCK_SIZE || thread.taken > 0);
    });
  }
}

Deno.test("settled() tells of all whole blocks, behind those that were there before", async () => {
  const content = contentOf(6 * BLOCK_SIZE + 9);
  const after = new MerklePeaks();
  after.add(leafHash(content.subarray(0, BLOCK_SIZE)));
  let leaves = 0;
  const hasher = contentHasher({
    size: Infinity,
    thread: new SlowThread(2),
    onLeaf: () => leaves++,
    after,
  });
  assertEquals(hasher.size, BLOCK_SIZE);
  hasher.update(content.subarray(BLOCK_SIZE));
  await hasher.settled();
  assertEquals(leaves, 5);
  const plain = new MerkleHasher();
  plain.update(content);
  assertEquals(toHex(await hasher.digest()), toHex(plain.digest()));
});

Deno.test("a content that is small is not handed over", () => {
  const thread = new SlowThread(3);
  const hasher = contentHasher({ size: 100_000, thread });
  hasher.update(contentOf(100_000));
  assertEquals(thread.taken, 0);
});

function feed(hasher: ContentHasher, content: Uint8Array, piece: number): void {
  for (let start = 0; start < content.length; start += piece) {
    hasher.update(content.subarray(start, start + piece));
  }
}

/** Has room for so many blocks, and hashes only when one waits for it. */
class SlowThread implements HashingThread {
  taken = 0;
  readonly #room: number;
  #open = 0;

  constructor(room: number) {
    this.#room = room;
  }

  hash(block: Uint8Array): PendingLeaf | undefined {
    if (this.#open === this.#room) return undefined;
    this.#open++;
    this.taken++;
    const copy = block.slice();
    const pending: { leaf: Uint8Array | undefined; known: () => Promise<void> } = {
      leaf: undefined,
      known: async () => {
        await Promise.resolve();
        if (!pending.leaf) this.#open--;
        pending.leaf = leafHash(copy);
      },
    };
    return pending;
  }

  close(): void {}
}

// contentHasher(): the same digest and the same leaves, in order, whoever hashes the blocks.

import { assertEquals } from "@std/assert";
import { contentHasher } from "../../lib/base/content_hasher.ts";
import { toHex } from "../../lib/base/hex.ts";
import { BLOCK_SIZE, leafHash, MerkleHasher, MerklePeaks } from "../../lib/base/merkle.ts";
import { contentOf } from "../support/content.ts";

/** As one says it who is going to have much. */
const LARGE = 1024 ** 3;

for (const size of [0, 1, BLOCK_SIZE, BLOCK_SIZE + 1, 25 * BLOCK_SIZE, 17 * BLOCK_SIZE + 1300]) {
  for (const piece of [1300, BLOCK_SIZE, 200_000, 2 ** 21]) {
    Deno.test(`work that is shared: ${size} bytes in pieces of ${piece}`, async () => {
      const content = contentOf(size);
      const leaves: string[] = [];
      const onLeaf = (leaf: Uint8Array) => void leaves.push(toHex(leaf));
      const hasher = contentHasher({ size: LARGE, onLeaf });
      for (let start = 0; start < size; start += piece) {
        const bytes = content.slice(start, start + piece);
        hasher.update(bytes);
        bytes.fill(0); // it may be reused
      }
      const expected: string[] = [];
      const plain = new MerkleHasher((leaf) => void expected.push(toHex(leaf)));
      plain.update(content);
      assertEquals(hasher.size, size);
      assertEquals(toHex(await hasher.digest()), toHex(plain.digest()));
      assertEquals(leaves, expected);
    });
  }
}

Deno.test("settled() tells of all whole blocks, behind those that were there before", async () => {
  const content = contentOf(6 * BLOCK_SIZE + 9);
  const after = new MerklePeaks();
  after.add(leafHash(content.subarray(0, BLOCK_SIZE)));
  let leaves = 0;
  const hasher = contentHasher({ size: LARGE, onLeaf: () => leaves++, after });
  assertEquals(hasher.size, BLOCK_SIZE);
  hasher.update(content.subarray(BLOCK_SIZE));
  await hasher.settled();
  assertEquals(leaves, 5);
  const plain = new MerkleHasher();
  plain.update(content);
  assertEquals(toHex(await hasher.digest()), toHex(plain.digest()));
});

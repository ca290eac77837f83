// The digests of small contents before node:crypto is there, as they are in a command for one file. Nothing that is
// imported here may bring that in.

import { assertEquals } from "@std/assert";
import { BLOCK_SIZE, leafHash, smallDigest } from "../../lib/base/merkle.ts";
import { hasNodeCrypto } from "../../lib/base/node_crypto.ts";
import { PieceHasher } from "../../lib/client/piece_hasher.ts";
import { digestSmall } from "../../lib/client/small_digest.ts";
import { contentOf } from "../support/content.ts";

const CHUNK = 1300;

Deno.test("small contents are hashed without node:crypto, the first of them, and alike", async () => {
  const sizes = [1, 1299, 1300, 1301, 65_535, BLOCK_SIZE];
  const without: Uint8Array[] = [];
  for (const size of sizes) without.push(await digestSmall(contentOf(size)));
  const pieces: Uint8Array[] = [];
  for (const size of sizes) pieces.push((await hashed(size)).leaves);
  assertEquals((await hashed(0)).leaves.length, 0);
  assertEquals(hasNodeCrypto(), false);

  const larger = await hashed(BLOCK_SIZE + 1);
  assertEquals(hasNodeCrypto(), true);
  assertEquals(
    larger.leaves.slice(0, 32),
    leafHash(contentOf(BLOCK_SIZE + 1).slice(0, BLOCK_SIZE)),
  );
  assertEquals(larger.leaves.slice(32), leafHash(contentOf(BLOCK_SIZE + 1).slice(BLOCK_SIZE)));
  assertEquals(without, sizes.map((size) => smallDigest(contentOf(size))));
  assertEquals(pieces, without);
  for (const size of [0, ...sizes]) {
    assertEquals(await digestSmall(contentOf(size)), smallDigest(contentOf(size)));
    const leaves = size === 0 ? new Uint8Array(0) : smallDigest(contentOf(size));
    assertEquals((await hashed(size)).leaves, leaves);
  }
});

async function hashed(size: number): Promise<PieceHasher> {
  const hasher = new PieceHasher(2 * BLOCK_SIZE);
  const content = contentOf(size);
  const chunk = new Uint8Array(CHUNK);
  for (let start = 0; start < size; start += CHUNK) {
    // The buffer is used again, as that of a reader is.
    const end = Math.min(size, start + CHUNK);
    chunk.set(content.subarray(start, end));
    hasher.update(chunk.subarray(0, end - start));
  }
  await hasher.end();
  return hasher;
}

// What hashing costs, and what the tree adds to it. The controls hash the same bytes with node:crypto alone.

import { createHash } from "node:crypto";
import { assertEquals } from "@std/assert";
import { BLOCK_SIZE, leafHash, MerkleHasher, merkleRoot } from "../lib/base/merkle.ts";

const content = new Uint8Array(16 * BLOCK_SIZE).map((_, index) => index * 7);
const block = content.subarray(0, BLOCK_SIZE);
const leaves = new Uint8Array(32 * 1024).map((_, index) => index * 11);

function digestInPieces(size: number): Uint8Array {
  const hasher = new MerkleHasher();
  for (let start = 0; start < content.length; start += size) {
    hasher.update(content.subarray(start, start + size));
  }
  return hasher.digest();
}

const whole = digestInPieces(content.length);
assertEquals(digestInPieces(1300), whole);
assertEquals(
  merkleRoot(
    Uint8Array.from(
      Array.from({ length: 16 }, (_, index) => {
        return [...leafHash(content.subarray(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE))];
      }).flat(),
    ),
  ),
  whole,
);

Deno.bench("digest of 1 MiB in one piece", { group: "content" }, () => {
  digestInPieces(content.length);
});
Deno.bench("digest of 1 MiB in pieces of 1300 bytes", { group: "content" }, () => {
  digestInPieces(1300);
});
Deno.bench("control: SHA-256 of it", { group: "content", baseline: true }, () => {
  createHash("sha256").update(content).digest();
});

Deno.bench("hash of a block of 64 KiB", { group: "block" }, () => void leafHash(block));
Deno.bench("control: SHA-256 of a block", { group: "block", baseline: true }, () => {
  createHash("sha256").update(block).digest();
});

Deno.bench("root over 1024 leaves, 64 MiB of content", { group: "tree" }, () => {
  merkleRoot(leaves);
});
Deno.bench("control: SHA-256 of two hashes, 1023 times", { group: "tree", baseline: true }, () => {
  for (let count = 0; count < 1023; count++) {
    createHash("sha256").update(leaves.subarray(count, count + 65)).digest();
  }
});

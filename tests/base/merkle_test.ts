// The digest against the definition of RFC 9162 section 2.1, written here once more, and recursively.

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { createHash } from "node:crypto";
import { fromHex, toHex } from "../../lib/base/hex.ts";
import {
  BLOCK_SIZE,
  leafHash,
  LeafHasher,
  MerkleHasher,
  merkleRoot,
} from "../../lib/base/merkle.ts";
import { contentOf, randomNumbers } from "../support/content.ts";

Deno.test("nothing has the digest of the empty string", () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assertEquals(toHex(new MerkleHasher().digest()), empty);
  assertEquals(toHex(merkleRoot(new Uint8Array(0))), empty);
});

Deno.test("one block has the digest of a leaf", () => {
  const hasher = new MerkleHasher();
  hasher.update(Uint8Array.of(0x61, 0x62, 0x63));
  // SHA-256 of 00 61 62 63.
  const expected = toHex(sha256(Uint8Array.of(0, 0x61, 0x62, 0x63)));
  assertEquals(toHex(hasher.digest()), expected);
  assertEquals(toHex(leafHash(Uint8Array.of(0x61, 0x62, 0x63))), expected);
});

Deno.test("the tree has the roots known from Certificate Transparency", () => {
  const entries = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
  ];
  const roots = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];
  for (const [index, root] of roots.entries()) {
    const leaves = entries.slice(0, index + 1).map((entry) => leafHash(fromHex(entry)));
    assertEquals(toHex(merkleRoot(concat(leaves))), root);
  }
});

for (const blocks of [1, 2, 3, 5, 7, 8, 13]) {
  for (const lastBlock of [1, BLOCK_SIZE - 1, BLOCK_SIZE]) {
    Deno.test(`${blocks} blocks, the last of ${lastBlock} bytes, hash as RFC 9162 says`, () => {
      const content = contentOf((blocks - 1) * BLOCK_SIZE + lastBlock, blocks);
      const leaves: Uint8Array[] = [];
      const hasher = new LeafHasher((leaf) => leaves.push(leaf));
      hasher.update(content);
      hasher.end();
      assertEquals(toHex(merkleOf(content)), toHex(treeHash(blocksOf(content))));
      assertEquals(leaves.length, blocks);
      assertEquals(toHex(merkleRoot(concat(leaves))), toHex(treeHash(blocksOf(content))));
    });
  }
}

Deno.test("the digest does not depend on how the bytes arrive", () => {
  const content = contentOf(5 * BLOCK_SIZE + 4321, 1);
  const expected = toHex(treeHash(blocksOf(content)));
  const random = randomNumbers(7);
  for (let round = 0; round < 20; round++) {
    const hasher = new MerkleHasher();
    for (let start = 0; start < content.length;) {
      const size = Math.floor(random() * (round % 2 ? 3000 : 2.5 * BLOCK_SIZE));
      hasher.update(content.subarray(start, start + size));
      start += size;
      assertEquals(hasher.size, Math.min(start, content.length));
    }
    assertEquals(toHex(hasher.digest()), expected);
  }
});

Deno.test("a flipped bit anywhere changes the digest", () => {
  const content = contentOf(3 * BLOCK_SIZE + 1, 2);
  const before = toHex(merkleOf(content));
  for (const index of [0, BLOCK_SIZE - 1, BLOCK_SIZE, 2 * BLOCK_SIZE + 7, content.length - 1]) {
    content[index]! ^= 1;
    assertEquals(toHex(merkleOf(content)) === before, false);
    content[index]! ^= 1;
  }
  assertEquals(toHex(merkleOf(content)), before);
});

function merkleOf(content: Uint8Array): Uint8Array {
  const hasher = new MerkleHasher();
  hasher.update(content);
  return hasher.digest();
}

/** MTH of RFC 9162 section 2.1.1. */
function treeHash(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256(new Uint8Array(0));
  if (entries.length === 1) return sha256(concat([Uint8Array.of(0), entries[0]!]));
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  const left = treeHash(entries.slice(0, split));
  const right = treeHash(entries.slice(split));
  return sha256(concat([Uint8Array.of(1), left, right]));
}

function blocksOf(content: Uint8Array): Uint8Array[] {
  const blocks = [];
  for (let start = 0; start < content.length; start += BLOCK_SIZE) {
    blocks.push(content.subarray(start, start + BLOCK_SIZE));
  }
  return blocks;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

// Proofs out of a version, against the tree made of all its leaves; and what they cost.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { BLOCK_SIZE, leafHash, merkleRoot } from "../../lib/base/merkle.ts";
import { rootFromRange } from "../../lib/base/merkle_range.ts";
import type { FileRecord } from "../../lib/store/catalog.ts";
import { type ContentTrees, PartTrees } from "../../lib/store/part_trees.ts";
import { type LeafSource, VersionTree } from "../../lib/store/version_tree.ts";
import { contentOf, randomNumbers } from "../support/content.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { openStore, put } from "./store_steps.ts";

for (const leafCount of [1, 2, 1023, 1024, 1025, 2048, 5000]) {
  Deno.test(`any blocks of ${leafCount} are proven`, async () => {
    const { leaves, root, tree } = treeOf(leafCount);
    const random = randomNumbers(leafCount);
    for (let round = 0; round < 60; round++) {
      const first = Math.floor(random() * leafCount);
      const end = first + 1 +
        Math.floor(random() * Math.min(random() < 0.5 ? 3 : 1e9, leafCount - first));
      const proof = await tree.prove(first, end);
      const within = leaves.subarray(first * 32, end * 32);
      assertEquals(rootFromRange({ leafCount, first, leaves: within, proof }), root);
    }
    const error = await assertRejects(() => tree.prove(leafCount, leafCount + 1), MorselError);
    assertEquals(error.code, "invalid");
  });
}

Deno.test("proofs of neighbouring blocks read one part of the hashes once", async () => {
  const { tree, reads } = treeOf(5000);
  for (let block = 1030; block < 1100; block++) await tree.prove(block, block + 1);
  // The last part, whose root is not recorded, and the one that the blocks are in.
  assertEquals(reads, [4, 1]);
  await tree.prove(1000, 3000);
  assertEquals(reads, [4, 1, 0, 2]);
});

Deno.test("blocks of a last part that is not full read it once", async () => {
  const { tree, reads } = treeOf(1500);
  for (let block = 1100; block < 1110; block++) await tree.prove(block, block + 1);
  assertEquals(reads, [1]);
});

Deno.test("trees that others have made of the same content are used, the parts in turns too", async () => {
  const trees = new PartTrees();
  const { leaves, root, reads, again } = treeOf(5000, trees.of("one"));
  const prove = async (block: number) => {
    const proof = await again(trees.of("one")).prove(block, block + 1);
    const within = leaves.subarray(block * 32, (block + 1) * 32);
    assertEquals(rootFromRange({ leafCount: 5000, first: block, leaves: within, proof }), root);
  };
  for (let round = 0; round < 2; round++) {
    for (const block of [5, 2500, 4999]) await prove(block);
  }
  reads.length = 0;
  for (let round = 0; round < 5; round++) {
    for (const block of [6, 2501, 4998]) await prove(block);
  }
  assertEquals(reads, []);
  await again(trees.of("another")).prove(6, 7);
  assertEquals(reads, [4, 0]);
});

Deno.test("hashes that do not belong to the digest are never passed on", async () => {
  for (const part of [0, 1, 4]) {
    const { tree, leaves } = treeOf(5000);
    leaves[part * 32 * 1024 + 5]! ^= 1;
    const error = await assertRejects(() => tree.prove(part * 1024, part * 1024 + 1), MorselError);
    assertEquals(error.code, "integrity");
  }
});

Deno.test("what is small or empty has a tree, too", async () => {
  const [catalog, blobs] = [new MemoryCatalog(systemClock), new MemoryBlobs()];
  await using store = await openStore({ open: async () => ({ catalog, blobs }) });
  for (const size of [0, 1, BLOCK_SIZE]) {
    const content = contentOf(size);
    const { digest } = await put(store, "a", content);
    const open = await store.openVersion("a", 0);
    const leaves = size > 0 ? leafHash(content) : new Uint8Array(0);
    assertEquals(open.tree.leafCount, size > 0 ? 1 : 0);
    assertEquals(await open.tree.leaves(0), leaves);
    assertEquals(await open.tree.leaves(1), new Uint8Array(0));
    assertEquals(await open.tree.partRoots(), leaves);
    const proof = await open.prove(0, open.tree.leafCount);
    assertEquals(
      rootFromRange({ leafCount: open.tree.leafCount, first: 0, leaves, proof }),
      digest,
    );
    await open.close();
  }
});

/** A tree over random leaves, whose source says which parts were read. */
function treeOf(leafCount: number, known?: ContentTrees) {
  const leaves = contentOf(leafCount * 32);
  const root = merkleRoot(leaves);
  const roots: Uint8Array[] = [];
  for (let end = 1024; end <= leafCount; end += 1024) {
    roots.push(merkleRoot(leaves.slice((end - 1024) * 32, end * 32)));
  }
  const reads: number[] = [];
  const source: LeafSource = {
    leaves: async (part) => {
      reads.push(part);
      return leaves.subarray(part * 32 * 1024, (part + 1) * 32 * 1024);
    },
    partRoots: async () => Uint8Array.from(roots.flatMap((hash) => [...hash])),
  };
  const file = { size: leafCount * BLOCK_SIZE, digest: root } as FileRecord;
  const fail = async (how: string) => new MorselError("integrity", how);
  const again = (known?: ContentTrees) => new VersionTree(file, source, fail, known);
  const tree = again(known);
  assert(tree.leafCount === leafCount);
  return { leaves, root, tree, reads, again };
}

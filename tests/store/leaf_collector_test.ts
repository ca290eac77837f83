// The leaf hashes of an upload: what goes to the catalog, and that the root over them never depends on when.

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { DIGEST_SIZE, merkleRoot } from "../../lib/base/merkle.ts";
import { type LeafPart, LEAVES_PER_PART } from "../../lib/store/catalog.ts";
import { LeafCollector } from "../../lib/store/leaf_collector.ts";
import { contentOf, randomNumbers } from "../support/content.ts";

for (const count of [0, 1, LEAVES_PER_PART - 1, LEAVES_PER_PART, 3 * LEAVES_PER_PART + 7, 5000]) {
  Deno.test(`${count} leaves have one root, however they are recorded and gone on with`, () => {
    const leaves = Array.from({ length: count }, (_, index) => contentOf(DIGEST_SIZE, index));
    const random = randomNumbers(count);
    const catalog = new Map<number, Omit<LeafPart, "index">>();
    let collector = new LeafCollector();
    for (const [index, leaf] of leaves.entries()) {
      collector.add(leaf);
      if (random() < 0.005) {
        for (const { index, ...part } of collector.unrecorded()) catalog.set(index, part);
        collector.recorded(index + 1);
        assertEquals(collector.root(), merkleRoot(concat(leaves.slice(0, index + 1))));
        if (random() < 0.3) collector = new LeafCollector(recordedOf([...catalog.values()]));
      }
    }
    assertEquals(collector.count, count);
    for (const { index, ...part } of collector.unrecorded()) catalog.set(index, part);
    assertEquals(collector.root(), merkleRoot(concat(leaves)));
    const parts = [...catalog.values()];
    assertEquals(concat(parts.map(({ hashes }) => hashes)), concat(leaves));
    const roots = parts.filter(({ root }) => root).map(({ hashes }) => merkleRoot(hashes));
    assertEquals(recordedOf(parts).partRoots, concat(roots));
    assertEquals(roots.length, Math.floor(count / LEAVES_PER_PART));
  });
}

function recordedOf(parts: Omit<LeafPart, "index">[]) {
  const full = parts.filter(({ root }) => root);
  return {
    partRoots: concat(full.map(({ root }) => root!)),
    rest: parts.length > full.length ? parts.at(-1)!.hashes : new Uint8Array(0),
  };
}

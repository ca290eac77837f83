// Proofs of ranges against the definition, written here once more: by lists of subtrees and never by
// splitting numbers the way the code does.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat, equals } from "@std/bytes";
import { leafHash, MerklePeaks, merkleRoot, nodeHash } from "../../lib/base/merkle.ts";
import { rangeProof, rootFromRange } from "../../lib/base/merkle_range.ts";
import { MerkleTree } from "../../lib/base/merkle_tree.ts";
import { contentOf, randomNumbers } from "../support/content.ts";

/** A tree as RFC 9162 section 2.1 draws it. */
interface Node {
  readonly start: number;
  readonly end: number;
  readonly hash: Uint8Array;
  readonly children?: readonly [Node, Node];
}

Deno.test("every range of every tree of up to 40 leaves is proven", async () => {
  let ranges = 0;
  for (let leafCount = 1; leafCount <= 40; leafCount++) {
    const leaves = leavesOf(leafCount);
    const root = treeOver(leaves);
    for (let first = 0; first < leafCount; first++) {
      for (let end = first + 1; end <= leafCount; end++) {
        await assertProven(root, leaves, { leafCount, first, end });
        ranges++;
      }
    }
  }
  assertEquals(ranges, 11_480);
});

Deno.test("random ranges of large trees are proven, and wrong proofs of them fail", async () => {
  const random = randomNumbers(3);
  for (let round = 0; round < 15; round++) {
    const leafCount = 41 + Math.floor(random() * 5000);
    const leaves = leavesOf(leafCount);
    const root = treeOver(leaves);
    for (let again = 0; again < 5; again++) {
      const first = Math.floor(random() * leafCount);
      const end = first + 1 + Math.floor(random() * (leafCount - first));
      const range = { leafCount, first, end };
      const proof = await assertProven(root, leaves, range);
      const within = leaves.slice(first, end);
      assertNotProven(root, range, within, proof, random);
    }
  }
});

Deno.test("every wrong proof of a small tree fails", async () => {
  const random = randomNumbers(9);
  for (let leafCount = 1; leafCount <= 12; leafCount++) {
    const leaves = leavesOf(leafCount);
    const root = treeOver(leaves);
    for (let first = 0; first < leafCount; first++) {
      for (let end = first + 1; end <= leafCount; end++) {
        const proof = await rangeProof({ leafCount, first, end }, subtrees(root));
        const within = leaves.slice(first, end);
        assertNotProven(root, { leafCount, first, end }, within, proof, random);
      }
    }
  }
});

Deno.test("a range of a tree as large as a file may be costs two hashes a level at most", async () => {
  const leafCount = 2 ** 37;
  const hash = leafHash(Uint8Array.of(1));
  for (const first of [0, 1, 2 ** 36 - 1, 2 ** 36, leafCount - 1]) {
    const proof = await rangeProof({ leafCount, first, end: first + 1 }, () => hash);
    assertEquals(proof.length, 37 * 32);
    assert(rootFromRange({ leafCount, first, leaves: hash, proof }));
  }
});

Deno.test("what is no range has no proof", async () => {
  const broken = [
    { leafCount: 3, first: 1, end: 1 },
    { leafCount: 3, first: 2, end: 1 },
    { leafCount: 3, first: 0, end: 4 },
    { leafCount: 3, first: -1, end: 2 },
    { leafCount: 3, first: 0.5, end: 2 },
    { leafCount: 0, first: 0, end: 1 },
    { leafCount: NaN, first: 0, end: 1 },
  ];
  for (const range of broken) {
    await assertRejects(() => rangeProof(range, () => new Uint8Array(32)), RangeError);
    const count = Math.max(0, Math.ceil(range.end - range.first));
    const leaves = new Uint8Array(count * 32);
    for (const hashes of [0, 1, 2, 3]) {
      assertEquals(
        rootFromRange({ ...range, leaves, proof: new Uint8Array(hashes * 32) }),
        undefined,
      );
    }
  }
  const leaves = leavesOf(3);
  const cut = concat(leaves).subarray(0, 65);
  assertEquals(
    rootFromRange({ leafCount: 3, first: 0, leaves: cut, proof: new Uint8Array(0) }),
    undefined,
  );
});

Deno.test("nothing is proven to be nothing by an empty proof alone", async () => {
  const nothing = new Uint8Array(0);
  const range = { leafCount: 0, first: 0 };
  assertEquals(await rangeProof({ ...range, end: 0 }, () => leafHash(nothing)), nothing);
  assertEquals(rootFromRange({ ...range, leaves: nothing, proof: nothing }), merkleRoot(nothing));
  const proof = leafHash(nothing);
  assertEquals(rootFromRange({ ...range, leaves: nothing, proof }), undefined);
});

Deno.test("a tree with its inner nodes has the roots of all its subtrees", () => {
  for (const leafCount of [1, 2, 3, 7, 8, 9, 40, 1000, 1024, 1025]) {
    const leaves = leavesOf(leafCount);
    const tree = new MerkleTree(concat(leaves));
    const check = ({ start, end, hash, children }: Node): void => {
      assertEquals(tree.rootOf(start, end), hash);
      children?.forEach(check);
    };
    check(treeOver(leaves));
    assertEquals(tree.root, merkleRoot(concat(leaves)));
  }
  assertEquals(new MerkleTree(new Uint8Array(0)).root, merkleRoot(new Uint8Array(0)));
});

Deno.test("a growing tree takes complete subtrees where they can stand", () => {
  const leaves = leavesOf(13);
  const peaks = new MerklePeaks();
  peaks.addSubtree(merkleRoot(concat(leaves.slice(0, 4))), 2);
  peaks.addSubtree(merkleRoot(concat(leaves.slice(4, 8))), 2);
  peaks.addSubtree(merkleRoot(concat(leaves.slice(8, 10))), 1);
  peaks.add(leaves[10]!);
  let failure: unknown;
  try {
    peaks.addSubtree(merkleRoot(concat(leaves.slice(11, 13))), 1);
  } catch (thrown) {
    failure = thrown;
  }
  assert(failure instanceof RangeError);
  peaks.addAll(concat(leaves.slice(11)));
  assertEquals([peaks.count, peaks.root()], [13, merkleRoot(concat(leaves))]);
});

interface Range {
  readonly leafCount: number;
  readonly first: number;
  readonly end: number;
}

async function assertProven(root: Node, leaves: Uint8Array[], range: Range): Promise<Uint8Array> {
  const proof = await rangeProof(range, subtrees(root));
  assert(equals(proof, concat(outside(root, range))), JSON.stringify(range));
  const within = concat(leaves.slice(range.first, range.end));
  const found = rootFromRange({ ...range, leaves: within, proof });
  assert(found && equals(found, root.hash), JSON.stringify(range));
  return proof;
}

/** One bit, one hash too few, one too many, a leaf too few, another place, another size. */
function assertNotProven(
  root: Node,
  range: Range,
  leaves: readonly Uint8Array[],
  proof: Uint8Array,
  random: () => number,
): void {
  const honest = { leafCount: range.leafCount, first: range.first, leaves: concat(leaves), proof };
  const wrong = [
    { ...honest, leaves: flipped(honest.leaves, random) },
    { ...honest, leaves: honest.leaves.subarray(32) },
    { ...honest, proof: concat([proof, leaves[0]!]) },
    { ...honest, proof: concat([proof, Uint8Array.of(0)]) },
    { ...honest, first: range.first + 1 },
  ];
  if (proof.length > 0) {
    wrong.push(
      { ...honest, proof: flipped(proof, random) },
      { ...honest, proof: proof.subarray(32) },
      { ...honest, proof: proof.subarray(0, proof.length - 32) },
      { ...honest, proof: proof.subarray(0, proof.length - 1) },
    );
  }
  for (const claim of wrong) {
    const found = rootFromRange(claim);
    assert(!found || !equals(found, root.hash), JSON.stringify(range));
  }
}

function flipped(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice();
  copy[Math.floor(random() * copy.length)]! ^= 1 << Math.floor(random() * 8);
  return copy;
}

/** Pairs neighbours level by level; who has no neighbour goes up alone. That is the tree of RFC 9162. */
function treeOver(leaves: readonly Uint8Array[]): Node {
  let level: Node[] = leaves.map((hash, start) => ({ start, end: start + 1, hash }));
  while (level.length > 1) {
    const above: Node[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index]!, level[index + 1]];
      if (!right) above.push(left);
      else {
        const hash = nodeHash(left.hash, right.hash);
        above.push({ start: left.start, end: right.end, hash, children: [left, right] });
      }
    }
    level = above;
  }
  return level[0]!;
}

function outside(node: Node, range: Range): Uint8Array[] {
  if (node.end <= range.first || node.start >= range.end) return [node.hash];
  return node.children?.flatMap((child) => outside(child, range)) ?? [];
}

/** Finds subtrees by their ends, so that only those of the tree can be asked for. */
function subtrees(root: Node): (start: number, end: number) => Uint8Array {
  return (start, end) => {
    let node = root;
    while (node.start !== start || node.end !== end) {
      const [left, right] = node.children!;
      node = end <= left.end ? left : right;
    }
    return node.hash;
  };
}

function leavesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => leafHash(contentOf(8, index + 1)));
}

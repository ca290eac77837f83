// What holds for every tree, range and name. A failure prints its seed and path: given to `fc.assert`
// beside the property, they make the same case again.

import { assert, assertEquals } from "@std/assert";
import { concat, equals } from "@std/bytes";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { BLOCK_SIZE, DIGEST_SIZE, MerkleHasher } from "../../lib/base/merkle.ts";
import { rangeProof, rootFromRange } from "../../lib/base/merkle_range.ts";
import { MerkleTree } from "../../lib/base/merkle_tree.ts";
import { checkName, checkPrefix, compareBytes } from "../../lib/base/names.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { whyNotLocal } from "../../lib/cli/local_names.ts";
import { contentOf } from "../support/content.ts";

Deno.test("any range of any tree is proven, and no longer with any one byte changed", async () => {
  const nats = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat(), fc.nat());
  await fc.assert(fc.asyncProperty(nats, async ([leafCount, from, count, flip]) => {
    const tree = new MerkleTree(contentOf(leafCount * DIGEST_SIZE, leafCount));
    const first = from % leafCount;
    const end = first + 1 + count % (leafCount - first);
    const proof = await rangeProof({ leafCount, first, end }, (a, b) => tree.rootOf(a, b));
    const leaves = tree.leaves.slice(first * DIGEST_SIZE, end * DIGEST_SIZE);
    assertEquals(rootFromRange({ leafCount, first, leaves, proof }), tree.root);
    const at = flip % (leaves.length + proof.length);
    if (at < leaves.length) leaves[at]! ^= 1;
    else proof[at - leaves.length]! ^= 1;
    const root = rootFromRange({ leafCount, first, leaves, proof });
    assert(root && !equals(root, tree.root));
  }));
});

Deno.test("any content has one digest, whatever the pieces it is hashed in", () => {
  const size = fc.oneof(fc.nat(300_000), fc.nat(4).map((blocks) => blocks * BLOCK_SIZE));
  const pieces = fc.array(fc.oneof(fc.nat(300), fc.nat(140_000)), { maxLength: 12 });
  fc.assert(
    fc.property(size, pieces, (size, pieces) => {
      const content = contentOf(size, size);
      const hasher = new MerkleHasher();
      let at = 0;
      for (const piece of [...pieces, size]) {
        // What was given may be used for something else at once.
        const bytes = content.slice(at, at += piece);
        hasher.update(bytes);
        bytes.fill(0);
      }
      assertEquals(hasher.size, size);
      assertEquals(hasher.digest(), plainRoot(content));
    }),
    { numRuns: 60 },
  );
});

/** The digest as PROTOCOL.md 2.4 defines it, without a thought of memory. */
function plainRoot(content: Uint8Array): Uint8Array {
  const sha256 = (...parts: Uint8Array[]) =>
    new Uint8Array(createHash("sha256").update(concat(parts)).digest());
  if (content.length === 0) return sha256();
  const rootOf = (part: Uint8Array): Uint8Array => {
    const count = Math.ceil(part.length / BLOCK_SIZE);
    if (count === 1) return sha256(Uint8Array.of(0), part);
    const left = 2 ** Math.floor(Math.log2(count - 1)) * BLOCK_SIZE;
    return sha256(Uint8Array.of(1), rootOf(part.subarray(0, left)), rootOf(part.subarray(left)));
  };
  return rootOf(content);
}

const text = fc.string({ unit: "binary", maxLength: 60 });

Deno.test("any name has one key, however it is spelt, or is refused", () => {
  fc.assert(fc.property(text, (name) => {
    let key;
    try {
      ({ key } = checkName(name));
    } catch (error) {
      assert(error instanceof MorselError, String(error));
      return;
    }
    assertEquals(checkPrefix(name.normalize("NFD")), key);
    assertEquals(checkPrefix(new TextDecoder().decode(key)), key);
  }));
});

Deno.test("any two names are in the order of their bytes", () => {
  const utf8 = new TextEncoder();
  fc.assert(fc.property(text, text, (a, b) => {
    const [x, y] = [utf8.encode(a), utf8.encode(b)];
    const at = x.findIndex((byte, index) => byte !== y[index]);
    const order = at < 0 ? x.length - y.length : x[at]! - (y[at] ?? -1);
    assertEquals(Math.sign(compareBytes(a, b)), Math.sign(order));
  }));
});

Deno.test("any name that may be local stays inside its folder", () => {
  const part = fc.oneof(fc.constantFrom(".", "..", "", "a", "C:", "a\\..", "con"), text);
  const names = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
  fc.assert(fc.property(names, (name) => {
    if (whyNotLocal(name, false) !== undefined) return;
    const path = decodeURI(
      new URL(name.split("/").map(encodeURIComponent).join("/"), "file:///r/").pathname,
    );
    assert(path.startsWith("/r/") && !name.startsWith("/") && !name.split("/").includes(".."));
  }));
});

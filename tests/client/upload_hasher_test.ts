// The digest of an upload that goes back and forth between what the server has made durable and what was sent.

import { assert, assertEquals } from "@std/assert";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import { UploadHasher } from "../../lib/client/upload_hasher.ts";
import { contentOf, digestOf, randomNumbers } from "../support/content.ts";

Deno.test("UploadHasher.digest() is that of the content, however often it goes back", () => {
  const content = contentOf(9 * BLOCK_SIZE + 77);
  const expected = digestOf(content);
  for (let seed = 0; seed < 30; seed++) {
    const random = randomNumbers(seed);
    const hasher = new UploadHasher();
    let [durable, position] = [0, 0];
    for (let turns = 0; turns < 40 || position < content.length; turns++) {
      const piece = content.subarray(position, position + Math.floor(random() * 2 * BLOCK_SIZE));
      hasher.update(piece);
      position += piece.length;
      if (position === content.length && random() < 0.5) assertEquals(hasher.digest(), expected);
      else if (random() < 0.6) continue;
      if (random() < 0.5) {
        hasher.settle(durable = blocksUpTo(durable + random() * (position - durable)));
      }
      position = blocksUpTo(durable + random() * (position - durable));
      assert(hasher.goTo(position));
      assert(!hasher.goTo(position + BLOCK_SIZE), "what was not hashed cannot be gone to");
      assert(
        durable === 0 || !hasher.goTo(durable - BLOCK_SIZE),
        "what is durable is not gone behind",
      );
    }
    assertEquals(hasher.digest(), expected);
  }
});

function blocksUpTo(offset: number): number {
  return offset - offset % BLOCK_SIZE;
}

// Hash trees of contents that ranges are read from here and there, one reader after the other. A fast path of Morsel: to
// prove one block takes the hashes of all the thousand around it, unless their tree is at hand.
// `bench/ranges_bench.ts` shows what a range of a large file costs.

import type { MerkleTree } from "../base/merkle_tree.ts";
import { Recent } from "./recent.ts";

/** Bytes of trees that are kept: those of 16 GiB of contents. */
const MOST_BYTES = 16 * 1024 * 1024;
/** What a tree takes beside its hashes, in bytes. */
const OVERHEAD = 1024;

/** Trees of one content by what they are over; its bytes, and so its hashes, never change. */
export interface ContentTrees {
  /** The tree as it is kept, or as `make` makes and checks it. Fails as `make` does. */
  find(over: string, make: () => Promise<MerkleTree>): Promise<MerkleTree>;
}

/** The trees of a store. */
export class PartTrees {
  readonly #recent = new Recent<MerkleTree>(MOST_BYTES, sizeOf);

  /** Those of the blob with this id. */
  of(id: string): ContentTrees {
    return {
      find: async (over, make) => {
        const key = `${id}/${over}`;
        const known = this.#recent.recall(key);
        if (known) return known;
        const made = await make();
        this.#recent.offer(key, made);
        return made;
      },
    };
  }
}

function sizeOf({ leaves }: MerkleTree): number {
  return OVERHEAD + 2 * leaves.length;
}

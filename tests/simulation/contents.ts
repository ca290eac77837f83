// The contents that clients put: known by their digests, so that whatever comes back can be held against them.

import { toHex } from "../../lib/base/hex.ts";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import { contentOf, digestOf } from "../support/content.ts";
import type { SimRandom } from "./random.ts";

/** The largest content, in bytes. */
const MAX_SIZE = 3 * 1024 * 1024;
/** Sizes at which something changes: chunks, blocks, what fits the catalog. */
const EDGES = [0, 1, 1299, 1300, 1301, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE];

// Contents are cut out of these, so that a run does not have to make any.
const POOL = contentOf(MAX_SIZE + 65536);

/** A content and the digest by which it is known, 64 hexadecimal digits. */
export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: string;
}

/** The contents of one run: a few, so that equal and similar ones meet. */
export class Contents {
  readonly #random: SimRandom;
  readonly #byDigest = new Map<string, Content>();
  readonly #most: number;
  readonly #weights: Record<"edge" | "magnitude" | "blocks" | "again" | "twin", number>;

  constructor(random: SimRandom, focus: "everything" | "uploads") {
    this.#random = random;
    this.#weights = focus === "uploads"
      ? { edge: 0, magnitude: 0, blocks: 2, again: 3, twin: 2 }
      : { edge: 2, magnitude: 3, blocks: 3, again: 3, twin: 1 };
    // A few runs in ten move megabytes; the others are quick.
    this.#most = random.chance(0.3) ? MAX_SIZE : 500_000;
  }

  /** One to put: often one that was put before, or one that is easily taken for it. */
  next(): Content {
    const known = [...this.#byDigest.values()];
    const how = this.#random.weighed(this.#weights);
    if (known.length > 0 && how === "again") return this.#random.pick(known);
    if (known.length > 0 && how === "twin") return this.#twin(this.#random.pick(known));
    return this.#fresh(this.#size(how));
  }

  /** What has this digest; undefined when nobody made it. */
  find(digest: string): Content | undefined {
    return this.#byDigest.get(digest);
  }

  #size(how: string): number {
    if (how === "edge") return this.#random.pick(EDGES);
    if (how === "magnitude") return this.#random.magnitude(this.#most);
    return this.#random.whole(BLOCK_SIZE, this.#most);
  }

  #fresh(size: number): Content {
    const start = this.#random.whole(0, 65536);
    return this.#enter(POOL.subarray(start, start + size));
  }

  /** As long as another, with other bytes; or with all the same bytes but one. */
  #twin({ bytes }: Content): Content {
    if (bytes.length === 0 || this.#random.chance(0.5)) return this.#fresh(bytes.length);
    const twin = bytes.slice();
    twin[this.#random.whole(0, twin.length)]! ^= 1;
    return this.#enter(twin);
  }

  #enter(bytes: Uint8Array<ArrayBuffer>): Content {
    const content = { bytes, digest: toHex(digestOf(bytes)) };
    this.#byDigest.set(content.digest, content);
    return content;
  }
}

// Contents of up to 20 MiB by their numbers alone: slices of one buffer of random bytes, so that making and
// comparing them costs next to nothing beside what is tested.

import { toHex } from "../../lib/base/hex.ts";
import { contentOf, digestOf } from "../support/content.ts";

/** The largest content. */
export const MAX_SIZE = 20 * 1024 * 1024;
/** A prime, so that seeds below it give different places in the buffer. */
const PLACES = 1_048_573;

/** A content by its numbers: equal numbers mean equal bytes. */
export interface Content {
  readonly seed: number;
  /** In bytes. */
  readonly size: number;
}

/** The bytes and digests of contents. */
export class Contents {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #digests = new Map<string, string>();

  /** Another seed gives other bytes to every content. */
  constructor(seed: number) {
    this.#bytes = contentOf(MAX_SIZE + PLACES, seed);
  }

  /** A view, not to be written to. */
  bytes({ seed, size }: Content): Uint8Array<ArrayBuffer> {
    const start = (seed * 7919) % PLACES;
    return this.#bytes.subarray(start, start + size);
  }

  /** As hexadecimal digits. */
  digest(content: Content): string {
    const key = `${content.seed}/${content.size}`;
    const known = this.#digests.get(key) ?? toHex(digestOf(this.bytes(content)));
    this.#digests.set(key, known);
    return known;
  }
}

/** A size as they come: mostly small, often at the border of what the catalog holds, now and then large. */
export function randomSize(random: () => number): number {
  const kind = random();
  if (kind < 0.05) return 0;
  if (kind < 0.45) return 1 + Math.floor(random() * 4000);
  if (kind < 0.65) return 65_536 - 3 + Math.floor(random() * 7);
  if (kind < 0.85) return Math.floor(random() * 1024 * 1024);
  if (kind < 0.96) return Math.floor(random() * 4 * 1024 * 1024);
  return Math.floor(random() * MAX_SIZE);
}

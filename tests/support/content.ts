// Contents for tests: always the same for the same numbers.

import { MerkleHasher } from "../../lib/base/merkle.ts";

/** Bytes without a pattern; another seed gives other bytes. */
export function contentOf(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = randomNumbers(seed);
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index++) words[index] = random() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, size);
}

/** The digest of a content. */
export function digestOf(content: Uint8Array): Uint8Array {
  const hasher = new MerkleHasher();
  hasher.update(content);
  return hasher.digest();
}

/** Numbers from 0 to 1, made by mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 32 hexadecimal digits nobody has had. */
export function newId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

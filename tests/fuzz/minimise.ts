// Makes an input that fails smaller, for people to read: first fewer frames, then fewer bytes.

import type { Input } from "./seeds.ts";

/** So often the input is tried at most. */
const MOST_TRIES = 500;

/** The smallest found that still fails. */
export async function minimise(
  input: Input,
  fails: (input: Input) => Promise<boolean>,
): Promise<Input> {
  let tries = 0;
  let smallest = input;
  const isBetter = async (candidate: Input) => {
    if (tries++ >= MOST_TRIES || !await fails(candidate)) return false;
    smallest = candidate;
    return true;
  };
  for (let count = Math.ceil(input.length / 2); count > 0; count = Math.floor(count / 2)) {
    for (let at = 0; at + count <= smallest.length;) {
      if (!await isBetter(smallest.toSpliced(at, count))) at += count;
    }
  }
  for (const [index] of smallest.entries()) {
    for (let size = smallest[index]!.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at + size <= smallest[index]!.length;) {
        const bytes = [...smallest[index]!].toSpliced(at, size);
        if (!await isBetter(smallest.with(index, Uint8Array.from(bytes)))) at += size;
      }
    }
  }
  return smallest;
}

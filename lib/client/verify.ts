// Proves that a server has a file without reading all of it: blocks at random, each against the digest.

import { BLOCK_SIZE } from "../base/merkle.ts";
import { Download } from "./download.ts";
import type { Link } from "./link.ts";
import type { Verified, VerifyOptions } from "./types.ts";

const DEFAULT_SAMPLE = 100;
/** Blocks asked for at a time: enough that a long link does not make the check slow. */
const IN_FLIGHT = 8;

/** Reads and proves blocks of a file. Throws `integrity` for one that is damaged. */
export async function verify(
  link: Link,
  name: string,
  { sample = DEFAULT_SAMPLE, signal }: VerifyOptions,
): Promise<Verified> {
  const given = signal ? { signal } : {};
  await using head = await Download.open(link, name, { ...given, start: 0, end: 0 });
  const { file } = head;
  const of = Math.ceil(file.size / BLOCK_SIZE);
  const chosen = choose(of, sample);
  const blocks = chosen.length;
  const readAll = async () => {
    for (let index = chosen.pop(); index !== undefined; index = chosen.pop()) {
      const range = { start: index * BLOCK_SIZE, end: (index + 1) * BLOCK_SIZE };
      const block = await Download.open(link, name, { ...given, ...range, version: file.version });
      await block.bytes().catch((reason) => {
        chosen.length = 0; // one damage is enough to know
        throw reason;
      });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, readAll));
  return { file, blocks, of };
}

/**
 * Distinct numbers below `of`, at random, in their order; all of them where that is not more than wanted. A server needs
 * the hashes of the blocks around each for its proof.
 */
function choose(of: number, wanted: number): number[] {
  if (of <= wanted) return Array.from({ length: of }, (_, index) => index);
  const chosen = new Set<number>();
  while (chosen.size < wanted) chosen.add(Math.floor(Math.random() * of));
  return [...chosen].sort((a, b) => a - b);
}

// The digest of a small content, for a client: a command that moves one file is not to wait for what many need.

import { smallDigest } from "../base/merkle.ts";
import { hasNodeCrypto } from "../base/node_crypto.ts";
import type { TransferCounters } from "./transfer_counters.ts";

/** So many go by WebCrypto first: together they take less than it takes to load node:crypto on Deno. */
const FIRST_ONES = 16;
let firstOnes = 0;

/** The digest of a content of at most one block, as `smallDigest` makes it. The bytes may be reused once this settles. */
export async function digestSmall(
  bytes: Uint8Array,
  counters?: TransferCounters,
): Promise<Uint8Array> {
  if (!hasNodeCrypto() && bytes.length > 0 && firstOnes < FIRST_ONES) {
    firstOnes++;
    const hashing = leafByWebCrypto(bytes);
    return await (counters?.hashElsewhere(hashing) ?? hashing);
  }
  return counters ? counters.hash(() => smallDigest(bytes)) : smallDigest(bytes);
}

/** RFC 9162 section 2.1: a zero before the block. */
async function leafByWebCrypto(block: Uint8Array): Promise<Uint8Array> {
  const hashed = new Uint8Array(1 + block.length);
  hashed.set(block, 1);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", hashed));
}

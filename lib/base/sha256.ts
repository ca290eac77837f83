// SHA-256 by the runtime's node:crypto, for whoever makes a great many hashes.

import { createHash, type Hash } from "node:crypto";

// On Deno the native part of a Hash, some 230 bytes, is freed by a full collection only, and the heap itself gives no
// reason for one: two hashes a block would leave 8 MB for each GiB of a file. Memory that is asked for and never touched
// costs nothing but counts as pressure, so the collector takes its turn: a few milliseconds for 128 MiB of blocks.
const HASHES_BETWEEN_COLLECTIONS = 4096;
const PRESSURE_BYTES = 64 * 2 ** 20;

let made = 0;

/** A new hash, to be fed and digested once. */
export function sha256(): Hash {
  if (++made % HASHES_BETWEEN_COLLECTIONS === 0) new ArrayBuffer(PRESSURE_BYTES);
  return createHash("sha256");
}

// SHA-256 by the runtime's node:crypto, for whoever makes a great many hashes.

import type { Hash } from "node:crypto";
import { CollectorTurns } from "./collector.ts";
import { nodeCrypto } from "./node_crypto.ts";

// On Deno the native part of a Hash, some 230 bytes, is freed by a full collection only: two hashes a block would
// leave 8 MB for each GiB of a file. A collection takes a few milliseconds for 128 MiB of blocks.
const turns = new CollectorTurns(4096);

/** A new hash, to be fed and digested once. */
export function sha256(): Hash {
  turns.add(1);
  return nodeCrypto().createHash("sha256");
}

// Hashes a great many blocks and prints how much more memory is resident afterwards, in bytes.

import { leafHash } from "../../lib/base/merkle.ts";

const HASHES = 1_000_000;
/** By then the code is what it will be. */
const EARLY = 100_000;

const block = new Uint8Array(64);
let early = 0;
for (let made = 0; made < HASHES; made++) {
  if (made === EARLY) early = Deno.memoryUsage().rss;
  leafHash(block);
}
await Deno.stdout.write(new TextEncoder().encode(String(Deno.memoryUsage().rss - early)));

// The size of the chunks of a transfer.

import { MorselError } from "../base/errors.ts";
import type { Terms } from "../protocol/handshake.ts";
import { DEFAULT_CHUNK } from "../protocol/limits.ts";
import type { TransferOptions } from "./types.ts";

/** The chunk size asked for, or 1300. Throws `limit` when it is not within what both sides announced. */
export function chunkSizeOf({ chunkSize = DEFAULT_CHUNK }: TransferOptions, terms: Terms): number {
  const { maxChunk } = terms;
  if (Number.isInteger(chunkSize) && chunkSize >= 1 && chunkSize <= maxChunk) return chunkSize;
  throw new MorselError("limit", `A chunk of ${chunkSize} bytes is not within 1 to ${maxChunk}`, {
    detail: { limit: "maxChunk", value: String(maxChunk) },
  });
}

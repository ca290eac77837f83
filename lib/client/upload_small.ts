// An upload of bytes that are in memory and at most one block: Begin, Data and Commit go out in one write, and one
// reply ends it. The fast path of many small files; `bench/requests_bench.ts` shows what one costs.

import { beginMessage } from "./begin_message.ts";
import type { Calls } from "./calls.ts";
import { chunkSizeOf } from "./chunk_size.ts";
import { fileInfoOf } from "./file_info.ts";
import type { FileInfo, PutOptions } from "./types.ts";

/** Puts `bytes`, which have this digest, over one connection. */
export async function uploadSmall(
  calls: Calls,
  { name, bytes, digest }: { name: string; bytes: Uint8Array; digest: Uint8Array },
  options: PutOptions,
): Promise<FileInfo> {
  const chunk = chunkSizeOf(options, calls.terms);
  const size = bytes.length;
  const begin = beginMessage(name, options, { size, mayResume: false });
  const { tag, ended } = await calls.start(begin, { signal: options.signal });
  // Its Cancel is out when it was aborted since, and nothing may follow that.
  options.signal?.throwIfAborted();
  for (let offset = 0; offset < size; offset += chunk) {
    const data = bytes.subarray(offset, offset + chunk);
    calls.writer.add({ type: "Data", tag, offset, data });
  }
  calls.end({ type: "Commit", tag, size, digest });
  const file = fileInfoOf(await ended);
  calls.acknowledge(size);
  options.onProgress?.({ received: size, durable: size, total: size });
  return file;
}

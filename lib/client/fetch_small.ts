// A file of at most one block, whole: one request, its bytes in memory, held against the digest. A fast path of Morsel
// for many small files, whose dearest part is what is made for each; `bench/requests_bench.ts` shows what one costs.
// Whatever is not as it should be is left to the way of all files, which says what.

import { equals } from "@std/bytes";
import { BLOCK_SIZE } from "../base/merkle.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Calls } from "./calls.ts";
import { chunkSizeOf } from "./chunk_size.ts";
import { fileInfoOf } from "./file_info.ts";
import { digestSmall } from "./small_digest.ts";
import type { SmallFile, TransferOptions } from "./types.ts";

/** Fetches a small file and proves it; undefined where it is none, or nothing was proven. */
export async function fetchSmall(
  calls: Calls,
  name: string,
  options: TransferOptions,
): Promise<SmallFile | undefined> {
  const { signal, counters, onProgress } = options;
  const reply = new SmallReply();
  const call = await calls.start({
    type: "ReadRange",
    offset: 0,
    length: BLOCK_SIZE,
    chunk: chunkSizeOf(options, calls.terms),
    proof: 1,
    version: 0,
    name,
  }, { signal, onReply: (message) => reply.take(message) });
  const end = await call.ended;
  if (!reply.isWhole(end)) return undefined;
  const { file, bytes } = reply;
  if (!equals(await digestSmall(bytes, counters), file!.digest)) return undefined;
  onProgress?.({ received: bytes.length, durable: bytes.length, total: bytes.length });
  return { file: fileInfoOf(file!), bytes };
}

/** What comes of one ReadRange, as long as it is a small file. */
class SmallReply {
  file: MessageOf<"File"> | undefined;
  bytes = NOTHING;
  #arrived = 0;
  #isSound = true;

  take(message: Message): void {
    if (message.type === "File" && !this.file && message.size <= BLOCK_SIZE) {
      this.file = { ...message, digest: message.digest.slice() };
      this.bytes = new Uint8Array(message.size);
    } else if (message.type === "Data" && this.#fits(message)) {
      this.bytes.set(message.data, message.offset);
      this.#arrived += message.data.length;
      // One block has nothing beside it that could prove it.
    } else if (message.type !== "Proof" || message.hashes.length > 0) this.#isSound = false;
  }

  /** Whether this reply has ended it, and all of it has come. */
  isWhole(end: Message): boolean {
    const { size } = this.file ?? { size: -1 };
    return this.#isSound && this.#arrived === size && end.type === "End" && end.offset === size;
  }

  #fits({ offset, data }: MessageOf<"Data">): boolean {
    return offset === this.#arrived && offset + data.length <= this.bytes.length;
  }
}

const NOTHING = new Uint8Array(0);

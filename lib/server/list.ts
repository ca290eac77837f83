// Answers List and ListUploads (PROTOCOL.md 4.3 and 4.12): as fast as the client takes them, and no more in memory
// than a part of a page, however long that is.

import { MorselError } from "../base/errors.ts";
import { fromHex } from "../base/hex.ts";
import { MAX_PAGE } from "../protocol/limits.ts";
import { type Message, type MessageOf, UNKNOWN_SIZE } from "../protocol/messages.ts";
import { type Exchange, fileMessage, WRITE_AHEAD } from "./exchange.ts";

/** Files in memory at a time: each may have 16 KiB of metadata. */
const PART_LENGTH = 64;

/** Sends File for each file of a page; returns its Page. */
export async function list(
  { tag, prefix, after, limit }: MessageOf<"List">,
  { store, writer, signal }: Exchange,
): Promise<Message> {
  if (limit < 1 || limit > MAX_PAGE) {
    throw new MorselError("limit", `A page of ${limit} files is not within 1 to ${MAX_PAGE}`, {
      detail: { limit: "page", value: String(MAX_PAGE) },
    });
  }
  let last = after;
  for (let left = limit;;) {
    signal.throwIfAborted();
    const length = Math.min(left, PART_LENGTH);
    // One more than is sent tells whether there are others.
    const files = await store.list({ prefix, after: last, limit: length + 1 });
    for (const file of files.slice(0, length)) {
      signal.throwIfAborted();
      const sent = writer.send(fileMessage(tag, file));
      if (writer.unwritten > WRITE_AHEAD) await sent;
      last = file.name;
    }
    left -= length;
    const isMore = files.length > length;
    if (!isMore || left === 0) return { type: "Page", tag, more: Number(isMore) };
  }
}

/** Sends Upload for each unfinished upload; returns their Page. */
export async function listUploads(
  { tag }: MessageOf<"ListUploads">,
  { store, writer, signal }: Exchange,
): Promise<Message> {
  signal.throwIfAborted();
  for await (const upload of store.uploads()) {
    signal.throwIfAborted();
    const { id, name, declaredSize = UNKNOWN_SIZE, durable, begunMs, activeMs, isAttached } =
      upload;
    const sent = writer.send({
      type: "Upload",
      tag,
      upload: fromHex(id),
      declaredSize,
      durable,
      begunMs,
      activeMs,
      attached: Number(isAttached),
      name,
    });
    if (writer.unwritten > WRITE_AHEAD) await sent;
  }
  return { type: "Page", tag, more: 0 };
}

// Answers List and ListUploads (PROTOCOL.md 4.3 and 4.12): as fast as the client takes them, and no more in memory
// than a part of a page, however long that is.

import { MorselError } from "../base/errors.ts";
import { fromHex } from "../base/hex.ts";
import { MAX_PAGE } from "../protocol/limits.ts";
import { type Message, type MessageOf, UNKNOWN_SIZE } from "../protocol/messages.ts";
import { type Exchange, fileMessage, WRITE_AHEAD } from "./exchange.ts";
import { PageWriter } from "./page_writer.ts";

/** Sends File for each file of a page; returns its Page. */
export async function list(
  { tag, prefix, after, limit }: MessageOf<"List">,
  exchange: Exchange,
): Promise<Message> {
  if (limit < 1 || limit > MAX_PAGE) {
    throw new MorselError("limit", `A page of ${limit} files is not within 1 to ${MAX_PAGE}`, {
      detail: { limit: "page", value: String(MAX_PAGE) },
    });
  }
  const pages = new PageWriter(exchange.writer);
  const place: Place = { pages, after, left: limit };
  while (true) {
    exchange.signal.throwIfAborted();
    const isMore = await listPart({ tag, prefix }, place, exchange);
    await pages.room();
    if (!isMore || place.left === 0) return { type: "Page", tag, more: Number(isMore) };
  }
}

/** How far a listing has come. */
interface Place {
  readonly pages: PageWriter;
  /** The name that was told last. */
  after: string;
  /** Files that may still be told of. */
  left: number;
}

/** Tells of some files; returns whether there are others. */
async function listPart(
  { tag, prefix }: Pick<MessageOf<"List">, "tag" | "prefix">,
  place: Place,
  { store }: Exchange,
): Promise<boolean> {
  const { pages, after } = place;
  const length = Math.min(place.left, pages.length);
  // One more than is sent tells whether there are others.
  const files = await store.list({ prefix, after, limit: length + 1 });
  const sent = pages.send(files.slice(0, length).map((file) => fileMessage(tag, file)));
  if (sent > 0) place.after = files[sent - 1]!.name;
  place.left -= sent;
  return files.length > sent;
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

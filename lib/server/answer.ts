// The answers to requests that are one message (PROTOCOL.md 4): each returns its last reply.

import { MorselError } from "../base/errors.ts";
import { fromHex, toHex } from "../base/hex.ts";
import { encodeFigures } from "../protocol/figures.ts";
import { MAX_PAGE } from "../protocol/limits.ts";
import { type Message, type MessageOf, type Request, UNKNOWN_SIZE } from "../protocol/messages.ts";
import type { Condition } from "../store/catalog.ts";
import { conditionOf, type Exchange, fileMessage, WRITE_AHEAD } from "./exchange.ts";
import { readRange } from "./read_range.ts";
import { watch } from "./watch.ts";

/** Does what a request asks for. Throws what its Error will say. */
export async function answer(
  request: Exclude<Request, MessageOf<"Begin">>,
  exchange: Exchange,
): Promise<Message> {
  const { store } = exchange;
  const { tag } = request;
  switch (request.type) {
    case "Stat":
      return fileMessage(tag, await store.stat(request.name));
    case "List":
      return await list(request, exchange);
    case "ReadRange":
      return await readRange(request, exchange);
    case "Remove":
      return fileMessage(tag, await store.remove(request.name, removalCondition(request)));
    case "Move":
      return fileMessage(tag, await store.move(request.from, request.to, conditionOf(request)));
    case "Copy":
      return fileMessage(tag, await store.copy(request.from, request.to, conditionOf(request)));
    case "ListUploads":
      return await listUploads(request, exchange);
    case "AbortUpload":
      await store.abortUpload(toHex(request.upload));
      return { type: "End", tag, offset: 0 };
    case "Watch":
      return await watch(request, exchange);
    case "Stats": {
      const figures = encodeFigures(await exchange.figures(exchange.principal));
      return { type: "Figures", tag, figures };
    }
  }
}

function removalCondition(request: MessageOf<"Remove">): Condition {
  const condition = conditionOf(request);
  if (condition.kind !== "absent") return condition;
  throw new MorselError("invalid", "A file cannot be removed on the condition that it is absent");
}

async function list(
  { tag, prefix, after, limit }: MessageOf<"List">,
  { store, writer, signal }: Exchange,
): Promise<Message> {
  if (limit < 1 || limit > MAX_PAGE) {
    throw new MorselError("limit", `A page of ${limit} files is not within 1 to ${MAX_PAGE}`, {
      detail: { limit: "page", value: String(MAX_PAGE) },
    });
  }
  // One more than asked for tells whether there is another page.
  const files = await store.list({ prefix, after, limit: limit + 1 });
  for (const file of files.slice(0, limit)) {
    signal.throwIfAborted();
    const sent = writer.send(fileMessage(tag, file));
    if (writer.unwritten > WRITE_AHEAD) await sent;
  }
  return { type: "Page", tag, more: Number(files.length > limit) };
}

async function listUploads(
  { tag }: MessageOf<"ListUploads">,
  { store, writer, signal }: Exchange,
): Promise<Message> {
  for (const upload of await store.uploads()) {
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

// The answers to requests that are one message (PROTOCOL.md 4): each returns its last reply.

import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { encodeFigures } from "../protocol/figures.ts";
import type { Message, MessageOf, Request } from "../protocol/messages.ts";
import type { Condition } from "../store/catalog.ts";
import { conditionOf, type Exchange, fileMessage } from "./exchange.ts";
import { list, listUploads } from "./list.ts";
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
      return await exchange.listings.take(() => list(request, exchange));
    case "ReadRange":
      return await readRange(request, exchange);
    case "Remove":
      return fileMessage(tag, await store.remove(request.name, removalCondition(request)));
    case "Move":
      return fileMessage(tag, await store.move(request.from, request.to, conditionOf(request)));
    case "Copy":
      return fileMessage(tag, await store.copy(request.from, request.to, conditionOf(request)));
    case "ListUploads":
      return await exchange.listings.take(() => listUploads(request, exchange));
    case "AbortUpload":
      await store.abortUpload(toHex(request.upload));
      return { type: "End", tag, offset: 0 };
    case "Watch":
      return await watch(request, exchange);
    case "Stats":
      return await exchange.stats.take(() => stats(request, exchange));
  }
}

async function stats(
  { tag }: MessageOf<"Stats">,
  { figures, principal, signal }: Exchange,
): Promise<Message> {
  signal.throwIfAborted();
  return { type: "Figures", tag, figures: encodeFigures(await figures(principal)) };
}

function removalCondition(request: MessageOf<"Remove">): Condition {
  const condition = conditionOf(request);
  if (condition.kind !== "absent") return condition;
  throw new MorselError("invalid", "A file cannot be removed on the condition that it is absent");
}

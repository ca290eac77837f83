// Answers Watch (PROTOCOL.md 4.14): reads the log of changes in pages, as fast as the client takes them, and waits
// at its end until a commit wakes it. Nothing is queued: what a slow client has not taken is in the log.

import { MorselError } from "../base/errors.ts";
import { MAX_WATCH_LENGTH } from "../protocol/limits.ts";
import { FROM_NOW, type Message, type MessageOf } from "../protocol/messages.ts";
import type { Change } from "../store/catalog.ts";
import { type Exchange, fileMessage } from "./exchange.ts";
import { PageWriter } from "./page_writer.ts";

/** How far the place of a client may lie behind, where none of the changes is under its prefix. */
const MARK_EVERY = 1000;

/** Tells of changes until there were as many as asked for, or the server stops; returns where to go on. */
export async function watch(request: MessageOf<"Watch">, exchange: Exchange): Promise<Message> {
  const { limit } = request;
  if (limit < 1 || limit > MAX_WATCH_LENGTH) {
    throw new MorselError(
      "limit",
      `A watch of ${limit} changes is not within 1 to ${MAX_WATCH_LENGTH}`,
      { detail: { limit: "changes", value: String(MAX_WATCH_LENGTH) } },
    );
  }
  const leave = exchange.watches.enter();
  const bell = hangBell(exchange);
  try {
    return await follow(request, { ...exchange, nextRing: bell.nextRing });
  } finally {
    bell.takeDown();
    leave();
  }
}

async function follow(
  request: MessageOf<"Watch">,
  exchange: Exchange & Pick<Bell, "nextRing">,
): Promise<Message> {
  const { tag, since, limit } = request;
  const { store, signal, drain, watches } = exchange;
  const pages = new PageWriter(exchange.writer);
  const through = since === FROM_NOW ? await store.lastChange() : since;
  const place: Place = { pages, through, known: undefined, left: limit };
  while (true) {
    const page = await watches.turns.take(async () => {
      const told = await tell(request, place, exchange);
      // The next watch of the session reads nothing before there is room.
      await pages.room();
      return told;
    });
    if (place.left === 0 || drain?.aborted) {
      return { type: "Watched", tag, sequence: place.through };
    }
    if (!page.more) await page.rung;
    signal.throwIfAborted();
  }
}

/** How far a watch has come. */
interface Place {
  readonly pages: PageWriter;
  /** Up to where the log was looked through. */
  through: number;
  /** Up to where the client knows that it has been told all. */
  known: number | undefined;
  /** Changes that it is still to be told of. */
  left: number;
}

interface Told {
  /** Whether there may be changes beyond. */
  readonly more: boolean;
  /** Settles at the first ring since before the log was read: what comes after that must not be missed. */
  readonly rung: Promise<void>;
}

/** Tells of a page of the log. */
async function tell(
  { tag, prefix }: MessageOf<"Watch">,
  place: Place,
  { store, signal, nextRing }: Exchange & Pick<Bell, "nextRing">,
): Promise<Told> {
  const rung = nextRing();
  // It may have been aborted before anybody waited for that, and rings once only.
  signal.throwIfAborted();
  const { pages, through: since } = place;
  const limit = Math.min(place.left, pages.length);
  const { changes, through, more } = await store.changes({ prefix, since, limit });
  const mark = (sequence: number) => {
    place.known = sequence;
    pages.send([{ type: "Watching", tag, sequence }]);
  };
  if (place.known === undefined) mark(since);
  const sent = pages.send(changes.map((change) => changeMessage(tag, change)));
  if (sent > 0) place.known = changes[sent - 1]!.sequence;
  place.left -= sent;
  const isAll = sent === changes.length;
  place.through = isAll ? through : place.known!;
  if (place.left > 0 && place.through - place.known! >= MARK_EVERY) mark(through);
  return { more: more || !isAll, rung };
}

interface Bell {
  /** Settles at the next ring: a change, the end of the request, the end of the server. */
  nextRing(): Promise<void>;
  takeDown(): void;
}

function hangBell({ store, signal, drain }: Exchange): Bell {
  let rung = Promise.withResolvers<void>();
  const ring = () => rung.resolve();
  const stopListening = store.onChange(ring);
  signal.addEventListener("abort", ring);
  drain?.addEventListener("abort", ring);
  return {
    nextRing: () => (rung = Promise.withResolvers()).promise,
    takeDown: () => {
      stopListening();
      signal.removeEventListener("abort", ring);
      drain?.removeEventListener("abort", ring);
    },
  };
}

function changeMessage(tag: number, change: Change): Message {
  if (change.kind === "put") return fileMessage(tag, change.file);
  const { sequence, removedMs, name } = change;
  return { type: "Removed", tag, sequence, removedMs, name };
}

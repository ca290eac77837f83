// Answers Watch (PROTOCOL.md 4.14): reads the log of changes in pages, as fast as the client takes them, and waits
// at its end until a commit wakes it. Nothing is queued: what a slow client has not taken is in the log.

import { MorselError } from "../base/errors.ts";
import type { FrameWriter } from "../protocol/frame_writer.ts";
import { MAX_WATCH_LENGTH } from "../protocol/limits.ts";
import { FROM_NOW, type Message, type MessageOf } from "../protocol/messages.ts";
import type { Change } from "../store/catalog.ts";
import { type Exchange, fileMessage, WRITE_AHEAD } from "./exchange.ts";

/** Changes in memory at a time. */
const PAGE_LENGTH = 100;
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
  { tag, since, limit, prefix }: MessageOf<"Watch">,
  { store, writer, signal, drain, nextRing }: Exchange & Pick<Bell, "nextRing">,
): Promise<Message> {
  let through = since === FROM_NOW ? await store.lastChange() : since;
  /** Up to where the client knows that it has been told all. */
  let known: number | undefined;
  for (let left = limit;;) {
    // Before the log is read: what comes after that must not be missed.
    const rung = nextRing();
    // It may have been aborted before anybody waited for that, and rings once only.
    signal.throwIfAborted();
    const asked = { prefix, since: through, limit: Math.min(left, PAGE_LENGTH) };
    const page = await store.changes(asked);
    if (known === undefined) {
      known = through;
      await send({ type: "Watching", tag, sequence: known }, writer);
    }
    for (const change of page.changes) {
      signal.throwIfAborted();
      await send(changeMessage(tag, change), writer);
      known = change.sequence;
    }
    through = page.through;
    left -= page.changes.length;
    if (left === 0 || drain?.aborted) return { type: "Watched", tag, sequence: through };
    if (through - known >= MARK_EVERY) {
      known = through;
      await send({ type: "Watching", tag, sequence: known }, writer);
    }
    if (!page.more) await rung;
    signal.throwIfAborted();
  }
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

async function send(message: Message, writer: FrameWriter): Promise<void> {
  const sent = writer.send(message);
  if (writer.unwritten > WRITE_AHEAD) await sent;
}

function changeMessage(tag: number, change: Change): Message {
  if (change.kind === "put") return fileMessage(tag, change.file);
  const { sequence, removedMs, name } = change;
  return { type: "Removed", tag, sequence, removedMs, name };
}

// What a store tells in pages, on its way to a client that may read slowly or not at all: it waits laid out, as its
// records take many times that as objects, and what there is no room for is read again later.

import type { FrameWriter } from "../protocol/frame_writer.ts";
import type { Message } from "../protocol/messages.ts";
import { WRITE_AHEAD } from "./exchange.ts";

/** Records in memory at a time where they are large: each may have 16 KiB of metadata, up to 200 as an object. */
const SHORTEST = 8;
/** The same as long as there is room for all of them. */
const LONGEST = 64;

/** Hands pages to a writer. Nothing of them is held here. */
export class PageWriter {
  /** How many records the next page is to have at most. */
  length = SHORTEST;
  readonly #writer: FrameWriter;
  #written: Promise<void> | undefined;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** Sends what there is room for, the first one in any case; returns how many that are. */
  send(messages: readonly Message[]): number {
    let sent = 0;
    while (sent < messages.length) {
      this.#written = this.#writer.send(messages[sent++]!);
      if (this.#writer.unwritten > WRITE_AHEAD) break;
    }
    this.length = sent < messages.length ? SHORTEST : Math.min(2 * this.length, LONGEST);
    return sent;
  }

  /** Waits until there is room again. Whoever calls it is not to hold the page. */
  async room(): Promise<void> {
    if (this.#writer.unwritten > WRITE_AHEAD) await this.#written;
  }
}

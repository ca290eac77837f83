// When the Commits of a client's small files go out. A fast path of many of them; `bench:peers --only small-put` shows
// what they cost.

import type { FrameWriter } from "../protocol/frame_writer.ts";
import type { Message } from "../protocol/messages.ts";

/**
 * Small files that are put together come together, as many as share one synchronisation of the disk. Those that are ready
 * go while the client works on the others, or it and the server would work in turns.
 */
const COMMITS_TOGETHER = 256;

/** The messages of one connection that end what a request says. */
export class Gathering {
  readonly #writer: FrameWriter;
  #commits = 0;

  /** The writer stays its owner's. */
  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** Sends a message, a Commit with others that come at once; settles when the system has taken it. */
  send(message: Message): Promise<void> {
    if (message.type === "Commit" && ++this.#commits < COMMITS_TOGETHER) {
      return this.#writer.send(message);
    }
    this.#commits = 0;
    return this.#writer.sendNow(message);
  }
}

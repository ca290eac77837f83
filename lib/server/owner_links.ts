// The links of a worker to its server: made as they are needed, and kept for the next request once one is done.

import { asMorselError, MorselError } from "../base/errors.ts";
import type { Message, Request } from "../protocol/messages.ts";
import { OwnerLink, type OwnerLinkOptions, type Untagged } from "./owner_link.ts";

/** Links that are kept while nobody uses them: as many as small files are usually put at a time. */
const MAX_FREE = 64;
/** Links that are being made at a time: the server takes few that have yet to prove whose they are. */
const MAX_OPENING = 16;
/** Pauses before a link is tried again, in milliseconds: three seconds in all. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1600;

/** Links to one server. */
export class OwnerLinks {
  readonly #options: OwnerLinkOptions;
  /** Those that nobody uses, least recently used first. */
  readonly #free: OwnerLink[] = [];
  #opening = 0;
  /** Who waits to make one. Bounded by the uploads and requests of all sessions. */
  readonly #waiting: (() => void)[] = [];

  constructor(options: OwnerLinkOptions) {
    this.#options = options;
  }

  /** A link in the name of a token, "" for everybody; to be given back or closed. Throws `storage`. */
  async take(by: string): Promise<OwnerLink> {
    for (let at = this.#free.length - 1; at >= 0; at--) {
      if (!this.#free[at]!.isFree) this.#free.splice(at, 1);
      else if (this.#free[at]!.by === by) return this.#free.splice(at, 1)[0]!;
    }
    return await this.#open(by);
  }

  /** Keeps a link for the next request. */
  give(link: OwnerLink): void {
    if (!link.isFree) return link.close();
    this.#free.push(link);
    if (this.#free.length > MAX_FREE) this.#free.shift()!.close();
  }

  /** Makes one request over a link of its own; rejects with its Error. */
  async ask(
    by: string,
    request: Untagged<Request>,
    onReply?: (reply: Message) => void,
  ): Promise<Message> {
    const link = await this.take(by);
    try {
      return await link.call(request, onReply);
    } finally {
      this.give(link);
    }
  }

  /** Closes those that nobody uses. */
  close(): void {
    for (const link of this.#free.splice(0)) link.close();
  }

  async #open(by: string): Promise<OwnerLink> {
    while (this.#opening >= MAX_OPENING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#opening++;
    try {
      return await this.#tryToOpen(by);
    } finally {
      this.#opening--;
      this.#waiting.shift()?.();
    }
  }

  /** A server that cannot be reached has ended most likely, and this process is about to end too. */
  async #tryToOpen(by: string): Promise<OwnerLink> {
    const { clock } = this.#options;
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs *= 2) {
      try {
        return await OwnerLink.open(by, this.#options);
      } catch (thrown) {
        const cause = asMorselError(thrown, "connection");
        if (cause.code !== "connection" || pauseMs > LONGEST_PAUSE_MS) {
          const why = `Cannot reach the process that has the data: ${cause.message}`;
          throw new MorselError("storage", why, { cause });
        }
      }
      await new Promise<void>((resolve) => clock.timer(pauseMs, resolve));
    }
  }
}

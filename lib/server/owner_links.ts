// The links of a worker to its server: made as they are needed, and kept for the next request once one is done.

import { asMorselError, MorselError } from "../base/errors.ts";
import type { Message } from "../protocol/messages.ts";
import type { Request } from "../protocol/messages.ts";
import { OwnerLink, type OwnerLinkOptions, type Untagged } from "./owner_link.ts";

/** Links that are kept while nobody uses them: as many as small files are usually put at a time. */
const MAX_FREE = 64;

/** Links to one server. */
export class OwnerLinks {
  readonly #options: OwnerLinkOptions;
  /** Those that nobody uses, least recently used first. */
  readonly #free: OwnerLink[] = [];

  constructor(options: OwnerLinkOptions) {
    this.#options = options;
  }

  /** A link in the name of a token, "" for everybody; to be given back or closed. Throws `storage`. */
  async take(by: string): Promise<OwnerLink> {
    for (let at = this.#free.length - 1; at >= 0; at--) {
      if (!this.#free[at]!.isFree) this.#free.splice(at, 1);
      else if (this.#free[at]!.by === by) return this.#free.splice(at, 1)[0]!;
    }
    try {
      return await OwnerLink.open(by, this.#options);
    } catch (thrown) {
      const { message } = asMorselError(thrown, "connection");
      throw new MorselError("storage", `Cannot ask for the change: ${message}`, { cause: thrown });
    }
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
}

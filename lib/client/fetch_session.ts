// The calls that one fetch has under way on one connection, to be stopped together.

import type { Message, Request } from "../protocol/messages.ts";
import type { Calls } from "./calls.ts";
import { LinkWindow } from "./link_window.ts";
import type { Call, OnReply, Untagged } from "./pending_call.ts";

/** What a fetch does on one connection. Whoever made it stops it. */
export class FetchSession {
  /** Where the calls are made. */
  readonly calls: Calls;
  /** What may be under way: one connection says nothing of the next. */
  readonly window = new LinkWindow();
  readonly #open = new Set<Call>();
  #stopped: { reason: unknown } | undefined;

  constructor(calls: Calls) {
    this.calls = calls;
  }

  /** Makes a request and waits for its last reply. Throws what the server says, or why it was stopped. */
  async call(request: Untagged<Request>, onReply: OnReply): Promise<Message> {
    const call = await this.calls.start(request, { onReply });
    if (this.#stopped) call.cancel(this.#stopped.reason);
    this.#open.add(call);
    try {
      return await call.ended;
    } finally {
      this.#open.delete(call);
    }
  }

  /** Cancels what is under way and what will still be asked for. The first reason is the one that counts. */
  stop(reason: unknown): void {
    this.#stopped ??= { reason };
    for (const call of this.#open) call.cancel(this.#stopped.reason);
  }

  /** Throws why it was stopped, if it was. */
  throwIfStopped(): void {
    if (this.#stopped) throw this.#stopped.reason;
  }
}

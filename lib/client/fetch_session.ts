// The calls that one fetch has under way on one connection, to be stopped together.

import type { Message, Request } from "../protocol/messages.ts";
import type { Calls } from "./calls.ts";
import { LinkWindow } from "./link_window.ts";
import type { OnReply, Untagged } from "./pending_call.ts";

/** What a fetch does on one connection. Whoever made it stops it. */
export class FetchSession {
  /** Where the calls are made. */
  readonly calls: Calls;
  /** What may be under way: one connection says nothing of the next. */
  readonly window = new LinkWindow();
  /** One for all calls: those that still wait for a place end by it, too. */
  readonly #stop = new AbortController();

  constructor(calls: Calls) {
    this.calls = calls;
  }

  /** Makes a request and waits for its last reply. Throws what the server says, or why it was stopped. */
  call(request: Untagged<Request>, onReply: OnReply): Promise<Message> {
    return this.calls.call(request, { onReply, signal: this.#stop.signal });
  }

  /** Aborted when it is stopped. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Cancels what is under way and what will still be asked for. The first reason is the one that counts. */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** Throws why it was stopped, if it was. */
  throwIfStopped(): void {
    this.#stop.signal.throwIfAborted();
  }
}

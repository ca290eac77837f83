// One request under way, as the client keeps it: who takes its replies, and how it ends.

import { DEFAULT_CHUNK } from "../protocol/limits.ts";
import type { Message, MessageRule, Request } from "../protocol/messages.ts";
import { MESSAGES } from "../protocol/messages.ts";

/** Takes the replies of a call before its last. A promise means: read no further until it settles. */
export type OnReply = (reply: Message) => void | Promise<void>;

/** A request as its caller gives it: the tag is for the connection to choose. */
export type Untagged<M> = M extends Message ? Omit<M, "tag"> : never;

/** A request under way. */
export interface Call {
  readonly tag: number;
  /** The last reply, or the failure of the call. */
  readonly ended: Promise<Message>;
  /** Whether a reply can still come. */
  readonly isOpen: boolean;
  /**
   * Wants no more of it: `ended` is rejected with this reason at once, and the server is told. Harmless
   * once the call has ended.
   */
  cancel(reason: unknown): void;
}

/** What a {@linkcode PendingCall} is made of. */
export interface PendingCallOptions {
  readonly tag: number;
  readonly onReply: OnReply | undefined;
  /** Tells the server that nobody waits for the replies any more. */
  readonly sendCancel: (call: PendingCall) => void;
}

/** A request that waits for its replies. */
export class PendingCall implements Call {
  readonly tag: number;
  readonly ended: Promise<Message>;
  isOpen = true;
  readonly isUpload: boolean;
  /** Whether it is an upload whose Commit or Cancel has not been handed over to be sent. */
  owesEnd: boolean;
  readonly lastReply: string;
  /** Whether it is a watch that has begun: nothing is owed to it before something changes. */
  isWatching = false;
  /** Ends the wait for replies, once it is the server's turn. */
  endWait: (() => void) | undefined;
  #stopListening: (() => void) | undefined;
  readonly #options: PendingCallOptions;
  readonly #ending = Promise.withResolvers<Message>();

  constructor(request: Untagged<Request>, options: PendingCallOptions) {
    this.tag = options.tag;
    this.isUpload = this.owesEnd = request.type === "Begin";
    this.lastReply = (MESSAGES[request.type] as MessageRule).lastReply!;
    this.ended = this.#ending.promise;
    this.ended.catch(() => {}); // a caller that has left no longer looks
    this.#options = options;
  }

  /** Whether its last reply has come early: the server has its tag in use until its end has come (PROTOCOL.md 4.5). */
  get isRefused(): boolean {
    return this.owesEnd && !this.isOpen;
  }

  /** Hands a reply on that is not the last. Nobody wants it once the call was cancelled. */
  take(reply: Message): void | Promise<void> {
    if (this.isOpen) return this.#options.onReply?.(reply);
  }

  /** The last reply has come. */
  resolve(reply: Message): void {
    this.#end();
    this.#ending.resolve(reply);
  }

  /** There will be no last reply. */
  reject(reason: unknown): void {
    this.#end();
    this.#ending.reject(reason);
  }

  /** Lets its caller go as soon as the signal says so; the tag stays taken until the server has ended it. */
  cancelOn(signal: AbortSignal): void {
    const onAbort = () => this.cancel(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#stopListening = () => signal.removeEventListener("abort", onAbort);
  }

  cancel(reason: unknown): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#ending.reject(reason);
    this.#options.sendCancel(this);
  }

  #end(): void {
    this.isOpen = false;
    this.endWait?.();
    this.#stopListening?.();
  }
}

/** Whether a request may go out before the server has said what it takes (PROTOCOL.md 4.1). */
export function isEarly(request: Untagged<Request>): boolean {
  if (request.type === "ReadRange") return request.chunk <= DEFAULT_CHUNK;
  // The data of a small upload would follow at once, and how much of it is not known yet.
  if (request.type !== "Begin") return true;
  return request.resume === 1 && Object.keys(request.metadata).length === 0;
}

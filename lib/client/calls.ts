// The client's end of a connection (PROTOCOL.md 3 and 4): greets, gives requests their tags, and hands each
// reply to the call that waits for it. It knows messages, not files.

import type { Clock } from "../base/clock.ts";
import { asMorselError, MorselError } from "../base/errors.ts";
import type { RateLimit } from "../base/rate_limit.ts";
import { unlessAborted } from "../base/wait.ts";
import type { UnknownMessage } from "../protocol/codec.ts";
import { FrameConnection } from "../protocol/frame_connection.ts";
import type { FrameWriter } from "../protocol/frame_writer.ts";
import { EARLY_TERMS, type Terms } from "../protocol/handshake.ts";
import { DEFAULT_LIMITS, pingEveryMs } from "../protocol/limits.ts";
import type { Message, Request } from "../protocol/messages.ts";
import type { Connection } from "../base/connection.ts";
import { Gathering } from "./gathering.ts";
import { errorOf, greet } from "./greet.ts";
import { KeepAlive } from "./keep_alive.ts";
import { type Call, isEarly, type OnReply, PendingCall, type Untagged } from "./pending_call.ts";
import { Places } from "./places.ts";

/** What a connection's calls need. */
export interface CallsOptions {
  readonly clock: Clock;
  /** Called with each message in notation, marked with who sent it. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Ends the wait for the server's greeting. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether not to wait for that greeting: the first request goes out behind our own, which saves a round
   * trip, and fails when the greeting does. With a token it goes out behind our proof inside TLS, and on plain
   * TCP once the server has proven itself.
   */
  readonly early?: boolean | undefined;
  /** To prove to the server, and to have it proven by the server, before anything is asked for. */
  readonly token?: string | undefined;
  /** What its bytes, both ways, keep to, together with other connections that are given it. */
  readonly limit?: RateLimit | undefined;
}

/** Options of a call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onReply?: OnReply;
}

/** The requests of one connection. Whoever opened it closes it, and the connection with it. */
export class Calls {
  /** What its deadlines go by. */
  readonly clock: Clock;
  readonly #frames: FrameConnection;
  readonly #waiting = new Map<number, PendingCall>();
  readonly #sendCancel = (call: PendingCall) =>
    this.#postOwed({ type: "Cancel", tag: call.tag }, call);
  readonly #hasToken: boolean;
  #terms: Terms | undefined;
  #greetingMs = 0;
  #nextTag = 1;
  readonly #places = new Places(EARLY_TERMS);
  #greeted: Promise<void> = Promise.resolve();
  readonly #gathering: Gathering;
  /** Settles when the first request may go out to a server that asks for a token. */
  readonly #proofSent = Promise.withResolvers<void>();
  #isDraining = false;
  #failure: MorselError | undefined;
  #keepAlive: KeepAlive | undefined;
  #pump: Promise<void> = Promise.resolve();

  private constructor(connection: Connection, { clock, trace, token, limit }: CallsOptions) {
    this.clock = clock;
    this.#hasToken = token !== undefined;
    this.#frames = new FrameConnection(connection, {
      clock,
      side: "client",
      maxFrame: DEFAULT_LIMITS.maxFrame,
      trace,
      limit,
      onExpire: (error) => this.#fail(error),
    });
    this.#gathering = new Gathering(this.writer);
  }

  /** Greets the server. The connection is closed when that fails, and is the calls' own from then on. */
  static async open(connection: Connection, options: CallsOptions): Promise<Calls> {
    const calls = new Calls(connection, options);
    calls.#greeted = calls.#begin(connection, options);
    calls.#greeted.catch(() => {}); // whoever makes the first request sees it
    if (!options.early) await calls.#greeted;
    return calls;
  }

  async #begin(connection: Connection, { clock, signal, token }: CallsOptions): Promise<void> {
    const onAbort = () => connection.close();
    signal?.addEventListener("abort", onAbort);
    try {
      signal?.throwIfAborted();
      const onProofSent = this.#proofSent.resolve;
      const { terms, greetingMs } = await greet(this.#frames, { clock, token, onProofSent });
      this.#terms = terms;
      this.#greetingMs = greetingMs;
      this.#places.widen(this.#terms);
    } catch (thrown) {
      this.#fail(signal?.reason ?? asMorselError(thrown, "connection"));
      throw this.#failure;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    this.#keepAlive = new KeepAlive(this.#frames, { clock, everyMs: pingEveryMs(this.terms) });
    // Last, as what came with the greeting may end it all.
    this.#pump = this.#run();
  }

  /** Settles when the server has greeted; rejects when it does not. */
  get greeted(): Promise<void> {
    return this.#greeted;
  }

  /** Whether the server has greeted. */
  get hasGreeted(): boolean {
    return this.#terms !== undefined;
  }

  /** Whether new requests have a chance: the connection is there, and its server means to stay. */
  get isUsable(): boolean {
    return !this.#failure && !this.#isDraining;
  }

  /** How long the server took to greet, in milliseconds; 0 until it has, and a token is proven. */
  get greetingMs(): number {
    return this.#greetingMs;
  }

  /** What both sides agreed on; until the server has greeted, what every server allows. */
  get terms(): Terms {
    return this.#terms ?? EARLY_TERMS;
  }

  /** Where data of an upload is written. */
  get writer(): FrameWriter {
    return this.#frames.writer;
  }

  /** Makes a request and waits for its last reply. Throws what the server says, or the signal's reason. */
  async call(request: Untagged<Request>, options: CallOptions = {}): Promise<Message> {
    return await (await this.start(request, options)).ended;
  }

  /** Makes a request as soon as the server has room for one more; of a Begin, the caller flushes the writer. */
  async start(request: Untagged<Request>, options: CallOptions = {}): Promise<Call> {
    const { signal, onReply } = options;
    const isUpload = request.type === "Begin";
    signal?.throwIfAborted();
    if (!this.#terms) {
      if (!isEarly(request)) await unlessAborted(this.#greeted, signal);
      else if (this.#hasToken) await Promise.race([this.#proofSent.promise, this.#greeted]);
    }
    const entering = this.#places.enter(isUpload, signal);
    if (entering) await entering;
    if (this.#failure || signal?.aborted) {
      this.#places.leave(isUpload);
      throw this.#failure ?? signal!.reason;
    }
    const tag = this.#freeTag();
    const call = new PendingCall(request, { tag, onReply, sendCancel: this.#sendCancel });
    this.#waiting.set(tag, call);
    if (signal) call.cancelOn(signal);
    const message = { ...request, tag } as Message;
    try {
      // What an upload begins with goes along with its first bytes, or when its caller has to wait for them.
      if (isUpload) this.writer.add(message);
      else this.#postOwed(message, call);
    } catch (thrown) {
      // It cannot be written, and so the server will never answer it.
      call.reject(thrown);
      this.#leave(call);
      throw thrown;
    }
    return call;
  }

  /** Sends Commit or Cancel for an upload, the client's end of it. Harmless once there is nothing to end. */
  end(message: Extract<Message, { type: "Commit" | "Cancel" }>): void {
    const call = this.#waiting.get(message.tag);
    if (!call?.owesEnd) return;
    const { isRefused } = call;
    this.#postOwed(message, call);
    if (isRefused) this.#leave(call);
  }

  /** The server has said that it has taken so many bytes more of an upload. */
  acknowledge(bytes: number): void {
    this.#frames.acknowledge(bytes);
  }

  /** Waits for something the server has to send, under the deadline of replies. */
  waitFor<T>(work: Promise<T>): Promise<T> {
    return this.#frames.waitFor("reply", work, () => this.#replyBytes);
  }

  /** Bytes of replies that have come, the progress by which the server is judged: a Pong is none. */
  get #replyBytes(): number {
    return this.#frames.bytesRead - (this.#keepAlive?.pongBytes ?? 0);
  }

  /** Closes the connection, with what was handed over as far as that is gone in a second; calls under way fail. */
  async close(): Promise<void> {
    const closed = new MorselError("connection", "The client was closed");
    if (!this.#failure) await this.#frames.closeSoon();
    this.#fail(closed);
    await this.#pump;
  }

  /** Takes replies in until the connection ends. Never rejects: the calls do. */
  async #run(): Promise<void> {
    try {
      do {
        for (let message = this.#frames.take(); message; message = this.#frames.take()) {
          const done = this.#receive(message);
          if (done) await done;
        }
      } while (await this.#frames.fill());
      this.#fail(new MorselError("connection", "The server closed the connection"));
    } catch (thrown) {
      this.#fail(asMorselError(thrown, "internal"));
    }
  }

  #receive(message: Message | UnknownMessage): void | Promise<void> {
    if (message.type === "Unknown") return;
    if (message.type === "Drain") return this.#drain();
    if (message.type === "Pong") return this.#keepAlive?.pong();
    if (message.type === "Error" && message.tag === 0) throw errorOf(message);
    const call = this.#waiting.get(message.tag);
    if (!call || call.isRefused) {
      throw new MorselError("protocol", `The server sent ${message.type} for no request`);
    }
    if (message.type === "Error") call.reject(errorOf(message));
    else if (message.type === call.lastReply) call.resolve(message);
    else {
      if (message.type === "Watching") this.#owesNothing(call);
      return call.take(message);
    }
    if (!call.isRefused) this.#leave(call);
  }

  /**
   * Sends what the server has to answer. Once it is out replies have to come, to this call or to those
   * before it; not earlier, as it may stand in line behind much that goes up over a slow link.
   */
  #postOwed(message: Message, call: PendingCall): void {
    call.owesEnd = false; // of an upload this is the Commit or the Cancel
    const owe = () => {
      if (this.#waiting.get(message.tag) !== call) return;
      if (call.isWatching && call.isOpen) return; // it began before this was seen to be out
      call.endWait ??= this.#frames.begin("reply", () => this.#replyBytes);
    };
    const sent = this.#gathering.send(message);
    sent.then(owe, () => {}); // a lost connection fails all calls anyway
  }

  /** A watch may be silent for as long as nothing changes, once it has begun. */
  #owesNothing(call: PendingCall): void {
    call.isWatching = true;
    call.endWait?.();
    call.endWait = undefined;
  }

  #leave(call: PendingCall): void {
    this.#waiting.delete(call.tag);
    this.#places.leave(call.isUpload);
    if (this.#isDraining) this.#drain();
  }

  /** The server is about to stop: this side lets go of the connection once nothing is owed on it. */
  #drain(): void {
    this.#isDraining = true;
    if (this.#waiting.size === 0) this.#fail(new MorselError("draining", "The server is stopping"));
  }

  #freeTag(): number {
    while (this.#waiting.has(this.#nextTag)) this.#nextTag = this.#nextTag % 0xffff_ffff + 1;
    const tag = this.#nextTag;
    this.#nextTag = tag % 0xffff_ffff + 1;
    return tag;
  }

  /** The connection is of no more use: every call fails, now and from now on. */
  #fail(error: MorselError): void {
    this.#failure ??= error;
    this.#keepAlive?.stop();
    void this.#frames.close();
    for (const call of [...this.#waiting.values()]) {
      call.reject(this.#failure);
      this.#leave(call);
    }
  }
}

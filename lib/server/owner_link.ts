// A worker's connection to the server that has the data folder, for one request at a time: whoever has a link may
// make the next one once the last is answered.

import { concat } from "@std/bytes";
import type { Clock } from "../base/clock.ts";
import type { Connection } from "../base/connection.ts";
import { errorCodeOf, MorselError } from "../base/errors.ts";
import { fromHex, toHex } from "../base/hex.ts";
import { isSame } from "../base/scram.ts";
import { FrameConnection } from "../protocol/frame_connection.ts";
import { hello, type Terms, termsOf } from "../protocol/handshake.ts";
import {
  type Message,
  type MessageOf,
  type MessageRule,
  MESSAGES,
  type Request,
} from "../protocol/messages.ts";
import { next } from "./greeting.ts";
import { PATIENCE, WORKER_MECHANISM, workerProof } from "./worker_words.ts";

/** What a link is made with. */
export interface OwnerLinkOptions {
  readonly connect: () => Promise<Connection>;
  readonly secret: string;
  readonly clock: Clock;
  /** Called when it is lost while a request is under way, of which nobody knows then what became. */
  readonly onLost: (why: unknown) => void;
}

/** A request, whose tag is for the link to choose. */
export type Untagged<M> = M extends Message ? Omit<M, "tag"> : never;

/** Told each reply but the last. A promise means: read no further until it settles. Must not reject. */
export type OnReply = (reply: Message) => void | Promise<void>;

interface Call {
  readonly tag: number;
  readonly lastReply: string;
  readonly onReply: OnReply;
  readonly last: PromiseWithResolvers<Message>;
}

/** An open link. */
export class OwnerLink {
  /** The token in whose name it asks; "" for everybody. */
  readonly by: string;
  /** The largest payload of a Data frame that the server takes, in bytes. */
  readonly maxChunk: number;
  readonly #frames: FrameConnection;
  readonly #onLost: (why: unknown) => void;
  #call: Call | undefined;
  #tag = 0;
  #isClosed = false;

  private constructor(
    frames: FrameConnection,
    { by, maxChunk, onLost }: Pick<OwnerLink, "by" | "maxChunk"> & Pick<OwnerLinkOptions, "onLost">,
  ) {
    this.by = by;
    this.maxChunk = maxChunk;
    this.#frames = frames;
    this.#onLost = onLost;
    void this.#serve();
  }

  /** Connects, and makes sure on both sides who is there. Throws `connection` or `authentication`. */
  static async open(by: string, options: OwnerLinkOptions): Promise<OwnerLink> {
    const { connect, secret, clock, onLost } = options;
    const greeting = { ...hello(), ...PATIENCE };
    const frames = new FrameConnection(await connect(), {
      clock,
      side: "client",
      maxFrame: greeting.maxFrame,
      onExpire: () => {},
    });
    try {
      const terms = await greet(frames, { greeting, secret, by });
      frames.agree(terms, greeting.maxFrame);
      return new OwnerLink(frames, { by, maxChunk: terms.maxChunk, onLost });
    } catch (thrown) {
      await frames.close();
      throw thrown;
    }
  }

  /** Whether another request can be made. */
  get isFree(): boolean {
    return !this.#isClosed && this.#call === undefined;
  }

  /** Makes a request; what is returned settles with its last reply, or is rejected with its Error. */
  call(
    request: Untagged<Request>,
    onReply: OnReply = () => {},
  ): Promise<Message> {
    const lastReply = (MESSAGES[request.type] as MessageRule).lastReply!;
    const last = Promise.withResolvers<Message>();
    last.promise.catch(() => {}); // an upload looks at it later
    this.#tag = this.#tag % 0xffff_ffff + 1;
    this.#call = { tag: this.#tag, lastReply, onReply, last };
    this.#frames.post({ ...request, tag: this.#tag } as Message);
    return last.promise;
  }

  /** Sends what belongs to the request; settles when the system has taken it. */
  async send(
    message: Untagged<MessageOf<"Data"> | MessageOf<"Commit"> | MessageOf<"Cancel">>,
  ): Promise<void> {
    // That it is lost the reading side notices.
    await this.#frames.writer.sendNow({ ...message, tag: this.#tag } as Message).catch(() => {});
  }

  /** Ends it after all that was sent: an upload under way is kept for a resume. */
  end(): void {
    this.#isClosed = true;
    this.#call = undefined;
    this.#frames.begin("reply", () => this.#frames.bytesMoved);
    void this.#frames.writer.close();
  }

  /** Ends it at once, with what is under way. */
  close(): void {
    this.#isClosed = true;
    this.#call = undefined;
    void this.#frames.close();
  }

  async #serve(): Promise<void> {
    try {
      do {
        for (let message = this.#frames.take(); message; message = this.#frames.take()) {
          const taken = message.type === "Unknown" ? undefined : this.#receive(message);
          if (taken) await taken;
        }
      } while (await this.#frames.fill());
      throw new MorselError("connection", "The server has ended the connection of its worker");
    } catch (thrown) {
      // Its promise stays open: an answer that says it was not done could be wrong.
      if (this.#call) this.#onLost(thrown);
      this.close();
    }
  }

  #receive(message: Message): void | Promise<void> {
    const call = this.#call;
    if (message.type === "Error" && message.tag === 0) throw errorOf(message);
    if (message.tag !== call?.tag) return;
    if (message.type !== "Error" && message.type !== call.lastReply) return call.onReply(message);
    this.#call = undefined;
    if (message.type === "Error") call.last.reject(errorOf(message));
    else call.last.resolve(message);
  }
}

async function greet(
  frames: FrameConnection,
  { greeting, secret, by }: { greeting: MessageOf<"Hello">; secret: string; by: string },
): Promise<Terms> {
  const own = toHex(crypto.getRandomValues(new Uint8Array(32)));
  frames.post({ ...greeting, features: { nonce: own } });
  const reply = await frames.waitFor("greeting", next(frames));
  if (!reply) throw new MorselError("connection", "The server has ended the connection");
  const { nonce, proof } = reply.type === "Welcome" ? reply.features : {};
  const expected = workerProof(secret, "owner", { nonce: own, by: "" });
  if (reply.type !== "Welcome" || !nonce || !proof || !isSame(fromHex(proof), expected)) {
    throw new MorselError("authentication", "What answers there is not the server of this worker");
  }
  const answer = workerProof(secret, "worker", { nonce, by });
  const data = concat([answer, new TextEncoder().encode(by)]);
  frames.post({ type: "Authenticate", tag: 0, mechanism: WORKER_MECHANISM, data });
  const outcome = await frames.waitFor("authentication", next(frames));
  if (outcome?.type === "Error") throw errorOf(outcome);
  if (outcome?.type === "Authenticated") return termsOf(greeting, reply);
  throw new MorselError("connection", "The server does not take its worker");
}

function errorOf({ code, text, detail }: MessageOf<"Error">): MorselError {
  return new MorselError(errorCodeOf(code), text, { detail: { ...detail } });
}

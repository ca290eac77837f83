// A peer that speaks frames by hand, right or wrong, for attacking a session.

import { concat } from "@std/bytes";
import type { Connection } from "../../lib/base/connection.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import type { Message, MessageName, MessageOf } from "../../lib/protocol/messages.ts";

/** One end of a connection. */
export class RawPeer {
  readonly connection: Connection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: FrameReader;
  /** What it was told last of its whole session. */
  lastWords: MessageOf<"Error"> | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    this.#writer = connection.writable.getWriter();
    // Read by `next` only: a peer that does not read is a matter of not calling it.
    this.#reader = new FrameReader(connection.readable, { maxFrame: 2 ** 31 });
  }

  /** Sends messages in one write. Not awaited where the other side may not read. */
  async send(...messages: Message[]): Promise<void> {
    await this.sendBytes(concat(messages.map(encode)));
  }

  /** Sends bytes as they are; a side that has gone is no matter here. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes).catch(() => {});
  }

  /** Greets and takes the welcome. */
  async greet(changes: Partial<MessageOf<"Hello">> = {}): Promise<MessageOf<"Welcome">> {
    await this.send({ ...hello(), ...changes });
    return await this.expect("Welcome");
  }

  /** The next message; undefined when the other side has closed. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const message = this.#reader.take();
      if (message?.type === "Unknown") throw new Error(`Unknown message ${message.number}`);
      if (message?.type === "Error" && message.tag === 0) this.lastWords = message;
      if (message) return message;
      if (!await this.#reader.fill()) return undefined;
    }
  }

  /** The next message, which must be of this type. */
  async expect<Name extends MessageName>(type: Name): Promise<MessageOf<Name>> {
    const message = await this.next();
    if (message?.type !== type) {
      throw new Error(`Expected ${type}, got ${JSON.stringify(message) ?? "the end"}`);
    }
    return message as MessageOf<Name>;
  }

  /** All messages until the other side closes. */
  async rest(): Promise<Message[]> {
    const messages: Message[] = [];
    for (let message = await this.next(); message; message = await this.next()) {
      messages.push(message);
    }
    return messages;
  }

  /** Ends this side's stream. */
  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
  }
}

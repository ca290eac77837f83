// Whether a frame says what was read from it, and nothing that was read stands anywhere else.

import { assert } from "@std/assert";
import { concat, equals } from "@std/bytes";
import { decode, encode, type UnknownMessage } from "../../lib/protocol/codec.ts";
import {
  HEADER_SIZE,
  type Message,
  type MessageOf,
  type MessageRule,
  MESSAGES,
} from "../../lib/protocol/messages.ts";

/** Decodes a frame that is all there; its size field is not looked at. */
export function decodeFrame(frame: Uint8Array): Message | UnknownMessage {
  const view = new DataView(frame.buffer, frame.byteOffset);
  return decode({ number: frame[4]!, tag: view.getUint32(5), body: frame.subarray(HEADER_SIZE) });
}

/**
 * Asserts that the message, written again, is the frame behind its size field: byte for byte, but that pairs of
 * a map may stand in another order, and that greetings may be longer than is known here.
 */
export function assertIsOf(message: Message, frame: Uint8Array): void {
  const again = encode(message);
  const { type } = message;
  const mayBeLonger = type === "Hello" || type === "Welcome";
  assert(
    mayBeLonger ? again.length <= frame.length : again.length === frame.length,
    `${again.length} bytes of ${type} were read out of ${frame.length}`,
  );
  const written = again.subarray(4);
  const read = frame.subarray(4, again.length);
  if (equals(written, read)) return;
  const { fields } = MESSAGES[type] as MessageRule;
  assert(fields.some(({ kind }) => kind === "m"), `${type} is written to other bytes`);
  // A language may order keys by itself; the same pairs have the same bytes, and read the same again.
  assert(equals(written.toSorted(), read.toSorted()), `${type} is written to other bytes`);
  assert(equals(encode(decodeFrame(again) as Message), again), `${type} is read back otherwise`);
}

/** Messages as a FrameReader may hand them out: neighbouring chunks of one transfer joined. */
export function joined<M extends { readonly type: string }>(messages: readonly (M | Message)[]) {
  const runs: (M | Message)[] = [];
  for (const message of messages) {
    const last = runs.at(-1);
    if (isData(message) && last && isData(last) && continues(message, last)) {
      runs[runs.length - 1] = { ...last, data: concat([last.data, message.data]) };
    } else runs.push(message);
  }
  return runs;
}

function isData(message: { readonly type: string }): message is MessageOf<"Data"> {
  return message.type === "Data";
}

function continues(next: MessageOf<"Data">, { tag, offset, data }: MessageOf<"Data">): boolean {
  return next.tag === tag && next.offset === offset + data.length;
}

// Messages as bytes and back, derived from the table. A frame is `size[4] type[1] tag[4]` and the fields;
// its size counts all of it (PROTOCOL.md 3).

import { MorselError } from "../base/errors.ts";
import { fieldOf, FieldReader, FieldWriter, roomFor } from "./fields.ts";
import { type Message, messageNameOf, type MessageRule, MESSAGES } from "./messages.ts";

/** A frame whose bytes are all there, not yet decoded. */
export interface Frame {
  /** The number of the message. */
  readonly number: number;
  readonly tag: number;
  /** What follows the header. A view into the reader's buffer, good until it reads again. */
  readonly body: Uint8Array;
}

/** The most bytes that the frame of a message can take. */
export function frameRoom(message: Message): number {
  const { leastSize, varying } = MESSAGES[message.type] as MessageRule;
  const values = message as unknown as Record<string, unknown>;
  let room = leastSize;
  for (const field of varying) room += roomFor(field, values[field.name]);
  return room;
}

/** Writes the frame of a message where the writer is, which has room for it; returns its end. Throws `invalid`. */
export function encodeInto(writer: FieldWriter, message: Message): number {
  const { number, fields } = MESSAGES[message.type] as MessageRule;
  const values = message as unknown as Record<string, unknown>;
  const { position } = writer;
  writer.write(SIZE, 0);
  writer.write(TYPE, number);
  writer.write(TAG, message.tag);
  for (const field of fields) writer.write(field, values[field.name]);
  const end = writer.position;
  writer.position = position;
  writer.write(SIZE, end - position);
  writer.position = end;
  return end;
}

/** The frame of a message. Throws `invalid` for a value that its field cannot hold. */
export function encode(message: Message): Uint8Array {
  const room = new Uint8Array(frameRoom(message));
  return room.subarray(0, encodeInto(new FieldWriter(room), message));
}

/** A message of a later version: its frame is sound, but its number is not in the table. */
export interface UnknownMessage {
  readonly type: "Unknown";
  readonly tag: number;
  readonly number: number;
}

/**
 * The message in a frame. Throws `protocol` when the fields do not fill the frame exactly. Only greetings
 * may be longer than this version knows, so that later versions can add to them (PROTOCOL.md 8.2).
 */
export function decode(frame: Frame): Message | UnknownMessage {
  const type = messageNameOf(frame.number);
  if (!type) return { type: "Unknown", tag: frame.tag, number: frame.number };
  const reader = new FieldReader(frame.body);
  const message: Record<string, unknown> = { type, tag: frame.tag };
  for (const field of MESSAGES[type].fields) message[field.name] = reader.read(field);
  if (reader.left > 0 && type !== "Hello" && type !== "Welcome") {
    throw new MorselError("protocol", `The frame of ${type} has ${reader.left} bytes too many`);
  }
  return message as unknown as Message;
}

const SIZE = fieldOf("size", "4");
const TYPE = fieldOf("type", "1");
const TAG = fieldOf("tag", "4");

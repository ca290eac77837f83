// Bytes against the decoder and the FrameReader: both must read what a plain reading of the bytes says, however
// they arrive and whatever lies behind them in memory.

import { concat, equals } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { decode, encode, type Frame, type UnknownMessage } from "../../lib/protocol/codec.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { DATA_HEADER_SIZE, HEADER_SIZE, type Message } from "../../lib/protocol/messages.ts";
import type { SimRandom } from "../simulation/random.ts";
import { assertIsOf, joined } from "../support/sound_frame.ts";
import { type CaseResult, kindOf } from "./corpus.ts";
import type { Input } from "./seeds.ts";

/** What is fuzzed; a test puts something broken in its place. */
export interface FrameParts {
  readonly decode: (frame: Frame) => Message | UnknownMessage;
  readonly reader: (readable: ReadableStream<Uint8Array>) => Pick<FrameReader, "take" | "fill">;
}

/** As it is. */
export const FRAME_PARTS: FrameParts = {
  decode,
  reader: (readable) => new FrameReader(readable, { maxFrame: DEFAULT_LIMITS.maxFrame }),
};

/** Reads an input in all ways and compares. */
export async function fuzzFrames(
  input: Input,
  random: SimRandom,
  parts: FrameParts = FRAME_PARTS,
): Promise<CaseResult> {
  const bytes = concat(input);
  const signatures: string[] = [];
  try {
    const expected = plainly(bytes, parts, signatures);
    const read = await throughReader(bytes, random, parts);
    const problem = difference(expected, read);
    return { signatures, problem };
  } catch (error) {
    return { signatures, problem: `${error instanceof Error ? error.stack : error}` };
  }
}

interface Reading {
  readonly messages: readonly (Message | UnknownMessage)[];
  /** The code of the error at its end; `end` without one. */
  readonly end: string;
}

/** One frame after the other, each in memory of its own, so that nothing lies behind it. */
function plainly(bytes: Uint8Array, parts: FrameParts, signatures: string[]): Reading {
  const messages: (Message | UnknownMessage)[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let state = "start";
  const see = (what: string) => signatures.push(`${state} ${what}`);
  for (let at = 0;;) {
    const left = bytes.length - at;
    if (left === 0) return { messages, end: "end" };
    const size = left < 4 ? undefined : view.getUint32(at);
    if (size !== undefined && (size < HEADER_SIZE || size > DEFAULT_LIMITS.maxFrame)) {
      see(size < HEADER_SIZE ? "size too small" : "size too large");
      return { messages, end: "protocol" };
    }
    if (size === undefined || left < size) return { messages, end: "connection" };
    const frame = bytes.slice(at, at + size);
    try {
      const message = decodeAnywhere(frame, parts);
      see(message.type);
      state = message.type;
      messages.push(message);
    } catch (error) {
      if (!(error instanceof MorselError) || error.code !== "protocol") throw error;
      see(`${frame[4]} ${kindOf(error.message)}`);
      return { messages, end: "protocol" };
    }
    at += size;
  }
}

/** Decodes a frame alone and amid other bytes; the result must be the frame's own, both times. */
function decodeAnywhere(frame: Uint8Array, parts: FrameParts): Message | UnknownMessage {
  const around = new Uint8Array(frame.length + 64).fill(0x01);
  around.set(frame, 32);
  const decoded = attempt(frame, parts);
  const amid = attempt(around.subarray(32, 32 + frame.length), parts);
  if (typeof decoded === "string" || typeof amid === "string") {
    if (decoded === amid) throw new MorselError("protocol", decoded as string);
    throw new Error(`What lies behind a frame decides: ${describe(decoded)} or ${describe(amid)}`);
  }
  for (const message of [decoded, amid]) {
    if (message.type !== "Unknown") assertIsOf(message, frame);
  }
  if (decoded.type === "Data" && frame.length === DATA_HEADER_SIZE) {
    throw new MorselError("protocol", "A Data frame has no payload");
  }
  return decoded;
}

/** The message, or what the `protocol` error says. */
function attempt(frame: Uint8Array, { decode }: FrameParts): Message | UnknownMessage | string {
  const tag = new DataView(frame.buffer, frame.byteOffset).getUint32(5);
  try {
    return decode({ number: frame[4]!, tag, body: frame.subarray(HEADER_SIZE) });
  } catch (error) {
    if (error instanceof MorselError && error.code === "protocol") return error.message;
    throw error;
  }
}

async function throughReader(
  bytes: Uint8Array,
  random: SimRandom,
  parts: FrameParts,
): Promise<Reading> {
  const reader = parts.reader(inPieces(bytes, random));
  const messages: (Message | UnknownMessage)[] = [];
  try {
    for (let turns = 0; turns <= bytes.length + 1; turns++) {
      for (let message = reader.take(); message; message = reader.take()) {
        messages.push(owned(message));
      }
      if (!await reader.fill()) return { messages, end: "end" };
    }
  } catch (error) {
    if (!(error instanceof MorselError)) throw error;
    return { messages, end: error.code };
  }
  throw new Error("The reader goes on without bytes");
}

/** With its own payload: that of a reader is a view, which the next read overwrites. */
function owned(message: Message | UnknownMessage): Message | UnknownMessage {
  if ("data" in message) return { ...message, data: message.data.slice() };
  return "hashes" in message ? { ...message, hashes: message.hashes.slice() } : message;
}

/** A byte stream in random pieces, reduced to what a FrameReader asks of one: a real one costs more than all else. */
function inPieces(bytes: Uint8Array, random: SimRandom): ReadableStream<Uint8Array> {
  const most = random.pick([1, 3, 20, 1500, 100_000]);
  let at = 0;
  const read = (room: Uint8Array) => {
    const size = Math.min(bytes.length - at, room.length, random.whole(1, most + 1));
    room.set(bytes.subarray(at, at + size));
    at += size;
    return Promise.resolve({ done: size === 0, value: room.subarray(0, size) });
  };
  return { getReader: () => ({ read }) } as unknown as ReadableStream<Uint8Array>;
}

/** Where two readings differ, neighbouring chunks of a transfer joined. */
function difference(expected: Reading, read: Reading): string | undefined {
  const [a, b] = [joined(expected.messages), joined(read.messages)];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [one, other] = [a[index], b[index]];
    if (one && other && isSame(one, other)) continue;
    return `The reader reads ${describe(other)} as message ${index}, not ${describe(one)}`;
  }
  if (expected.end === read.end) return undefined;
  return `The reader ends with ${read.end}, not ${expected.end}`;
}

function isSame(one: Message | UnknownMessage, other: Message | UnknownMessage): boolean {
  if (one.type !== "Unknown" && other.type !== "Unknown") return equals(encode(one), encode(other));
  return JSON.stringify(one) === JSON.stringify(other);
}

function describe(message: Message | UnknownMessage | string | undefined): string {
  return typeof message === "object" ? `${message.type} tag ${message.tag}` : message ?? "nothing";
}

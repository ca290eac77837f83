// The published vectors (tests/vectors/README.md) hold for our encoder, decoder, reader and hash.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { fromHex, toHex } from "../../lib/base/hex.ts";
import { MerkleHasher } from "../../lib/base/merkle.ts";
import { decode, encode, frameRoom, type UnknownMessage } from "../../lib/protocol/codec.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import {
  HEADER_SIZE,
  type Message,
  type MessageName,
  type MessageRule,
  MESSAGES,
} from "../../lib/protocol/messages.ts";

interface MessageVector {
  readonly name: string;
  readonly message: MessageName;
  readonly tag: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly hex: string;
}

interface BrokenVector {
  readonly name: string;
  readonly hex: string;
  readonly error: string;
}

interface MerkleVector {
  readonly size: number;
  readonly factor: number;
  readonly modulus: number;
  readonly digest: string;
}

const messages = await read<MessageVector>("messages.json");
const broken = await read<BrokenVector>("broken.json");
const merkle = await read<MerkleVector>("merkle.json");

Deno.test("encode() writes the bytes of every message vector", () => {
  for (const vector of messages) {
    const message = messageOf(vector);
    assertEquals(toHex(encode(message)), vector.hex, vector.name);
    assert(frameRoom(message) >= vector.hex.length / 2, vector.name);
  }
});

Deno.test("decode() reads every message vector back", () => {
  for (const vector of messages) {
    const bytes = fromHex(vector.hex);
    const [number, tag] = [bytes[4]!, new DataView(bytes.buffer).getUint32(5)];
    const message = decode({ number, tag, body: bytes.subarray(HEADER_SIZE) });
    assertEquals(toHex(encode(message as Message)), vector.hex, vector.name);
    assertEquals(plain(message), plain(messageOf(vector)), vector.name);
  }
});

Deno.test("FrameReader takes all message vectors out of one stream", async () => {
  const reader = readerOf(messages.map(({ hex }) => hex).join(""));
  for (const vector of messages) {
    let message = reader.take();
    while (!message && await reader.fill()) message = reader.take();
    assertEquals(plain(message!), plain(messageOf(vector)), vector.name);
  }
});

Deno.test("messages.json has every message of the table at least twice", () => {
  for (const name of Object.keys(MESSAGES)) {
    const count = messages.filter(({ message }) => message === name).length;
    assertEquals(count >= 2, true, `${name} is there ${count} times`);
  }
});

for (const { name, hex, error } of broken) {
  Deno.test(`FrameReader refuses the broken vector "${name}" with ${error}`, async () => {
    assertEquals(await codeOf(readerOf(hex)), error);
  });
}

Deno.test("decode() refuses every message vector cut off anywhere inside its fields", () => {
  for (const { name, message, hex } of messages) {
    const { fields } = MESSAGES[message as MessageName] as MessageRule;
    if (fields.at(-1)?.kind === "rest") continue; // what is last in it may end anywhere
    const bytes = fromHex(hex);
    for (let end = HEADER_SIZE; end < bytes.length; end++) {
      const frame = { number: bytes[4]!, tag: 1, body: bytes.subarray(HEADER_SIZE, end) };
      const error = assertThrows(() => decode(frame), MorselError, undefined, name);
      assertEquals(error.code, "protocol");
    }
  }
});

Deno.test("MerkleHasher.digest() is that of every content vector, fed in pieces of any size", () => {
  for (const { size, factor, modulus, digest } of merkle) {
    const content = Uint8Array.from({ length: size }, (_, index) => index * factor % modulus);
    for (const piece of [1300, 65536, 70000, size || 1]) {
      const hasher = new MerkleHasher();
      for (let start = 0; start < size; start += piece) {
        hasher.update(content.subarray(start, start + piece));
      }
      assertEquals(toHex(hasher.digest()), digest, `${size} bytes in pieces of ${piece}`);
    }
  }
});

/** The code of the error that reading ends with; `unsupported` for a sound frame of an unknown message. */
async function codeOf(reader: FrameReader): Promise<string | undefined> {
  try {
    while (true) {
      const message: Message | UnknownMessage | undefined = reader.take();
      if (message?.type === "Unknown") return "unsupported";
      if (message) return undefined;
      if (!await reader.fill()) return undefined;
    }
  } catch (thrown) {
    return (thrown as MorselError).code;
  }
}

function readerOf(hex: string): FrameReader {
  const bytes = fromHex(hex);
  const readable = new ReadableStream<Uint8Array>({
    type: "bytes",
    start: (controller) => {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  return new FrameReader(readable, { maxFrame: DEFAULT_LIMITS.maxFrame });
}

function messageOf({ message, tag, fields }: MessageVector): Message {
  const rule = MESSAGES[message] as MessageRule;
  const values = rule.fields.map(({ name, kind }) => {
    const isBytes = kind === "16" || kind === "32" || kind === "rest";
    return [name, isBytes ? fromHex(fields[name] as string) : fields[name]];
  });
  return { type: message, tag, ...Object.fromEntries(values) };
}

/** A message as plain data, so that maps compare by their pairs alone. */
function plain(message: object): string {
  return JSON.stringify(message, (_, value) => value instanceof Uint8Array ? toHex(value) : value);
}

async function read<T>(file: string): Promise<T[]> {
  return JSON.parse(await Deno.readTextFile(new URL(`../vectors/${file}`, import.meta.url)));
}

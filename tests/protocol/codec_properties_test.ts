// What holds for every message of the table, whatever its fields say. A failure prints its seed and path:
// given to `fc.assert` beside the property, they make the same case again.

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { MorselError } from "../../lib/base/errors.ts";
import { encode } from "../../lib/protocol/codec.ts";
import type { Field } from "../../lib/protocol/fields.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import {
  HEADER_SIZE,
  type Message,
  type MessageName,
  type MessageRule,
  MESSAGES,
} from "../../lib/protocol/messages.ts";
import { assertIsOf, decodeFrame, joined } from "../support/sound_frame.ts";

for (const [type, rule] of Object.entries(MESSAGES) as [MessageName, MessageRule][]) {
  Deno.test(`any ${type} is read back as it was, and refused where it is cut`, () => {
    fc.assert(fc.property(messageOf(type, rule), fc.nat(), (message, cut) => {
      const frame = encode(message);
      const again = decodeFrame(frame);
      assertEquals(encode(again as Message), frame);
      const shorter = frame.subarray(0, HEADER_SIZE + cut % (frame.length - HEADER_SIZE + 1));
      soundOrRefused(shorter);
    }));
  });
}

Deno.test("any body of any message is read, or refused as broken framing", () => {
  const number = fc.constantFrom(...Object.values(MESSAGES).map(({ number }) => number));
  fc.assert(
    fc.property(number, fc.uint8Array({ maxLength: 200 }), (number, body) => {
      soundOrRefused(Uint8Array.of(0, 0, 0, 0, number, 0, 0, 0, 1, ...body));
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("any frames are read as they were written, however the stream is cut", async () => {
  const some = Object.entries(MESSAGES).map(([type, rule]) => messageOf(type as MessageName, rule));
  // Chunks that follow each other, as they do in transfers, mostly of the same one.
  const chunk = fc.record({
    tag: fc.constantFrom(1, 1, 1, 2),
    gap: fc.constantFrom(0, 0, 0, 1),
    data: fc.uint8Array({ minLength: 1, maxLength: 1400 }),
  });
  const transfer = fc.array(chunk, { maxLength: 10 }).map((chunks) => {
    let end = 0;
    return chunks.map(({ tag, gap, data }): Message => {
      const offset = end + gap;
      end = offset + data.length;
      return { type: "Data", tag, offset, data };
    });
  });
  const any = fc.oneof({ weight: 3, arbitrary: fc.oneof(...some).map((one) => [one]) }, {
    weight: 1,
    arbitrary: transfer,
  });
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9000 })),
    {
      minLength: 1,
      maxLength: 20,
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(any, { maxLength: 12 }), sizes, async (groups, sizes) => {
      const messages = groups.flat();
      const read = joined(await readInPieces(concat(messages.map(encode)), sizes));
      assertEquals(read.map(encode), joined(messages).map(encode));
    }),
  );
});

/** What is taken is written again to the same bytes: nothing in a frame is read from anywhere else. */
function soundOrRefused(frame: Uint8Array): void {
  let message;
  try {
    message = decodeFrame(frame);
  } catch (error) {
    assert(error instanceof MorselError && error.code === "protocol", String(error));
    return;
  }
  assert(message.type !== "Unknown");
  assertIsOf(message, frame);
}

/** What a reader makes of these bytes in pieces of these sizes, in turn. */
async function readInPieces(bytes: Uint8Array, sizes: readonly number[]): Promise<Message[]> {
  let at = 0;
  let turn = 0;
  const readable = new ReadableStream<Uint8Array>({
    type: "bytes",
    pull: (controller) => {
      const end = Math.min(bytes.length, at + sizes[turn++ % sizes.length]!);
      if (at < end) controller.enqueue(bytes.slice(at, end));
      else {
        controller.close();
        // A reader that waits is told only so.
        (controller as ReadableByteStreamController).byobRequest?.respond(0);
      }
      at = end;
    },
  });
  const reader = new FrameReader(readable, { maxFrame: DEFAULT_LIMITS.maxFrame });
  const messages: Message[] = [];
  do {
    for (let message = reader.take(); message; message = reader.take()) {
      assert(message.type !== "Unknown");
      // The payload is a view that the next read overwrites; written anew it is a copy.
      messages.push(decodeFrame(encode(message)) as Message);
    }
  } while (await reader.fill());
  return messages;
}

function messageOf(type: MessageName, { fields }: MessageRule): fc.Arbitrary<Message> {
  const values = Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]));
  const tag = fc.nat(0xffff_ffff);
  return fc.record({ type: fc.constant(type), tag, ...values }) as unknown as fc.Arbitrary<Message>;
}

function valueOf({ kind, size }: Field): fc.Arbitrary<unknown> {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  if (kind === "s") return text;
  if (kind === "m") return fc.dictionary(text, text, { maxKeys: 5 });
  if (kind === "rest") return fc.uint8Array({ minLength: 1, maxLength: 100 });
  if (kind === "16" || kind === "32") return fc.uint8Array({ minLength: size, maxLength: size });
  return fc.maxSafeNat().map((value) => value % Math.min(2 ** (8 * size), 2 ** 53));
}

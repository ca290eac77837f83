// What holds for every message of the table, whatever its fields say. A failure prints its seed and path:
// given to `fc.assert` beside the property, they make the same case again.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MorselError } from "../../lib/base/errors.ts";
import { decode, encode } from "../../lib/protocol/codec.ts";
import type { Field } from "../../lib/protocol/fields.ts";
import {
  HEADER_SIZE,
  type Message,
  type MessageName,
  type MessageRule,
  MESSAGES,
} from "../../lib/protocol/messages.ts";

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

/** What is taken is written again to the same bytes: nothing in a frame is read from anywhere else. */
function soundOrRefused(frame: Uint8Array): void {
  let message;
  try {
    message = decodeFrame(frame);
  } catch (error) {
    assert(error instanceof MorselError && error.code === "protocol", String(error));
    return;
  }
  const { length } = encode(message as Message);
  assert(length <= frame.length, `${length} bytes were read out of ${frame.length}`);
}

function decodeFrame(frame: Uint8Array) {
  const view = new DataView(frame.buffer, frame.byteOffset);
  return decode({ number: frame[4]!, tag: view.getUint32(5), body: frame.subarray(HEADER_SIZE) });
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

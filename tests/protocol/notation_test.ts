// The notation: what `describe` writes, the tests' parser reads back.

import { assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../../lib/base/hex.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { type Message, type MessageName, MESSAGES } from "../../lib/protocol/messages.ts";
import { describe, formatLine } from "../../lib/protocol/notation.ts";
import { mismatch, parseBytes, parseMessage, parsePattern } from "../support/parse_notation.ts";

const EXAMPLES: [string, Message][] = [
  ["Ping tag 0", { type: "Ping", tag: 0 }],
  ['Stat tag 7 name "a.txt"', { type: "Stat", tag: 7, name: "a.txt" }],
  ['Stat tag 7 name "\\"\\\\\\n\\u0085 #"', { type: "Stat", tag: 7, name: '"\\\n\u0085 #' }],
  [
    'Error tag 3 code 7 retry 0 text "No" detail {"current" "3", "" "x y"}',
    { type: "Error", tag: 3, code: 7, retry: 0, text: "No", detail: { current: "3", "": "x y" } },
  ],
  [
    "Begun tag 1 upload 000102030405060708090a0b0c0d0e0f epoch 1 offset 9007199254740991",
    {
      type: "Begun",
      tag: 1,
      upload: Uint8Array.from({ length: 16 }, (_, index) => index),
      epoch: 1,
      offset: Number.MAX_SAFE_INTEGER,
    },
  ],
];

Deno.test("formatLine() is the format line of PROTOCOL.md", () => {
  assertEquals(formatLine("Ping"), "size[4] Ping tag[4]");
  assertEquals(formatLine("Data"), "size[4] Data tag[4] offset[8] data[rest]");
  for (const name of Object.keys(MESSAGES) as MessageName[]) {
    assertEquals(formatLine(name).startsWith(`size[4] ${name} tag[4]`), true);
  }
});

Deno.test("describe() writes each kind of field, and parseMessage() reads it back", () => {
  for (const [line, message] of EXAMPLES) {
    assertEquals(describe(message), line);
    assertEquals(toHex(encode(parseMessage(line))), toHex(encode(message)));
  }
});

Deno.test("describe() shows a payload by its size alone", () => {
  const message: Message = { type: "Data", tag: 1, offset: 5, data: new Uint8Array(1300) };
  assertEquals(describe(message), "Data tag 1 offset 5 data (1300 bytes)");
  assertEquals(mismatch(parsePattern(describe(message)), message), undefined);
});

Deno.test("parseBytes() reads text, hexadecimal digits and repeated bytes", () => {
  assertEquals(toHex(parseBytes('"é"')), "c3a9");
  assertEquals(toHex(parseBytes("hex:00ff")), "00ff");
  assertEquals(toHex(parseBytes("fill(3, 7)")), "070707");
});

Deno.test("parsePattern() refuses lines that are not in the notation", () => {
  for (
    const line of [
      "Nothing tag 1",
      "Stat tag 1",
      'Stat tag 1 nome "a"',
      'Stat tag 1 name "a" more',
      "End tag 1 offset x",
    ]
  ) assertThrows(() => parsePattern(line), SyntaxError);
});

Deno.test("mismatch() tells the first field that differs", () => {
  const message: Message = { type: "End", tag: 1, offset: 5 };
  assertEquals(mismatch(parsePattern("End tag 1 offset 5"), message), undefined);
  assertEquals(mismatch(parsePattern("End tag 1 offset * # any"), message), undefined);
  assertEquals(mismatch(parsePattern("End tag 1 offset 6"), message), "offset is 5, not 6");
  assertEquals(mismatch(parsePattern("End tag 2 offset 5"), message), "its tag is not 2");
  assertEquals(mismatch(parsePattern("Page tag 1 more 5"), message), "it is no Page");
});

Deno.test("mismatch() gives a variable its first value and insists on it afterwards", () => {
  const variables = new Map<string, unknown>();
  const pattern = parsePattern("End tag 1 offset $end");
  assertEquals(
    mismatch(pattern, { type: "End", tag: 1, offset: 5 } as Message, variables),
    undefined,
  );
  assertEquals(
    mismatch(pattern, { type: "End", tag: 1, offset: 6 } as Message, variables),
    "offset is 6, not 5",
  );
  const line = 'ReadRange tag 2 offset $end length 1 chunk 1 proof 0 version 0 name "a"';
  assertEquals(toHex(encode(parseMessage(line, variables))).slice(18, 34), "0000000000000005");
});

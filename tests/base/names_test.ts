// The rules for names.

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { checkName, checkPrefix, compareBytes, quote } from "../../lib/base/names.ts";
import { compareKeys } from "../../lib/store/key_range.ts";

Deno.test("names that look like paths are names like any other", () => {
  for (const name of ["../../etc/passwd", "/etc/passwd", "C:\\Windows", ".", "..", "a//b", " "]) {
    const checked = checkName(name);
    assertEquals(checked.name, name);
    assertEquals(checked.key, new TextEncoder().encode(name));
  }
});

Deno.test("a name may have 1024 bytes of UTF-8 and not one more", () => {
  const longest = "😀".repeat(256);
  assertEquals(checkName(longest).key.length, 1024);
  const error = assertThrows(() => checkName(`${longest}a`), MorselError, "1025 bytes");
  assertEquals(error.code, "limit");
  assertEquals(error.detail, { limit: "name", value: "1024" });
});

Deno.test("a name cannot be empty, end with a slash, or hold control characters", () => {
  assertRefused("", "empty");
  assertRefused("folder/", 'ends with "/"');
  assertRefused("/", 'ends with "/"');
  for (const control of ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x80", "\x9f"]) {
    assertRefused(`a${control}b`, "control character");
  }
});

Deno.test("a name must be valid Unicode", () => {
  for (const broken of ["\ud800", "a\udc00b", "\udc00\ud800"]) {
    assertRefused(broken, "not valid Unicode");
  }
  assertEquals(checkName("\ud83d\ude00").name, "😀");
});

Deno.test("two spellings of a name have one key, and the name stays as it was given", () => {
  const composed = checkName("caf\u00e9");
  const decomposed = checkName("cafe\u0301");
  assertEquals(toHex(composed.key), toHex(decomposed.key));
  assertEquals(composed.name.length, 4);
  assertEquals(decomposed.name.length, 5);
});

Deno.test("a prefix may be empty and may end with a slash", () => {
  assertEquals(checkPrefix("").length, 0);
  assertEquals(checkPrefix("a/"), Uint8Array.of(0x61, 0x2f));
});

Deno.test("a quoted name is short and has no control characters", () => {
  const shown = quote(`\u0007\u009b31m\u2028${"x".repeat(500)}\ud800`);
  assert(shown.length < 120);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u001f\u007f-\u009f\u2028]/.test(shown));
  assertStringIncludes(shown, "\\u0007\\u009b31m");
});

Deno.test("a quoted name does not turn the direction of writing", () => {
  assertEquals(quote("a\u202egpj.exe\u2066"), '"a\\u202egpj.exe\\u2066"');
});

Deno.test("compareBytes() orders text as its UTF-8 bytes are ordered", () => {
  const utf8 = new TextEncoder();
  const texts = [
    "",
    "a",
    "a!",
    "a/",
    "ab",
    "b",
    "é",
    "\uffff",
    "\ue000",
    "😀",
    "😀a",
    "𐀀",
    "a😀",
    "a\uff21",
  ];
  for (const a of texts) {
    for (const b of texts) {
      const bytes = compareKeys(utf8.encode(a), utf8.encode(b));
      assertEquals(Math.sign(compareBytes(a, b)), Math.sign(bytes), `${a} ${b}`);
    }
  }
});

function assertRefused(name: string, why: string): void {
  const error = assertThrows(() => checkName(name), MorselError, why);
  assertEquals(error.code, "invalid");
}

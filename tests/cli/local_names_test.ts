import { assertEquals } from "@std/assert";
import { isPartialName, partialName, whyNotLocal } from "../../lib/cli/local_names.ts";

const DIGEST = "0123456789abcdef".repeat(4);

const UNNAMEABLE = "no server may give a file that name";

const NOWHERE = [
  ["..", 'a part of it is ".."'],
  ["../x", 'a part of it is ".."'],
  ["a/../../x", 'a part of it is ".."'],
  ["a/..", 'a part of it is ".."'],
  [".", 'a part of it is "."'],
  ["a/./b", 'a part of it is "."'],
  ["/etc/passwd", "a part of it is empty"],
  ["a//b", "a part of it is empty"],
  ["", UNNAMEABLE],
  ["a/", UNNAMEABLE],
  ["a\0b", UNNAMEABLE],
  ["a\nb", UNNAMEABLE],
  [`x/${partialName("a", DIGEST)}`, "morsel keeps such names for files that are arriving"],
  [`${partialName("a", DIGEST)}-hashes`, "morsel keeps such names for files that are arriving"],
] as const;

const NOT_ON_WINDOWS = [
  "C:\\x",
  "C:x",
  "c:",
  "a/C:/b",
  "..\\x",
  "a\\b",
  "\\\\server\\share",
  "a:stream",
  "con",
  "CON.txt",
  "con .txt",
  "a/NUL/b",
  "COM1.tar.gz",
  "com\u00b9",
  "lpt9",
  "AUX.",
  "CONIN$",
  "dot.",
  "space ",
  "a/. /b",
  "a?",
  "a*",
  "a|b",
  'a"b',
  "a<b",
];

Deno.test("names that lead elsewhere are no local names on any system", () => {
  for (const [name, reason] of NOWHERE) {
    assertEquals(whyNotLocal(name, false), reason, name);
    assertEquals(whyNotLocal(name, true), reason, name);
  }
});

Deno.test("Windows has no place for drives, backslashes, devices and dots at the end", () => {
  for (const name of NOT_ON_WINDOWS) {
    assertEquals(whyNotLocal(name, false), undefined, name);
    assertEquals(whyNotLocal(name, true)?.startsWith("Windows "), true, name);
  }
});

Deno.test("all else is a local name, however odd", () => {
  for (const name of ["a", "...a", ".a", "a b", "ü/😀", "-rf", "console", "com", "com10", "nul1"]) {
    assertEquals([whyNotLocal(name, false), whyNotLocal(name, true)], [undefined, undefined], name);
  }
});

Deno.test("a partial name is known by its form, whatever the name it is made of", () => {
  for (const name of ["a", "x".repeat(300), "ü.txt", "a\nb"]) {
    assertEquals(isPartialName(partialName(name, DIGEST)), true);
  }
  // Long names that differ at their end only, with the same content, arrive side by side.
  const long = ["1", "2"].map((end) => partialName("😀".repeat(60) + end, DIGEST));
  assertEquals(new Set(long).size, 2);
  for (const name of long) {
    assertEquals(new TextEncoder().encode(`${name}-hashes`).length < 255, true);
  }
  assertEquals(partialName("a.txt", DIGEST), ".a.txt.0123456789abcdef.morsel-part");
  for (
    const name of ["a", ".a.0123.morsel-part", "a.0123456789abcdef.morsel-part", ".morsel-part"]
  ) {
    assertEquals(isPartialName(name), false, name);
  }
});

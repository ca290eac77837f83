import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/cli/failure.ts";
import { PathFilter } from "../../lib/cli/path_filter.ts";

const PATHS = [".hidden", "a.jpg", "a/b.jpg", "a/c.txt", "a/b/d.txt", "b/a/e.jpg", "b.txt"];

/** Each with the paths it matches. */
const GLOBS: [string, string[]][] = [
  ["*.jpg", ["a.jpg", "a/b.jpg", "b/a/e.jpg"]],
  ["/*.jpg", ["a.jpg"]],
  ["a", ["a/b.jpg", "a/c.txt", "a/b/d.txt", "b/a/e.jpg"]],
  ["/a", ["a/b.jpg", "a/c.txt", "a/b/d.txt"]],
  ["a/", ["a/b.jpg", "a/c.txt", "a/b/d.txt", "b/a/e.jpg"]],
  ["b.txt/", []],
  ["a/*.jpg", ["a/b.jpg", "b/a/e.jpg"]],
  ["/a/*.jpg", ["a/b.jpg"]],
  ["/a/**/*.txt", ["a/c.txt", "a/b/d.txt"]],
  ["**/d.txt", ["a/b/d.txt"]],
  ["?.txt", ["a/c.txt", "a/b/d.txt", "b.txt"]],
  ["[ac].{jpg,txt}", ["a.jpg", "a/c.txt"]],
  ["[!ac].jpg", ["a/b.jpg", "b/a/e.jpg"]],
  ["*", PATHS],
  ["**", PATHS],
  ["/*.*", [".hidden", "a.jpg", "b.txt"]],
  ["A.JPG", []],
  ["jpg", []],
];

for (const [glob, matched] of GLOBS) {
  Deno.test(`the glob ${glob} matches ${matched.join(" ") || "nothing"}`, () => {
    const include = new PathFilter([glob], []);
    assertEquals(PATHS.filter((path) => include.wants(path)), matched);
    const exclude = new PathFilter([], [glob]);
    assertEquals(PATHS.filter((path) => !exclude.wants(path)), matched);
  });
}

Deno.test("an exclude wins over an include, whichever comes first", () => {
  const filter = new PathFilter(["a", "*.txt"], ["b", "c.*"]);
  assertEquals(PATHS.filter((path) => filter.wants(path)), ["a/b.jpg", "b.txt"]);
});

Deno.test("a backslash takes the meaning from a character of a glob", () => {
  const filter = new PathFilter(["\\*", "[[]x]"], []);
  assertEquals(["*", "b", "[x]"].filter((path) => filter.wants(path)), ["*", "[x]"]);
});

Deno.test("only an exclude keeps a whole folder out", () => {
  assertEquals(new PathFilter([], ["a"]).wantsFolder("b/a/"), false);
  assertEquals(new PathFilter([], ["a"]).wantsFolder("b/a/c/"), false);
  assertEquals(new PathFilter([], ["*.jpg"]).wantsFolder("a/"), true);
  // What is wanted may still be further down.
  assertEquals(new PathFilter(["x"], []).wantsFolder("a/"), true);
});

Deno.test("a glob of slashes alone can match nothing and is a mistake", () => {
  for (const glob of ["/", "//"]) {
    assertThrows(() => new PathFilter([], [glob]), UsageError, "matches nothing");
  }
});

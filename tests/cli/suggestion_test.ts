import { assertEquals } from "@std/assert";
import { editDistance, suggest } from "../../lib/cli/suggestion.ts";

Deno.test("editDistance counts letters put in, left out, changed and swapped", () => {
  const pairs: [string, string, number][] = [
    ["put", "put", 0],
    ["ptu", "put", 1],
    ["pu", "put", 1],
    ["puut", "put", 1],
    ["cat", "rm", 3],
    ["", "ls", 2],
  ];
  for (const [from, to, distance] of pairs) assertEquals(editDistance(from, to), distance);
});

Deno.test("suggest finds the closest word, and none when all are far", () => {
  const words = ["put", "get", "stat", "recursive"];
  assertEquals(suggest("sat", words), "stat");
  assertEquals(suggest("recrusvie", words), "recursive");
  assertEquals(suggest("upload", words), undefined);
  assertEquals(suggest("x", []), undefined);
});

import { assert, assertEquals } from "@std/assert";
import { Recent } from "../../lib/store/recent.ts";

function wantedTwice(recent: Recent<number>, key: string, value: number): void {
  for (let times = 0; times < 2; times++) recent.offer(key, value);
}

Deno.test("what is wanted a second time is kept, and forgotten when it is said to have changed", () => {
  const recent = new Recent<number>(100, (value) => value);
  recent.offer("a", 10);
  assertEquals(recent.recall("a"), undefined);
  recent.offer("a", 20);
  assertEquals(recent.recall("a"), 20);
  recent.forget("a");
  assertEquals(recent.recall("a"), undefined);
  wantedTwice(recent, "b", 30);
  wantedTwice(recent, "c", 30);
  recent.forgetAll();
  assertEquals([recent.recall("b"), recent.recall("c")], [undefined, undefined]);
});

Deno.test("what is kept has so many bytes at most, whatever takes the place of what", () => {
  const recent = new Recent<number>(100, (value) => value);
  for (const key of ["a", "b", "c"]) wantedTwice(recent, key, 40);
  assertEquals(["a", "b", "c"].map((key) => recent.recall(key)), [undefined, 40, 40]);
  wantedTwice(recent, "c", 60);
  assertEquals(["b", "c"].map((key) => recent.recall(key)), [40, 60]);
  wantedTwice(recent, "d", 101);
  assertEquals(["b", "c", "d"].map((key) => recent.recall(key)), [undefined, undefined, undefined]);
  wantedTwice(recent, "e", 100);
  assertEquals(recent.recall("e"), 100);
});

Deno.test("a great many that are wanted once push out nothing", () => {
  const recent = new Recent<number>(100, (value) => value);
  wantedTwice(recent, "a", 100);
  for (let index = 0; index < 20_000; index++) recent.offer(`${index}`, 1);
  assert(recent.recall("a") === 100);
});

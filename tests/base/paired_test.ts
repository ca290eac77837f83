import { assertEquals, assertRejects } from "@std/assert";
import { type Keyed, paired } from "../../lib/base/paired.ts";

async function* sorted(keys: string[], ended?: () => void): AsyncGenerator<Keyed> {
  try {
    for (const key of keys) yield await Promise.resolve({ key });
  } finally {
    ended?.();
  }
}

async function pairsOf(left: string[], right: string[], untilLeftEnds = false) {
  const pairs = paired(sorted(left), sorted(right), { untilLeftEnds });
  return await Array.fromAsync(pairs, ({ left, right }) => [left?.key, right?.key]);
}

Deno.test("paired puts equal keys side by side and leaves the others alone", async () => {
  assertEquals(await pairsOf(["a", "c", "d"], ["b", "c", "e"]), [
    ["a", undefined],
    [undefined, "b"],
    ["c", "c"],
    ["d", undefined],
    [undefined, "e"],
  ]);
  assertEquals(await pairsOf([], ["x"]), [[undefined, "x"]]);
  assertEquals(await pairsOf(["x"], []), [["x", undefined]]);
  assertEquals(await pairsOf([], []), []);
});

Deno.test("paired goes by the bytes of UTF-8, where an emoji comes after a full-width letter", async () => {
  const keys = ["a", "\uff21", "😀"];
  assertEquals(await pairsOf(keys, keys), keys.map((key) => [key, key]));
});

Deno.test("paired goes no further than the first sequence when that is all one wants", async () => {
  assertEquals(await pairsOf(["b"], ["a", "b", "c", "d"], true), [[undefined, "a"], ["b", "b"]]);
  assertEquals(await pairsOf([], ["a"], true), []);
});

Deno.test("paired ends both sequences when its taker leaves or one of them fails", async () => {
  let ended = 0;
  const both = () =>
    [sorted(["a", "b"], () => ended++), sorted(["a", "b"], () => ended++)] as const;
  for await (const _ of paired(...both())) break;
  assertEquals(ended, 2);
  async function* broken(): AsyncGenerator<Keyed> {
    yield* sorted(["a"]);
    throw new Error("lost");
  }
  const [left] = both();
  await assertRejects(() => Array.fromAsync(paired(left, broken())), Error, "lost");
  assertEquals(ended, 3);
});

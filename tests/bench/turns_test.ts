// Contenders in turns.

import { assertEquals, assertRejects } from "@std/assert";
import { type Contender, inTurns } from "../../bench/measure/turns.ts";

const { signal } = new AbortController();

function contenders(order: string[], failing = ""): Contender[] {
  return ["a", "b", "c"].map((name) => ({
    name,
    run: () => {
      order.push(name);
      if (name === failing) throw new Error("broken");
      return Promise.resolve({ value: order.length });
    },
  }));
}

Deno.test("each round begins with another contender", async () => {
  const order: string[] = [];
  await inTurns(contenders(order), { rounds: 3, signal, onFailure: () => {} });
  assertEquals(order.join(""), "abcbcacab");
});

Deno.test("rounds to warm up are run and not counted", async () => {
  const order: string[] = [];
  const all = contenders(order);
  const samples = await inTurns(all, { rounds: 2, warmups: 1, signal, onFailure: () => {} });
  assertEquals(order.length, 9);
  assertEquals(samples.get(all[0]!)!.map(({ value }) => value), [6, 8]);
});

Deno.test("one that fails is told once and runs no more; the others go on", async () => {
  const order: string[] = [];
  const failed: string[] = [];
  const samples = await inTurns(contenders(order, "b"), {
    rounds: 2,
    signal,
    onFailure: ({ name }, error) => failed.push(`${name} ${(error as Error).message}`),
  });
  assertEquals(failed, ["b broken"]);
  assertEquals([...samples.keys()].map(({ name }) => name), ["a", "c"]);
  assertEquals(order.join(""), "abcca");
});

Deno.test("a signal ends it, also when it has made a run fail", async () => {
  const controller = new AbortController();
  const stopping: Contender = {
    name: "stopping",
    run: () => {
      controller.abort(new Error("stopped"));
      return Promise.reject(new Error("killed"));
    },
  };
  const options = { rounds: 2, signal: controller.signal, onFailure: () => {} };
  await assertRejects(() => inTurns([stopping], options), Error, "stopped");
});

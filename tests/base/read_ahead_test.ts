import { assertEquals, assertRejects } from "@std/assert";
import { readAhead } from "../../lib/base/read_ahead.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { settled } from "../support/fake_clock.ts";

const clock = systemClock;

async function* counting(to: number, ended?: () => void): AsyncGenerator<number> {
  try {
    for (let item = 1; item <= to; item++) yield await Promise.resolve(item);
  } finally {
    ended?.();
  }
}

Deno.test("readAhead reads on while nobody takes, up to its limit", async () => {
  const read: number[] = [];
  const items = readAhead(counting(20), {
    limit: 5,
    clock,
    onRead: (item) => void read.push(item),
  });
  assertEquals((await items.next()).value, 1);
  await settled();
  assertEquals(read.length, 6);
  const rest = await Array.fromAsync(items);
  assertEquals([1, ...rest], Array.from({ length: 20 }, (_, index) => index + 1));
  assertEquals(read, [1, ...rest]);
});

Deno.test("readAhead lets others have their turn between items that are all at hand", async () => {
  const turns: number[] = [];
  let read = 0;
  const wait = () =>
    setImmediate(() => {
      turns.push(read);
      if (read < 1000) wait();
    });
  wait();
  const items = readAhead(counting(1000), { limit: 1000, clock, onRead: () => read++ });
  await Array.fromAsync(items);
  assertEquals(turns.length > 20, true, String(turns.length));
});

Deno.test("readAhead throws what its source throws, after the items before it", async () => {
  async function* broken() {
    yield* counting(3);
    throw new Error("no more");
  }
  const taken: number[] = [];
  await assertRejects(
    async () => {
      for await (const item of readAhead(broken(), { limit: 9, clock, onRead: () => {} })) {
        taken.push(item);
      }
    },
    Error,
    "no more",
  );
  assertEquals(taken, [1, 2, 3]);
});

Deno.test("readAhead ends its source when its taker leaves early", async () => {
  let ended = 0;
  const source = counting(1_000_000, () => ended++);
  for await (const item of readAhead(source, { limit: 3, clock, onRead: () => {} })) {
    if (item === 2) break;
  }
  assertEquals(ended, 1);
  assertEquals(
    await Array.fromAsync(readAhead(counting(0), { limit: 1, clock, onRead: () => {} })),
    [],
  );
});
